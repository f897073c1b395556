"""The gateway of the demo: one JSON line per message in `outbox.jsonl`, on disk before `send` returns.

It writes codes in clear: `capabilities.is_insecure` is True and the composition root refuses it unless the
configuration accepts that.
"""

import asyncio
import errno
import json
import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from otp.errors import GatewayUnreachable, ReferenceReused
from otp.gateway import Capabilities, DeliveryState, DeliveryStatus, Outgoing, Sent

OUTBOX: Final = "outbox.jsonl"


class FileGateway:
    """Owns one outbox file. Lines are {id, reference, recipient, text, template, at}."""

    name = "file"
    capabilities = Capabilities(
        is_idempotent=True, has_delivery_reports=False, needs_templates=False, max_length=1600, is_insecure=True
    )

    def __init__(self, *, directory: Path, utc: Callable[[], float]) -> None:
        """`utc` gives seconds since 1970. Nothing is opened before the first message."""
        self._path = directory / OUTBOX
        self._utc = utc
        # Held in the worker thread: a cancelled caller leaves its write running.
        self._turn = threading.Lock()

    async def send(self, message: Outgoing) -> Sent:
        """Append the message once per reference. Raises GatewayUnreachable (disk), ReferenceReused."""
        return await asyncio.to_thread(self._append, message)

    async def status(self, provider_id: str) -> DeliveryStatus:  # noqa: ARG002 - what is written is delivered
        """Always delivered."""
        return DeliveryStatus(DeliveryState.DELIVERED)

    async def find(self, message: Outgoing, *, since_utc_ms: int | None) -> Sent | None:  # noqa: ARG002 - by reference
        """The line of this reference, if it was written. Raises GatewayUnreachable."""
        entry = await asyncio.to_thread(self._read, message.reference)
        return Sent(entry["id"]) if entry else None

    async def erase(self, provider_id: str) -> None:
        """The outbox is the record of a desk; it stays."""

    async def close(self) -> None:
        """Nothing is kept open."""

    def _read(self, reference: str) -> dict[str, Any] | None:
        try:
            lines = self._path.read_bytes().splitlines()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise GatewayUnreachable(f"cannot read the outbox ({error.strerror}); mend {self._path}") from error
        for line in reversed(lines):
            try:
                entry = json.loads(line)
            except ValueError:
                # The line a power cut tore was never confirmed.
                continue
            if isinstance(entry, dict) and entry.get("reference") == reference:
                return entry
        return None

    def _append(self, message: Outgoing) -> Sent:
        with self._turn:
            return self._append_once(message)

    def _append_once(self, message: Outgoing) -> Sent:
        earlier = self._read(message.reference)
        if earlier is not None:
            if (earlier["recipient"], earlier["text"]) != (message.recipient, message.text):
                raise ReferenceReused("another message has this reference; give each message its own")
            return Sent(earlier["id"])
        entry = {
            "id": f"file-{message.reference}",
            "reference": message.reference,
            "recipient": message.recipient,
            "text": message.text,
            "template": message.provider_template,
            "at": datetime.fromtimestamp(self._utc(), UTC).isoformat(timespec="milliseconds"),
        }
        try:
            self._write(json.dumps(entry, ensure_ascii=False).encode())
        except OSError as error:
            raise GatewayUnreachable(f"cannot write the outbox ({error.strerror}); mend {self._path}") from error
        return Sent(entry["id"] or "")

    def _write(self, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(descriptor).st_size
            is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            whole = (b"\n" if is_torn else b"") + line + b"\n"
            if os.write(descriptor, whole) != len(whole):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        directory = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
