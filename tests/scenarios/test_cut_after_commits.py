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


async def test_killed_after_any_commit_before_anybody_was_told_the_story_still_ends_well(
    empty_office: Office, cut: Cut
) -> None:
    told = await tell(empty_office, cut, Side.AFTER)
    check(told)
    cut_after = told.last_before_each_cut()
    assert cut_after.keys() >= BOUNDARIES, f"cuts came only after {dict(cut_after)}"
