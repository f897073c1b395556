import pytest

from tests.scenarios.cut import Cut, Side
from tests.scenarios.cuts import check, tell
from tests.scenarios.office import Office

BOUNDARIES = {
    "SignedIn",
    "PresenceProved",
    "GrantIssued",
    "DoorOpened",
    "Loaded",
    "RoundClosed",
    "NoticeQueued",
    "NoticeAttempted",
    "NoticeDelivered",
    "ReceiptConfirmed",
    "VisitEnded",
}


@pytest.mark.parametrize("stride", [6, pytest.param(1, marks=pytest.mark.proof)])
async def test_killed_after_any_commit_before_anybody_was_told_the_story_still_ends_well(
    empty_office: Office, cut: Cut, stride: int
) -> None:
    told = await tell(empty_office, cut, Side.AFTER, stride=stride)
    check(told)
    assert len(told.errands) > 15 // stride
    cut_after = told.last_before_each_cut()
    assert stride > 1 or cut_after.keys() >= BOUNDARIES, f"cuts came only after {dict(cut_after)}"
