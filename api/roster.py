"""Everybody who works here: those of the configuration, and those whom a leader enrolled at the desk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import apsw
import msgspec
import structlog

from api import enrolment
from locker.config import StaffEntry
from locker.events import Decision, PutPersonal
from locker.journal import Journal
from locker.model import Cabinet
from locker.rules.enrolment import KIND
from otp.errors import SealBrokenError

log = structlog.get_logger()


class Roster:
    """Who works here by user name, with how they sign in; read again when a fact changed who is enrolled.

    A row that was erased, or that another device key sealed, leaves what the configuration says.
    """

    def __init__(self, *, journal: Journal[Cabinet], configured: Sequence[StaffEntry], device_key: bytes) -> None:
        self._journal = journal
        self._configured = {entry.user: entry for entry in configured}
        self._device_key = device_key
        self._records: frozenset[str] = frozenset()
        self._entries: Mapping[str, StaffEntry] = self._configured

    @property
    def configured(self) -> frozenset[str]:
        """Users of the configuration."""
        return frozenset(self._configured)

    async def reseal(self, former_key: bytes) -> int:
        """Seal under the present device key what was sealed under the former one; how many members that were."""
        kept = await self._journal.read(_rows)
        taken = [(ref, entry) for ref, body in kept if (entry := _opened(ref, body, former_key)) is not None]
        rows = tuple(
            PutPersonal(ref=ref, kind=KIND, body=enrolment.as_kept(entry, ref, device_key=self._device_key))
            for ref, entry in taken
        )
        if rows:
            await self._journal.record(lambda *_: Decision(rows=rows))
            self._records = frozenset()
        return len(rows)

    async def current(self) -> Mapping[str, StaffEntry]:
        """Everybody, as of now."""
        records = frozenset(one.record for one in self._journal.cabinet.staff.values() if one.record)
        if records != self._records:
            kept = await self._journal.read(_rows)
            enrolled = [self._entry(ref, body) for ref, body in kept if ref in records]
            self._entries = {**self._configured, **{entry.user: entry for entry in enrolled if entry is not None}}
            self._records = records
        return self._entries

    def entry(self, user: str) -> StaffEntry | None:
        """One of them, as last read."""
        return self._entries.get(user)

    def name_of(self, user: str) -> str:
        """The name of a member, as last read; the user name of one who is not known."""
        entry = self._entries.get(user)
        return user if entry is None else entry.name

    def _entry(self, ref: str, body: dict[str, str]) -> StaffEntry | None:
        entry = _opened(ref, body, self._device_key)
        if entry is None:
            log.warning("staff-record-unreadable", do="another device key sealed it; renew that member's second factor")
        return entry


def _opened(ref: str, body: dict[str, str], key: bytes) -> StaffEntry | None:
    """The entry of a row that this key sealed."""
    try:
        return enrolment.from_kept(body, ref, device_key=key)
    except SealBrokenError:
        return None


def _rows(connection: apsw.Connection) -> list[tuple[str, dict[str, str]]]:
    rows: Any = connection.execute("SELECT ref, body FROM personal WHERE kind = ?", (KIND,))
    return [(ref, msgspec.json.decode(body, type=dict[str, str])) for ref, body in rows]
