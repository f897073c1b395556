import pytest

from tests.scenarios.cut import Cut, Side
from tests.scenarios.cuts import check, tell
from tests.scenarios.office import Office


@pytest.mark.parametrize("stride", [6, pytest.param(1, marks=pytest.mark.proof)])
async def test_killed_before_any_commit_the_story_still_ends_well(empty_office: Office, cut: Cut, stride: int) -> None:
    told = await tell(empty_office, cut, Side.BEFORE, stride=stride)
    check(told)
    assert len(told.errands) > 15 // stride
