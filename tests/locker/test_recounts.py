"""What the facts of another line tell about what stands before us now."""

import pytest

from locker import events as ev
from tests.locker.story import Story

ENDS = (
    ev.Collected(hand_over="h1", compartment=1, results=("r1",), evidence="door_cycle"),
    ev.Reclaimed(hand_over="h1", compartment=1, results=("r1",), actor="minh"),
)


@pytest.mark.parametrize("end", ENDS, ids=lambda end: type(end).__name__)
def test_what_a_clerk_found_gone_is_not_missing_once_it_is_known_who_took_it(story: Story, end: ev.Event) -> None:
    story.ready()
    story.given(
        ev.RecountStarted(epoch=2, cause="restored", forked_at=story.cabinet.seq),
        ev.LookedInside(compartment=1, found="empty", actor="lan"),
        ev.Settled(hand_over="h1", compartment=1, outcome="gone", evidence="clerk", actor="lan"),
    )
    assert story.incidents() == ["recount", "missing"]
    story.given(ev.FactMerged(epoch=1, cab_seq=99, utc_ms=1, fact=ev.encode(end)))
    assert story.incidents() == ["recount"]
