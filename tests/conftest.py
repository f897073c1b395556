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
