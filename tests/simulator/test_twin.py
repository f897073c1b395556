"""The deterministic twin: one seed one story, the invariants hold in it, and its judge sees what is broken."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import structlog

from locker import events as ev
from locker import wiring_check
from locker.model import Cabinet, Compartment, Grant, HandOver, Intake
from otp import throttle
from simulator.twin import yearbook
from simulator.twin.figures import LATE, WOKEN, Evening, Outcome, Story
from simulator.twin.furniture import side_by_side
from simulator.twin.judge import Judge
from simulator.twin.loop import JumpingLoop, NothingLeft
from simulator.twin.steel import Pulse, Steel
from simulator.twin.world import play

OTHER_HASHES = """
import logging, pathlib, sys, structlog
from simulator.twin.world import play
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
print(play(days=1, seed=5, folder=pathlib.Path(sys.argv[1]), mix="harsh", per_day=8.0).head)
"""


@pytest.fixture(autouse=True)
def quiet() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def told(folder: Path, *, days: int, seed: int, mix: str, per_day: float = 12.0) -> Outcome:
    folder.mkdir()
    return play(days=days, seed=seed, folder=folder, mix=mix, per_day=per_day)


def test_one_seed_gives_one_story_whatever_python_s_hashes_are(tmp_path: Path) -> None:
    first = told(tmp_path / "first", days=1, seed=5, mix="harsh", per_day=8.0)
    (tmp_path / "other").mkdir()
    other = subprocess.run(
        [sys.executable, "-c", OTHER_HASHES, str(tmp_path / "other")],
        env={**os.environ, "PYTHONHASHSEED": "12345"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert other.stdout.strip() == first.head
    assert told(tmp_path / "next", days=1, seed=6, mix="none", per_day=1.0).head != first.head


def test_days_of_a_ward_keep_the_invariants_and_refuse_nobody(tmp_path: Path) -> None:
    outcome = told(tmp_path / "ward", days=6, seed=1, mix="usual", per_day=9.0)
    assert outcome.violations == ()
    assert outcome.felt["refused with a right code"] == 0
    assert outcome.felt["handed over"] > 25
    assert outcome.felt["papers collected"] > 5
    assert outcome.happened["nights compared"] >= 4


@pytest.mark.parametrize("seed", [3])
def test_days_full_of_faults_and_power_cuts_keep_the_invariants(tmp_path: Path, seed: int) -> None:
    outcome = told(tmp_path / "ward", days=3, seed=seed, mix="harsh")
    assert outcome.violations == ()
    assert outcome.happened["power_cut"] + outcome.happened["outage"] >= 2
    assert outcome.facts["Collected"] > 5


def test_who_waits_for_nothing_is_told_so_at_once() -> None:
    async def wait() -> None:
        await asyncio.Event().wait()

    loop = JumpingLoop()
    try:
        task = loop.create_task(wait())
        with pytest.raises(NothingLeft):
            loop.run_until_complete(task)
    finally:
        task.cancel()
        loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
        loop.close()


def test_a_year_passes_at_once_and_in_order() -> None:
    passed: list[str] = []

    async def wait(seconds: float, name: str) -> None:
        await asyncio.sleep(seconds)
        passed.append(name)

    async def story() -> float:
        await asyncio.gather(wait(365 * 86400, "year"), wait(1, "second"), wait(86400, "day"))
        return asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        assert runner.run(story()) == pytest.approx(365 * 86400)
    assert passed == ["second", "day", "year"]


def test_cabinets_side_by_side_are_one_wiring_with_no_number_twice() -> None:
    wiring = side_by_side(2)
    assert list(wiring_check.problems(wiring)) == []
    assert len(wiring.by_number) == len({(one.board, one.coil) for one in wiring.compartment}) == 48
    assert len({(one.row, one.column) for one in wiring.compartment}) == 48


# --- the judge sees what is broken


class Court:
    """A judge with a cabinet that can be given any record."""

    def __init__(self) -> None:
        self.cabinet = Cabinet(run_id="r2")
        self.somebody, self.now = True, 100.0
        self.steel = Steel(side_by_side(1), heard=lambda _pulse: None)
        self.judge = Judge(
            now=lambda: self.now, state=lambda: self.cabinet, is_attended=lambda: self.somebody, steel=self.steel
        )

    @property
    def rules(self) -> list[str]:
        return [violation.split()[3].rstrip(":") for violation in self.judge.violations]

    def facts(self, *events: ev.Event) -> None:
        moment = ev.Moment(utc_ms=0, uptime_ms=0, run_id="r2")
        self.judge.committed([ev.Recorded(number, 1, moment, event) for number, event in enumerate(events)])


@pytest.fixture
async def court() -> Court:
    return Court()


def granted(run_id: str, *, is_opened: bool = False) -> Cabinet:
    grant = Grant(
        grant="g",
        compartment=1,
        purpose="collect",
        hand_over="h",
        actor="citizen",
        visit="v",
        run_id=run_id,
        issued_uptime_ms=0,
        is_opened=is_opened,
    )
    return Cabinet(run_id="r2", grants={"g": grant})


async def test_the_judge_lets_a_pulse_with_a_live_grant_and_a_person_there_pass(court: Court) -> None:
    court.cabinet = granted("r2")
    court.judge.pulse(Pulse(1, is_timed=True))
    assert court.rules == []


@pytest.mark.parametrize("cabinet", [Cabinet(run_id="r2"), granted("r1"), granted("r2", is_opened=True)])
async def test_the_judge_sees_a_pulse_without_a_live_grant_of_this_run(court: Court, cabinet: Cabinet) -> None:
    court.cabinet = cabinet
    court.judge.pulse(Pulse(1, is_timed=True))
    assert court.rules == ["I3"]


async def test_the_judge_sees_a_door_opened_for_nobody_and_a_coil_without_a_timer(court: Court) -> None:
    court.cabinet, court.somebody = granted("r2"), False
    court.judge.pulse(Pulse(1, is_timed=False))
    assert court.rules == ["I13", "I9"]


async def test_a_pulse_at_a_door_that_stands_open_opens_it_for_nobody(court: Court) -> None:
    court.cabinet, court.somebody = granted("r2"), False
    court.steel.touch(1, lambda door, at: door.force(at))
    court.judge.pulse(Pulse(1, is_timed=True))
    assert court.rules == []


@pytest.mark.parametrize(("opened_s", "rules"), [(50.0, ["I7"]), (101.0, []), (161.0, ["I7"])])
async def test_an_opening_that_a_power_cut_hid_counts_for_the_grant_after_it(
    court: Court, opened_s: float, rules: list[str]
) -> None:
    """Only one that the train of the grant before can have brought about."""
    grant = ev.GrantIssued(grant="g", compartment=1, purpose="collect", hand_over="h", actor="citizen")
    court.facts(grant)
    court.steel.touch(1, lambda door, at: door.force(at))
    court.steel.opened_at[1] = opened_s
    court.now = 200.0
    court.facts(grant)
    court.steel.touch(1, lambda door, at: door.push(at))
    court.facts(ev.Collected(hand_over="h", compartment=1, results=("r",), evidence="door_cycle"))
    assert court.rules == rules


async def test_the_judge_sees_a_booking_without_an_opening(court: Court) -> None:
    court.facts(ev.Collected(hand_over="h", compartment=1, results=("r",), evidence="door_cycle"))
    assert court.rules == ["I7"]


async def test_the_judge_sees_a_booking_while_the_door_stands_open(court: Court) -> None:
    court.facts(ev.GrantIssued(grant="g", compartment=1, purpose="collect", hand_over="h", actor="citizen"))
    court.steel.touch(1, lambda door, at: door.force(at))
    court.steel.opened_at[1] = 200.0
    court.facts(ev.Collected(hand_over="h", compartment=1, results=("r",), evidence="door_cycle"))
    assert court.rules == ["I7"]
    assert "stood open" in court.judge.violations[0]


async def test_the_judge_sees_papers_nobody_is_told_of(court: Court) -> None:
    court.steel.model.doors[1].content.append("r")
    court.judge.look(court.cabinet)
    assert court.rules == ["I2"]
    court.cabinet = Cabinet(compartments={1: Compartment(number=1, quarantine="opened_unasked")})
    court.judge.look(court.cabinet)
    assert court.rules == ["I2"]


async def test_the_judge_sees_a_record_of_papers_that_are_gone_and_a_wrong_sum(court: Court) -> None:
    one = HandOver(hand_over="h", results=("r",), recipient="k", compartment=1, stage="loaded")
    court.cabinet = Cabinet(compartments={1: Compartment(number=1, hand_over="h")}, hand_overs={"h": one})
    court.judge.look(court.cabinet)
    assert court.rules == ["I2", "I2"]


async def test_the_judge_sees_a_fact_or_a_counter_lost_over_a_power_cut(court: Court) -> None:
    court.judge.power_cut(granted("r2"), "aa")
    court.judge.came_back(Cabinet(run_id="r2"), "bb")
    assert court.rules == ["I1", "I1/I10"]


async def test_the_judge_sees_a_throttle_that_falls_back_by_a_restart(court: Court) -> None:
    court.judge.power_cut(Cabinet(run_id="r1", bucket=throttle.Bucket(level_milli=3_000)), "aa")
    court.judge.began(Cabinet(run_id="r2", bucket=throttle.Bucket(level_milli=3_000)))
    assert court.rules == []
    court.judge.began(Cabinet(run_id="r2"))
    assert court.rules == ["I10"]


async def test_the_judge_sees_a_compartment_used_again_before_anybody_looked(court: Court) -> None:
    load = ev.LoadStarted(hand_over="h", results=("r",), recipient="k", compartment=1, actor="lan")
    court.steel.opened_at[1] = 50.0
    court.facts(ev.DroppedOff(hand_over="i", compartment=1, evidence="door_cycle"), load)
    assert court.rules == ["I6"]
    court.facts(ev.IntakeCollected(hand_over="i", compartment=1, bag="", count=1, actor="lan"), load)
    assert court.rules == ["I6"]
    court.steel.model.doors[1].content.append("r2")
    court.facts(load)
    assert court.rules == ["I6", "I6"]


async def test_the_judge_sees_a_wrong_door_that_shuts_nothing_off(court: Court) -> None:
    court.facts(ev.WrongDoorOpened(grant="g", granted=1, opened=2, board="A1"))
    await asyncio.sleep(0)
    assert court.rules == ["I15"]


async def test_the_judge_sees_numbers_and_names_in_facts_and_lets_ids_pass(court: Court) -> None:
    court.judge.look_for_names(['{"hand_over":"0912345678ab","at":1790000000123}'], {"912345678", "482173905562"})
    assert court.rules == []
    court.judge.look_for_names(['{"note":"0912345678"}', '{"note":"482173905562"}', '{"n":"Nguyễn"}'], {"912345678"})
    assert court.rules == ["I11", "I11"]


async def test_the_judge_hears_once_of_papers_that_nobody_answered_in_time(court: Court) -> None:
    paper = Intake(hand_over="i", visit="v", kind="new", bag="HS-000001", promised="2026-10-08", is_collected=True)
    cabinet = Cabinet(intakes={"i": paper})
    for today in ("2026-10-07", "2026-10-08", "2026-10-09"):
        court.judge.keep_promises(cabinet, today)
    assert [story.what for story in court.judge.stories] == [LATE]


async def test_the_judge_knows_what_a_bag_is_and_who_says_so(court: Court) -> None:
    one = HandOver(hand_over="i", results=(), recipient="", compartment=1, stage="deposited", direction="intake")
    said = Intake(hand_over="i", visit="v", kind="new", bag="HS-000001", is_confirmed=True)
    court.facts(ev.Deposited(hand_over="i", compartment=1, evidence="door_cycle", is_confirmed=True))
    holding = {1: Compartment(number=1, hand_over="i")}
    court.cabinet = Cabinet(compartments=holding, hand_overs={"i": one}, intakes={"i": said})
    court.judge.look(court.cabinet)
    assert court.rules == ["I2"]
    court.steel.model.doors[1].content.append("HS-000001")
    court.judge.look(court.cabinet)
    assert court.rules == ["I2"]


def test_a_run_becomes_a_page_with_plots(tmp_path: Path) -> None:
    felt = Counter({"first visits": 200, "first visits with all papers": 199, "handed over": 199})
    evenings = tuple(
        Evening(day, Counter({what: count * day // 14 for what, count in felt.items()}), Counter(), 3, 1)
        for day in range(1, 15)
    )
    outcome = Outcome(
        violations=(),
        stories=(Story(3, "21:00:00", WOKEN, "ngan 5"), Story(4, "08:00:00", LATE)),
        felt=felt,
        happened=Counter({"power_cut": 2}),
        facts=Counter({"Collected": 199}),
        head="ab" * 32,
        messages=400,
        days=14,
        evenings=evenings,
        compartments=24,
    )
    yearbook.write(outcome, yearbook.Told(seed=1, mix="usual", per_day=27.0, took_s=3.0, revision="abc"), tmp_path)
    page = (tmp_path / yearbook.PAGE).read_text()
    assert "| left with their papers on the first visit | **99.50 %** | at least 99 % | yes |" in page
    assert "| broken time promises | **1** | 0 | no |" in page
    drawn = (tmp_path / "pictures" / yearbook.PICTURE).read_bytes()
    assert b"Compartments in use" in drawn
    yearbook.write(outcome, yearbook.Told(seed=1, mix="usual", per_day=27.0, took_s=3.0, revision="abc"), tmp_path)
    assert (tmp_path / "pictures" / yearbook.PICTURE).read_bytes() == drawn


async def test_the_judge_sees_a_fact_that_the_centre_lacks_in_the_middle(court: Court) -> None:
    court.judge.compare_lines(["a", "b", "c"], ["a", "c"])
    assert court.rules == ["I12"]
