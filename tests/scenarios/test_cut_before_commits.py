from tests.scenarios.cut import Cut, Side
from tests.scenarios.cuts import check, tell
from tests.scenarios.office import Office


async def test_killed_before_any_commit_the_story_still_ends_well(empty_office: Office, cut: Cut) -> None:
    told = await tell(empty_office, cut, Side.BEFORE)
    check(told)
    assert len(told.errands) > 15
