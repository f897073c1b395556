"""When the centre is told how much room there is."""

from __future__ import annotations

from locker import events as ev
from locker.rules import room
from tests.locker.story import PLACES, Story

ALL = ev.RoomChanged(
    small=sum(place.size == "S" for place in PLACES.values()),
    medium=sum(place.size == "M" for place in PLACES.values()),
    large=sum(place.size == "L" for place in PLACES.values()),
)


def told(story: Story) -> list[ev.Event]:
    return story.then(room.due(story.cabinet, story.moment, places=PLACES))


def test_it_is_told_at_the_start_and_not_again_while_nothing_changes(story: Story) -> None:
    assert told(story) == [ALL]
    assert told(story.later(3600)) == []


def test_what_changes_is_told_at_once_and_then_every_five_minutes_at_most(story: Story) -> None:
    told(story)
    story.later(300).given(ev.CompartmentClosed(1, "lock", "lan"))
    assert told(story) == [ev.RoomChanged(small=ALL.small - 1, medium=ALL.medium, large=ALL.large)]
    story.later(299).given(ev.CompartmentClosed(2, "lock", "lan"))
    assert told(story) == []
    assert told(story.later(1)) == [ev.RoomChanged(small=ALL.small - 2, medium=ALL.medium, large=ALL.large)]


def test_what_is_held_for_somebody_or_stands_on_a_board_that_is_out_is_not_free(story: Story) -> None:
    told(story)
    story.ready()
    (fact,) = told(story.later(300))
    assert fact == ev.RoomChanged(small=ALL.small - 1, medium=ALL.medium, large=ALL.large)
    boards = {place.board for place in PLACES.values()}
    story.later(300).given(*(ev.BoardOutOfService(board=board, cause="wrong_door") for board in sorted(boards)))
    assert told(story) == [ev.RoomChanged(small=0, medium=0, large=0)]


def test_another_run_tells_a_change_without_waiting(story: Story) -> None:
    told(story)
    story.restarted().given(ev.CompartmentClosed(1, "lock", "lan"))
    assert len(told(story)) == 1
