import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp.throttle import (
    REFILL_PER_HOUR,
    Bucket,
    Gate,
    Tries,
    answered,
    fail,
    gate,
    is_empty,
    largest,
    refill,
    refill_ms,
    restart,
    wait_ms,
)

HOUR_MS = 3_600_000

# An attacker's year in steps: wait so many ms, then (perhaps) pull the plug, then try as often as let.
steps = st.lists(st.tuples(st.integers(0, 6 * HOUR_MS), st.booleans(), st.booleans(), st.integers(1, 30)), max_size=60)


def attack(plan: list[tuple[int, bool, bool, int]]) -> list[int]:
    """The real uptime at which each failure was let through, with a fresh selector for each try."""
    bucket, uptime, total = Bucket(), 0, 0
    failures = []
    for wait, cut, told, tries in plan:
        uptime += wait
        total += wait
        if cut:
            uptime = 0
            bucket = restart(bucket) if told else bucket
        for _ in range(tries):
            verdict = gate(bucket, Tries(), uptime_ms=uptime, second_matches=None)
            if verdict is Gate.EVALUATE:
                failures.append(total)
                bucket, _tries = fail(bucket, Tries(), gate=verdict, uptime_ms=uptime)
    return failures


@given(steps)
def test_failures_in_any_h_hours_of_uptime_are_at_most_20_plus_3h(
    plan: list[tuple[int, bool, bool, int]],
) -> None:
    failures = attack(plan)
    for first, start in enumerate(failures):
        for last in range(first, len(failures)):
            window_ms = failures[last] - start
            assert (last - first + 1) * HOUR_MS <= 20 * HOUR_MS + 3 * window_ms


def test_a_year_of_attack_lets_the_whole_budget_through_and_no_more() -> None:
    bucket, failures = Bucket(), 0
    for minute in range(365 * 24 * 60 + 1):
        while not is_empty(bucket, minute * 60_000):
            bucket, _ = fail(bucket, Tries(), gate=Gate.EVALUATE, uptime_ms=minute * 60_000)
            failures += 1
    assert failures == 20 + 3 * 24 * 365


@given(st.integers(0, 20_000), st.lists(st.integers(0, 899), max_size=40))
def test_restarts_before_a_thousandth_is_earned_never_refill(level: int, runs: list[int]) -> None:
    bucket = Bucket(level, 0)
    for uptime in runs:
        bucket = restart(refill(bucket, uptime))
    assert bucket.level_milli == level


@given(st.integers(0, 20_000), st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_step_back_of_the_clock_refills_nothing(level: int, anchor: int, back: int) -> None:
    now = max(0, anchor - back)
    assert refill(Bucket(level, anchor), now).level_milli == level


def test_a_new_run_earns_from_where_it_is_first_looked_at() -> None:
    assert restart(Bucket(700, 9_000)) == Bucket(700, 0)
    assert refill(Bucket(700, 9_000), 400) == Bucket(700, 400)


@given(st.integers(0, 20_000), st.integers(0, 10**7), st.integers(0, 10**7))
def test_the_wait_for_the_bucket_ends_at_the_very_instant_it_bears_a_failure(level: int, anchor: int, now: int) -> None:
    bucket = Bucket(level, anchor)
    wait = refill_ms(bucket, now)
    assert not is_empty(refill(bucket, now), now + wait)
    assert wait == 0 or is_empty(refill(bucket, now), now + wait - 1)


@given(st.integers(0, 19_999), st.lists(st.integers(0, 10_000), min_size=1, max_size=50))
def test_looking_often_earns_exactly_what_looking_once_earns(level: int, waits: list[int]) -> None:
    often = Bucket(level, 0)
    for at in range(len(waits)):
        often = refill(often, sum(waits[: at + 1]))
    assert often.level_milli == refill(Bucket(level, 0), sum(waits)).level_milli


def test_the_bucket_gains_one_failure_each_twenty_minutes() -> None:
    assert is_empty(Bucket(0, 0), HOUR_MS // 3 - 1)
    assert not is_empty(Bucket(0, 0), HOUR_MS // 3)


FULL, EMPTY = Bucket(), Bucket(0, 0)


@pytest.mark.parametrize(
    ("bucket", "tries", "second", "expected"),
    [
        (FULL, Tries(), None, Gate.EVALUATE),
        (FULL, Tries(failures=4), None, Gate.EVALUATE),
        (FULL, Tries(), False, Gate.EVALUATE),
        (FULL, Tries(failures=5), None, Gate.ASK),
        (FULL, Tries(failures=5), False, Gate.REFUSE),
        (FULL, Tries(failures=5), True, Gate.EVALUATE_CHECKED),
        (FULL, Tries(failures=5, checked_failures=2), True, Gate.EVALUATE_CHECKED),
        (FULL, Tries(failures=5, checked_failures=3), True, Gate.REFUSE),
        (FULL, Tries(failures=5, checked_failures=3), None, Gate.ASK),
        (EMPTY, Tries(), None, Gate.ASK),
        (EMPTY, Tries(), False, Gate.REFUSE),
        (EMPTY, Tries(), True, Gate.EVALUATE_CHECKED),
        (EMPTY, Tries(answered_uptime_ms=80_001), None, Gate.ASK),
        (EMPTY, Tries(answered_uptime_ms=80_001), True, Gate.WAIT),
        (EMPTY, Tries(answered_uptime_ms=80_001), False, Gate.WAIT),
        (EMPTY, Tries(answered_uptime_ms=80_000), True, Gate.EVALUATE_CHECKED),
    ],
)
def test_what_a_typed_code_is_worth(bucket: Bucket, tries: Tries, second: bool | None, expected: Gate) -> None:
    assert gate(bucket, tries, uptime_ms=100_000, second_matches=second) is expected


def test_a_plain_failure_charges_the_cabinet_and_the_bundle() -> None:
    assert fail(FULL, Tries(), gate=Gate.EVALUATE, uptime_ms=5) == (Bucket(19_000, 5), Tries(failures=1))


def test_a_failure_after_a_matching_answer_charges_the_bundle_alone() -> None:
    after = Tries(failures=5, checked_failures=1, answered_uptime_ms=7)
    assert fail(EMPTY, Tries(failures=5), gate=Gate.EVALUATE_CHECKED, uptime_ms=7) == (EMPTY, after)


@pytest.mark.parametrize("closed", [Gate.ASK, Gate.WAIT, Gate.REFUSE])
def test_nothing_is_charged_where_nothing_was_evaluated(closed: Gate) -> None:
    assert fail(FULL, Tries(failures=5), gate=closed, uptime_ms=9) == (FULL, Tries(failures=5))


def test_after_a_flood_the_owner_with_the_phone_digits_is_let_in() -> None:
    bucket = FULL
    for _ in range(1000):
        verdict = gate(bucket, Tries(), uptime_ms=60_000, second_matches=None)
        bucket, _ = fail(bucket, Tries(), gate=verdict, uptime_ms=60_000)
    assert gate(bucket, Tries(), uptime_ms=60_000, second_matches=True) is Gate.EVALUATE_CHECKED


@given(st.integers(0, 10**9), st.integers(0, 10**9))
def test_nobody_waits_more_than_twenty_seconds(answered_at: int, now: int) -> None:
    assert 0 <= wait_ms(answered(Tries(), answered_at), now) <= 20_000


def test_the_wait_begins_at_the_instant_of_the_answer() -> None:
    assert wait_ms(answered(Tries(), 500_000), 500_000) == 20_000


def test_a_restart_does_not_shorten_the_wait() -> None:
    tries = answered(Tries(), 500_000)
    assert wait_ms(tries, 0) == 20_000
    assert wait_ms(tries, 19_000) == 1_000


counters = st.builds(Tries, st.integers(0, 9), st.integers(0, 9), st.none() | st.integers(0, 10**6))


@given(counters, counters)
def test_a_recount_takes_the_larger_of_each_counter(one: Tries, other: Tries) -> None:
    both = largest(one, other)
    assert both == largest(other, one)
    assert both.failures == max(one.failures, other.failures)
    assert both.checked_failures == max(one.checked_failures, other.checked_failures)
    answers = [tries.answered_uptime_ms for tries in (one, other) if tries.answered_uptime_ms is not None]
    assert both.answered_uptime_ms == (max(answers) if answers else None)


def test_the_state_goes_through_json_unchanged() -> None:
    for state in (Bucket(1234, 5678), Tries(1, 2, 3), Tries()):
        assert msgspec.json.decode(msgspec.json.encode(state), type=type(state)) == state


def test_a_bucket_that_lacks_a_thousandth_of_a_failure_asks_for_just_that_wait() -> None:
    lacking, a_thousandth_ms = Bucket(level_milli=999, at_uptime_ms=50), HOUR_MS // REFILL_PER_HOUR // 1000
    assert [refill_ms(Bucket(level_milli=1000, at_uptime_ms=50), now) for now in (50, 60)] == [0, 0]
    assert refill_ms(lacking, 50) == a_thousandth_ms
    assert refill_ms(lacking, 50 + a_thousandth_ms - 1) == 1
    assert refill_ms(lacking, 50 + a_thousandth_ms) == 0
