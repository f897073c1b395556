"""Which locks will fail, by their last openings beside what was usual."""

from __future__ import annotations

import pytest

from locker.rules.lock_trends import Opening, Trend, trends

GOOD = [Opening(1, 300)] * 20


@pytest.mark.parametrize(
    ("history", "why"),
    [
        (GOOD, ""),
        ([*GOOD, *[Opening(1, 420)] * 10], ""),
        ([*GOOD, *[Opening(1, 600)] * 10], ""),
        ([*GOOD, *[Opening(1, 601)] * 10], "opens after 601 ms, it used to take 300"),
        ([*GOOD, *[Opening(1, 700)] * 10], "opens after 700 ms, it used to take 300"),
        ([*GOOD, Opening(2, 2500), Opening(2, 2500)], ""),
        ([*GOOD, Opening(2, 2500), Opening(0), Opening(3, 5000)], "3 of 10 openings needed more than one pulse"),
        ([*[Opening(0)] * 3, *GOOD[:10]], ""),
        ([Opening(1, 300)], ""),
        ([Opening(1, 9000)] * 10, ""),
        ([Opening(0), Opening(0), Opening(0)], "3 of 3 openings needed more than one pulse"),
    ],
)
def test_a_lock_that_tires_is_named_before_it_fails(history: list[Opening], why: str) -> None:
    (trend,) = trends({4: history})
    assert (trend.compartment, trend.will_fail) == (4, why)


def test_locks_are_told_by_number_with_their_last_ten_openings_beside_those_before() -> None:
    slow = [*[Opening(1, 200)] * 2, *[Opening(1, 400)] * 10]
    assert trends({7: slow, 2: [Opening(1, 300)]}) == (
        Trend(2, openings=1, misses=0, usual_ms=0, lately_ms=300),
        Trend(7, openings=10, misses=0, usual_ms=200, lately_ms=400),
    )


def test_what_is_usual_is_the_middle_of_openings_at_the_first_pulse_whose_time_is_known() -> None:
    history = [Opening(1, 100), Opening(1, 301), Opening(1, 5000), Opening(1), Opening(2, 9000), Opening(0, 9000)]
    (trend,) = trends({1: history})
    assert (trend.lately_ms, trend.misses) == (301, 2)
