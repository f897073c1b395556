"""Settings that hold for every test."""

from hypothesis import settings

settings.register_profile("explore", max_examples=2000, deadline=None, print_blob=True)
