"""The citizen's phone: reads what the file gateway writes, one JSON line a message."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from simulator.state import Message

KEPT = 100


class Phone:
    """Follows `outbox` from its beginning; a shorter file than last time is a new one."""

    def __init__(self, outbox: Path | None) -> None:
        self.outbox = outbox
        self.messages: list[Message] = []
        self._read_to = 0

    def read(self) -> bool:
        """Takes the whole lines that have come since the last call; True when there were any."""
        if self.outbox is None:
            return False
        try:
            size = self.outbox.stat().st_size
        except OSError:
            size = 0
        if size == self._read_to:
            return False
        if size < self._read_to:
            self._read_to = 0
            self.messages.clear()
            if not size:
                return True
        with self.outbox.open("rb") as file:
            file.seek(self._read_to)
            chunk = file.read()
        whole, newline, _ = chunk.rpartition(b"\n")
        self._read_to += len(whole) + len(newline)
        came = [message for line in whole.splitlines() if (message := _parsed(line)) is not None]
        self.messages = (self.messages + came)[-KEPT:]
        return bool(came)


def _parsed(line: bytes) -> Message | None:
    try:
        return Message.model_validate_json(line)
    except ValidationError:
        return None
