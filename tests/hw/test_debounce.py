from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.debounce import Edge, fold, unsettled


def test_the_first_two_identical_reads_settle_the_initial_state() -> None:
    debounce, edges = fold(unsettled(2), (True, False))
    assert (debounce.states, edges) == (("unknown", "unknown"), ())
    debounce, edges = fold(debounce, (True, False))
    assert debounce.states == ("closed", "open")
    assert edges == (Edge(0, "unknown", "closed"), Edge(1, "unknown", "open"))


def test_a_single_differing_read_makes_no_edge() -> None:
    debounce = unsettled(1)
    for sample in (True, True, False, True, False, True):
        debounce, _ = fold(debounce, (sample,))
    assert debounce.states == ("closed",)


def test_an_inverted_input_reads_open_when_true() -> None:
    debounce = unsettled(2, inverted=(1,))
    for _ in range(2):
        debounce, edges = fold(debounce, (True, True))
    assert debounce.states == ("closed", "open")
    assert edges[1] == Edge(1, "unknown", "open")


def test_a_read_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="3 samples for 2 inputs"):
        fold(unsettled(2), (True, True, True))


@given(st.lists(st.booleans(), max_size=40))
def test_edges_alternate_and_each_is_backed_by_two_identical_reads(samples: list[bool]) -> None:
    debounce, seen = unsettled(1), []
    for number, sample in enumerate(samples):
        debounce, edges = fold(debounce, (sample,))
        for edge in edges:
            assert samples[number - 1] == sample
            seen.append((edge.was, edge.now))
    for (_, now), (was, then) in pairwise(seen):
        assert now == was != then
