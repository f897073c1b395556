"""The rules against a cabinet of steel that knows what really lies where.

Citizens, clerks, the centre, locks, sensors, power and time act at random; a small worker does with grants and edges
what the real one does. After every fact the world checks what may never break. `make explore` runs a million steps.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.locker.invariants.stories import Stories

IS_LONG = settings.get_current_profile_name() == "explore"

TestInvariants = Stories.TestCase
TestInvariants.settings = settings(
    max_examples=10_000 if IS_LONG else 120,
    stateful_step_count=100 if IS_LONG else 30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@pytest.fixture(autouse=True, scope="module")
def steps() -> Iterator[None]:
    yield
    if IS_LONG:
        print(f"\n{Stories.steps} steps")  # noqa: T201  said once, at the end of a long run
