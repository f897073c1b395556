"""The cabinet behind its apps, as the tests of the apps have it."""

from tests.api.conftest import (  # noqa: F401  fixtures
    be_present,
    cab,
    desk,
    draw,
    hands,
    journal,
    kiosk,
    sign_in,
    totp,
)
