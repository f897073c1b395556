"""A cabinet and its centre with a line between them that does whatever a seed says; `make proof` plays 20,000."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from bench.proof import counted, machine, network, schedules
from bench.proof.line import Hub, Tale
from bench.proof.table import ROOT

SEEDS = range(7)
MADE_IN_A_RECOUNT = (2089, 14589, 19411)
"""In these the cabinet comes back on such a copy."""
AGAIN = "import sys; from tests.guards.test_schedules import digests; print(*digests(map(int, sys.argv[1:])))"


@pytest.fixture(scope="module")
def tales() -> list[Tale]:
    """Of some schedules with one centre, in memory where there is one: what a disk loses is another proof's matter."""
    machine.quiet()
    hub = Hub()
    try:
        with tempfile.TemporaryDirectory(dir=machine.memory()) as folder:
            return [schedules.play(seed, Path(folder), hub) for seed in SEEDS]
    finally:
        hub.close()
        structlog.reset_defaults()


def digests(seeds: Iterable[int]) -> list[str]:
    """Of these schedules, each with a centre of its own."""
    machine.quiet()
    found = []
    for seed in seeds:
        hub = Hub()
        with tempfile.TemporaryDirectory(dir=machine.memory()) as folder:
            found.append(schedules.play(seed, Path(folder), hub).digest)
        hub.close()
    return found


def test_no_fact_or_wish_is_lost_doubled_or_misordered_on_a_bad_line(tales: list[Tale]) -> None:
    met: Counter[str] = Counter()
    for tale in tales:
        assert not tale.wrong, network.story(tale)
        met += tale.met
    assert {"drop", "cut", "twice", "late copy", "hub", "same"} <= set(met)
    assert met["restored"] + met["old card"] + met["nothing"] > 0


def test_a_copy_made_in_the_middle_of_a_recount_merges_nothing_twice_when_it_comes_back() -> None:
    machine.quiet()
    hub = Hub()
    with tempfile.TemporaryDirectory(dir=machine.memory()) as folder:
        found = [schedules.play(seed, Path(folder), hub) for seed in MADE_IN_A_RECOUNT]
    hub.close()
    assert [tale.wrong for tale in found] == [[] for _ in MADE_IN_A_RECOUNT]


def test_one_seed_gives_one_tale_in_any_process_and_any_company(tales: list[Tale]) -> None:
    env = {**os.environ, "PYTHONHASHSEED": "7"}
    words = [sys.executable, "-c", AGAIN, "5", "3"]
    there = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert there.stdout.split() == [tales[5].digest, tales[3].digest]
    assert len({tale.digest for tale in tales}) == len(tales)


def test_a_schedule_that_goes_wrong_is_told_as_a_story(tales: list[Tale]) -> None:
    tale = replace(tales[1], wrong=["facts lost [3]"])
    told = network.story(tale).split("\n    ")
    assert told[:2] == ["seed 1: facts lost [3]", "again: python -m bench.proof --only network --schedules 1 --seed 1"]
    assert any("the cabinet records" in line for line in told)
    assert any("the centre wishes" in line for line in told)


LINE: list[dict[str, Any]] = [
    {"cab_seq": 1, "hash": "a", "type": "DoorClosed", "body": {"hand_over": "m1"}},
    {"cab_seq": 2, "hash": "b", "type": "DoorClosed", "body": {"hand_over": "m2"}},
    {"cab_seq": 3, "hash": "c", "type": "ResultQueued", "body": {"wish": 1}},
    {"cab_seq": 4, "hash": "d", "type": "ResultCancelled", "body": {"wish": 2}},
]
for one in LINE:
    one["epoch"] = 1


@pytest.mark.parametrize(
    ("order", "wrong"),
    [
        ((0, 1, 2, 3), []),
        ((1, 0, 2, 3), ["the line has a gap", "facts of one card out of order [2, 1]"]),
        ((0, 2, 3), ["the line has a gap", "facts lost [2]"]),
        ((0, 1, 1, 2, 3), ["the line has a gap", "facts doubled [2]"]),
        ((0, 1, 3, 2), ["the line has a gap", "wishes out of order [2, 1]"]),
        ((0, 1, 2), ["wishes answered [1] of 2"]),
        ((0, 1, 2, 3, 3), ["the line has a gap", "wishes answered [1, 2, 2] of 2"]),
    ],
)
def test_the_count_finds_what_is_lost_doubled_or_misordered(order: tuple[int, ...], wrong: list[str]) -> None:
    there = [LINE[at] for at in order]
    marks = counted.Marks(recorded={1: "1", 2: "1"})
    assert [*counted.judge(here=[one["hash"] for one in there], there=there, marks=marks, wishes=2)] == wrong


def line_of(*answers: tuple[int, int]) -> list[dict[str, Any]]:
    """A line of answers to wish 1: the epoch of the line's own fact, and that in which it was recorded first."""
    own = {"type": "ResultQueued", "body": {"wish": 1}}
    line = []
    for number, (epoch, first) in enumerate(answers, 1):
        body = {"epoch": first, "cab_seq": number, "utc_ms": 0, "fact": '{"type": "ResultQueued", "wish": 1}'}
        fact = own if epoch == first else {"type": "FactMerged", "body": body}
        line.append({"cab_seq": number, "hash": str(number), "epoch": epoch, **fact})
    return line


@pytest.mark.parametrize(
    ("answers", "is_right"),
    [
        ([(1, 1)], True),
        ([(1, 1), (3, 2)], True),  # by a card that died untold and came back, and by the one in between
        ([(1, 1), (3, 1)], False),  # the same card's answer, merged on top of itself
        ([(1, 1), (3, 3)], False),  # carried out once more
        ([(3, 1), (3, 3)], False),  # carried out although its answer was merged
        ([(3, 2), (3, 2)], False),
    ],
)
def test_two_answers_to_a_wish_are_right_only_of_two_cards_that_knew_nothing_of_each_other(
    answers: list[tuple[int, int]], is_right: bool
) -> None:
    there = line_of(*answers)
    wrong = counted.judge(here=[one["hash"] for one in there], there=there, marks=counted.Marks(), wishes=1)
    assert ([*wrong] == []) == is_right


def test_blocks_that_were_played_at_this_revision_are_not_played_again(tmp_path: Path) -> None:
    path = tmp_path / "network-1a2b.jsonl"
    network.Kept(path).keep(network.Block(1, 50, facts=9, met=Counter(drop=2)))
    network.Kept(path).keep(network.Block(51, 50, wrong=["seed 51: facts lost [3]"]))
    assert network.Kept(path).blocks == {(1, 50): network.Block(1, 50, facts=9, met=Counter(drop=2))}
    changed = tmp_path / "network-1a2b+.jsonl"
    network.Kept(changed).keep(network.Block(1, 50))
    assert network.Kept(changed).blocks == {}
