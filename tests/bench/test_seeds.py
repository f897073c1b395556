"""Seeds of the twin: what goes wrong is told shortly, what was played is not played again."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from bench.proof import seeds, shrinking
from bench.proof.seeds import Told

SEED = 1
"""Its first day has a vandal."""


def test_a_story_that_goes_wrong_is_made_short_and_told_in_words() -> None:
    short = shrinking.shrink(
        SEED, mix="harsh", per_day=3.0, days=2, is_wrong=lambda outcome: outcome.happened["vandal"] > 0
    )
    assert short is not None
    assert (short.days, short.kinds) == (1, ("vandal",))
    first, *rest = short.in_words()
    assert first == "it takes 1 days and vandal"
    assert rest
    assert all(line.startswith("day 0 ") and line.endswith(" vandal") for line in rest)


def test_what_never_goes_wrong_has_no_short_story() -> None:
    assert shrinking.shrink(SEED, mix="none", per_day=3.0, days=1, is_wrong=lambda _: False) is None


def told(seed: int) -> Told:
    return Told(seed, 1000 + seed, [], Counter(vandal=seed), Counter({"Loaded none": 7}))


def test_seeds_that_were_played_are_read_again_in_their_order_and_only_for_the_same_code(tmp_path: Path) -> None:
    played = tmp_path / "played.jsonl"
    assert [one.seed for one in seeds.keep(map(told, (2, 1, 3, 5)), 1, played, "code")] == [2, 1, 3, 5]
    assert seeds.played_before(played, "code", range(1, 10)) == [told(1), told(2), told(3)]
    assert seeds.played_before(played, "code", range(2, 3)) == [told(2)]
    assert seeds.played_before(played, "other code", range(1, 10)) == []


def test_the_page_of_what_met_what_has_a_row_for_each_fact_and_a_column_for_each_fault() -> None:
    page = seeds.page_of(Counter({"Loaded none": 7, "Loaded jammed": 2, "DoorOpened weak": 1}), seeds=3)
    heading, _, opened, loaded = (line for line in page.splitlines() if line.startswith("|"))
    faults = [cell.strip() for cell in heading.strip("|").split("|")]
    assert dict(zip(faults, (cell.strip() for cell in loaded.strip("|").split("|")), strict=True)) == {
        "fact": "Loaded",
        **dict.fromkeys(faults[1:], ""),
        "none": "7",
        "jammed": "2",
    }
    assert opened.startswith("| DoorOpened |")
