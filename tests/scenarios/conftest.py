from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenarios.cut import Cut, build
from tests.scenarios.office import Office, held_office


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("cut"))


@pytest.fixture
def cut(library: Path, tmp_path: Path) -> Cut:
    return Cut(library, tmp_path / "orders")


@pytest.fixture
async def empty_office(tmp_path: Path) -> AsyncIterator[Office]:
    """An office where nothing runs yet."""
    async with held_office(tmp_path / "desk") as office:
        yield office


@pytest.fixture
async def office(empty_office: Office) -> Office:
    """An open office: everything runs, the clerk stands at the cabinet."""
    await empty_office.open()
    return empty_office
