"""The deterministic twin: one seed one story, the invariants hold in it, and its judge sees what is broken."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from locker import events as ev
from locker.config import load_wiring
from locker.model import Cabinet, Compartment, Grant, HandOver
from otp import throttle
from simulator.twin.figures import Outcome
from simulator.twin.judge import Judge
from simulator.twin.loop import JumpingLoop, NothingLeft
from simulator.twin.steel import Pulse, Steel
from simulator.twin.world import WIRING, play

OTHER_HASHES = """
import logging, pathlib, sys, structlog
from simulator.twin.world import play
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
print(play(days=1, seed=5, folder=pathlib.Path(sys.argv[1]), mix="harsh", per_day=12.0).head)
"""


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


def told(folder: Path, *, days: int, seed: int, mix: str, per_day: float = 12.0) -> Outcome:
    folder.mkdir()
    return play(days=days, seed=seed, folder=folder, mix=mix, per_day=per_day)


def test_one_seed_gives_one_story_whatever_python_s_hashes_are(tmp_path: Path) -> None:
    first = told(tmp_path / "first", days=1, seed=5, mix="harsh")
    again = told(tmp_path / "again", days=1, seed=5, mix="harsh")
    assert first == again
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
    assert told(tmp_path / "next", days=1, seed=6, mix="none", per_day=3.0).head != first.head


def test_ten_days_of_a_ward_keep_the_invariants_and_refuse_nobody(tmp_path: Path) -> None:
    outcome = told(tmp_path / "ward", days=8, seed=1, mix="usual", per_day=10.0)
    assert outcome.violations == ()
    assert outcome.felt["refused with a right code"] == 0
    assert outcome.felt["handed over"] > 40
    assert outcome.felt["papers collected"] > 5
    assert outcome.happened["nights compared"] >= 6


@pytest.mark.parametrize("seed", [3, 21])
def test_days_full_of_faults_and_power_cuts_keep_the_invariants(tmp_path: Path, seed: int) -> None:
    outcome = told(tmp_path / "ward", days=3, seed=seed, mix="harsh")
    assert outcome.violations == ()
    assert outcome.happened["power_cut"] + outcome.happened["outage"] >= 3
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


# --- the judge sees what is broken


class Court:
    """A judge with a cabinet that can be given any record."""

    def __init__(self) -> None:
        self.cabinet = Cabinet(run_id="r2")
        self.somebody = True
        self.steel = Steel(load_wiring(WIRING), heard=lambda _pulse: None)
        self.judge = Judge(
            now=lambda: 100.0, state=lambda: self.cabinet, is_attended=lambda: self.somebody, steel=self.steel
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


async def test_the_judge_sees_a_fact_that_the_centre_lacks_in_the_middle(court: Court) -> None:
    court.judge.compare_lines(["a", "b", "c"], ["a", "c"])
    assert court.rules == ["I12"]
