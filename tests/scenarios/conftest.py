import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from simulator.children import held
from tests.scenarios.cut import Cut, build
from tests.scenarios.office import Office, found


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("cut"))


@pytest.fixture
def cut(library: Path, tmp_path: Path) -> Cut:
    return Cut(library, tmp_path / "orders")


@pytest.fixture
async def empty_office(tmp_path: Path) -> AsyncIterator[Office]:
    """An office where nothing runs yet."""
    desk, staff = found(tmp_path / "desk")
    async with held(desk.logs) as children, AsyncExitStack() as stack:
        office = Office(desk=desk, children=children, stack=stack, staff=staff)
        await office.introduce()
        yield office
        await asyncio.gather(*(office.kill(part) for part in tuple(office.parts)))


@pytest.fixture
async def office(empty_office: Office) -> Office:
    """An open office: everything runs, the clerk stands at the cabinet."""
    await empty_office.open()
    return empty_office
