from typing import Any

import pytest

from hub import reading
from hub.reading import Answered, Marked, Moved

MOVED = {"hand_over": "h-1", "compartment": 3, "results": ["res-1", "res-2"], "evidence": "door_cycle"}


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("ResultQueued", {"wish": 4, "result": "res-1"}, (Answered(4, "done"), Moved(("res-1",), "queued"))),
        ("ResultQueued", {"wish_seq": 4, "result": "res-1"}, (Answered(4, "done"), Moved(("res-1",), "queued"))),
        ("ResultAmended", {"wish": 5, "result": "res-1"}, (Answered(5, "done"),)),
        ("ResultCancelled", {"wish": 6, "result": "r"}, (Answered(6, "done"), Moved(("r",), "cancelled"))),
        ("CancelConflicted", {"wish": 6, "found": "collected"}, (Answered(6, "conflict", "collected"),)),
        ("WishRefused", {"wish": 7, "reason": "unknown-kind"}, (Answered(7, "refused", "unknown-kind"),)),
        ("WishDone", {"wish": 7}, (Answered(7, "done"),)),
        ("Loaded", MOVED, (Moved(("res-1", "res-2"), "in_cabinet", 3, "h-1", "door_cycle"),)),
        ("LoadUndone", MOVED, (Moved(("res-1", "res-2"), "queued", 3, "h-1", "door_cycle"),)),
        ("Collected", MOVED, (Moved(("res-1", "res-2"), "collected", 3, "h-1", "door_cycle"),)),
        (
            "Reclaimed",
            {"hand_over": "h", "compartment": 1, "results": ["r"], "actor": "a"},
            (Moved(("r",), "reclaimed", 1, "h"),),
        ),
        (
            "Moved",
            {"hand_over": "h", "source": 1, "target": 4, "results": ["r"], "evidence": "door_cycle", "is_low": True},
            (Moved(("r",), "in_cabinet", 4, "h", "door_cycle"),),
        ),
        ("MoveStalled", {"hand_over": "h", "source": 1, "target": 4}, (Marked("h", "uncertain"),)),
        ("HandedAtCounter", {"result": "r", "actor": "a"}, (Moved(("r",), "handed_out"),)),
        ("Posted", {"result": "r", "actor": "a"}, (Moved(("r",), "posted"),)),
        ("Disputed", {"hand_over": "h-1", "kind": "empty"}, (Marked("h-1", "disputed"),)),
        ("LeftOpen", {"hand_over": "h-1", "compartment": 2}, (Marked("h-1", "uncertain"),)),
        ("Settled", {"hand_over": "h-1", "outcome": "gone"}, (Marked("h-1", "gone"),)),
        ("Settled", {"hand_over": "h-1", "newer": 1}, (Marked("h-1", "settled"),)),
        ("DoorOpened", {}, None),
        ("SomethingOfNextYear", {"results": 1}, None),
    ],
)
def test_a_fact_says_where_results_are_and_what_became_of_wishes(
    kind: str, body: dict[str, Any], said: tuple[reading.Reading, ...] | None
) -> None:
    assert reading.read(kind, body) == said


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("ResultQueued", {}),
        ("ResultQueued", {"wish": True, "result": "r"}),
        ("ResultQueued", {"wish": 1, "result": "\n"}),
        ("Loaded", {**MOVED, "results": []}),
        ("Loaded", {**MOVED, "results": [1]}),
        ("Loaded", {**MOVED, "compartment": 10**9}),
        ("Loaded", {**MOVED, "compartment": "3"}),
        ("Loaded", {**MOVED, "hand_over": "x" * 999}),
        ("Disputed", {"hand_over": None}),
    ],
)
def test_a_known_type_whose_fields_do_not_fit_is_unreadable(kind: str, body: dict[str, Any]) -> None:
    with pytest.raises(reading.UnreadableError):
        reading.read(kind, body)
