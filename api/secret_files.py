"""Secrets that lie in files of their own."""

from pathlib import Path


class CannotStartError(Exception):
    """One sentence that says what to do."""


def secret_of(path: Path | None) -> str | None:
    """What stands in a file, stripped; None for no file. Raises CannotStartError when it cannot be read."""
    if path is None:
        return None
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise CannotStartError(f"{path} cannot be read ({error.strerror}); correct the path or its rights") from error
