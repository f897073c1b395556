"""Settings that hold for every test."""

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

settings.register_profile("explore", max_examples=2000, deadline=None, print_blob=True)


@pytest.fixture(autouse=True)
def logs_as_they_begin() -> Iterator[None]:
    """A command that sets the level of its process's logs sets it for its own test alone."""
    yield
    structlog.reset_defaults()


LONG = ("scenarios", "pages", "guards")
"""Folders whose files take longest, each told to one worker: they begin first, so that no worker ends alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def rank(item: pytest.Item) -> int:
        folder = item.path.parent.name
        return LONG.index(folder) if folder in LONG else len(LONG)

    items.sort(key=rank)
