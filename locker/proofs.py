"""Checking typed digits against the live codes of a bundle, before any decision.

The slow part (one Argon2) runs in a thread and arrives at the decision as a value; the decision checks that it still
fits. Time and answer are the same whether or not a bundle has the selector.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable

import apsw
import msgspec

from locker.journal import Journal
from locker.model import Cabinet
from locker.rules.pickup import Proof
from otp import sealing, throttle
from otp.codes import Typed

SECOND_DIGITS = 4


class Kept(msgspec.Struct, frozen=True):
    """What the journal keeps of a bundle: its codes' verifiers, and the phones (or ID ends) of its people."""

    candidates: sealing.Candidates | None
    phones: tuple[str, ...]


class Proofs:
    """Owns nothing but the memory of when each selector's second answer was last looked at in this run."""

    def __init__(
        self,
        *,
        journal: Journal[Cabinet],
        device_key: bytes,
        uptime_ms: Callable[[], int],
        cost: sealing.Argon2Cost = sealing.CODE_COST,
        stretch: sealing.Stretch = sealing.argon2id,
    ) -> None:
        self._journal = journal
        self._device_key = device_key
        self._uptime_ms = uptime_ms
        self._cost = cost
        self._stretch = stretch
        self._answered: dict[str, int] = {}

    async def prove(self, typed: Typed, *, second: str | None) -> Proof:
        """Check a well-formed code; `second` is what was typed as last four digits of the phone, if anything.

        Raises JournalClosed and the like; a wrong code is no error but a Proof without `code`.
        """
        cabinet = self._journal.cabinet
        kept = await self._journal.read(lambda connection: _kept(connection, cabinet, typed.selector))
        code = await asyncio.to_thread(
            sealing.prove,
            self._device_key,
            typed.secret,
            kept.candidates,
            cost=self._cost,
            stretch=self._stretch,
        )
        return Proof(
            selector=typed.selector,
            code=code or "",
            second_matches=None if second is None else _matches(second, kept.phones),
            answered_uptime_ms=self._look(typed.selector) if second is not None else self._answered.get(typed.selector),
        )

    def _look(self, selector: str) -> int | None:
        """When this selector's answer was looked at before; from now on it is looked at now, unless it must wait."""
        before, now = self._answered.get(selector), self._uptime_ms()
        if before is None or now - before >= throttle.PACE_MS:
            self._answered[selector] = now
        return before


def _kept(connection: apsw.Connection, cabinet: Cabinet, selector: str) -> Kept:
    bundle = next((one for one in cabinet.bundles.values() if one.selector == selector), None)
    if bundle is None:
        return Kept(candidates=None, phones=())
    live = {code.code for code in cabinet.codes_of(bundle.bundle)}
    rows: list[tuple[str, bytes, bytes]] = connection.execute(
        "SELECT code, salt, verifier FROM code WHERE bundle = ? ORDER BY rowid", (bundle.bundle,)
    ).fetchall()  # type: ignore[assignment]  # a STRICT table gives these types
    salts = {salt for _code, salt, _verifier in rows}
    candidates = (
        sealing.Candidates(
            salt=salts.pop(), verifiers=tuple((code, verifier) for code, _salt, verifier in rows if code in live)
        )
        if len(salts) == 1
        else None
    )
    refs = sorted({result.person for result in cabinet.results.values() if result.recipient == bundle.recipient})
    return Kept(candidates=candidates, phones=tuple(_ends(connection, refs)))


def _ends(connection: apsw.Connection, refs: list[str]) -> list[str]:
    found = []
    for ref in refs:
        body = connection.execute("SELECT body FROM personal WHERE ref = ?", (ref,)).get
        person = msgspec.json.decode(body, type=dict[str, str]) if body else {}
        end = person.get("phone", "")[-SECOND_DIGITS:] or person.get("id_last4", "")
        if end:
            found.append(end)
    return found


def _matches(typed: str, ends: tuple[str, ...]) -> bool:
    digits = "".join(mark for mark in typed if mark.isascii() and mark.isdigit())
    matched = [hmac.compare_digest(digits.encode(), end.encode()) for end in ends]
    return len(digits) == SECOND_DIGITS and any(matched)
