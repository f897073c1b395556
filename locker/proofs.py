"""Checking typed digits against the live codes of a bundle, before any decision.

The slow part (one Argon2) runs in a thread and arrives at the decision as a value; the decision checks that it still
fits. Time and answer are the same whether or not a bundle has the selector.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping, Sequence

import apsw
import msgspec

from locker import rows, slips, views
from locker.journal import Journal
from locker.messages import numbers_of
from locker.model import Cabinet
from locker.rules import slips as slip_rules
from locker.rules.pickup import Proof
from otp import sealing, throttle
from otp.codes import Typed

SECOND_DIGITS = 4


class Kept(msgspec.Struct, frozen=True):
    """What the journal keeps of a bundle: its codes' verifiers, and what tells its people: the ends of their phones and
    keyed hashes of the ends of their ID papers.
    """

    candidates: sealing.Candidates | None
    recipient: str
    people: tuple[Mapping[str, str], ...]


class Proofs:
    """Owns nothing but the memory of when each selector's second answer was last looked at in this run.

    Slips and ID papers are on record as keyed hashes: while a `former_key` is given, those under it are known as well.
    """

    def __init__(
        self,
        *,
        journal: Journal[Cabinet],
        device_key: bytes,
        uptime_ms: Callable[[], int],
        former_key: bytes | None = None,
        cost: sealing.Argon2Cost = sealing.CODE_COST,
        stretch: sealing.Stretch = sealing.argon2id,
    ) -> None:
        self._journal = journal
        self._device_key = device_key
        self._keys = (device_key,) if former_key is None else (device_key, former_key)
        self._uptime_ms = uptime_ms
        self._cost = cost
        self._stretch = stretch
        self._answered: dict[str, int] = {}

    async def prove(self, typed: Typed, *, second: str | None, paper: str | None = None) -> Proof:
        """Check a well-formed code; `second` is what was typed as the last four digits of the phone, `paper` as those
        of the ID paper, None where nothing was.

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
            second_matches=None if second is None else self._second_matches(second, kept),
            paper_matches=None if paper is None else self._paper_matches(paper, kept, kept.people),
            answered_uptime_ms=self._look(typed.selector) if second is not None else self._answered.get(typed.selector),
        )

    async def prove_slip(self, token: str, *, paper: str | None) -> slip_rules.Proof:
        """Look for the results of a scanned slip; `paper` is what was typed as the last four digits of the ID paper."""
        cabinet = self._journal.cabinet

        def find(connection: apsw.Connection) -> list[tuple[str, Kept]]:
            dossiers = self._dossiers(connection, token)
            found = [one for one in cabinet.results.values() if one.dossier in dossiers]
            return [
                (one.result, Kept(None, one.recipient, (rows.personal(connection, one.person) or {},))) for one in found
            ]

        found = await self._journal.read(find)
        matched = [paper is not None and self._paper_matches(paper, kept, kept.people) for _result, kept in found]
        return slip_rules.Proof(
            results=tuple(sorted(result for result, _kept in found)),
            has_paper=all(person.get("id_hash") for _result, kept in found for person in kept.people),
            paper_matches=None if paper is None else bool(matched) and all(matched),
        )

    def slip_people(self, connection: apsw.Connection, token: str) -> tuple[str, ...]:
        """Refs of the people of the live results a slip is for."""
        dossiers = self._dossiers(connection, token)
        found = {one.person for one in self._journal.cabinet.results.values() if one.dossier in dossiers}
        return tuple(sorted(found))

    def _dossiers(self, connection: apsw.Connection, token: str) -> frozenset[str]:
        kept = [slips.kept_of(key, token) for key in self._keys]
        return frozenset(ref for one in kept for ref in views.with_slip(connection, one))

    def _second_matches(self, typed: str, kept: Kept) -> bool:
        """The end of a phone; of the ID paper only for who has no phone."""
        digits = _digits(typed)
        ends = [number[-SECOND_DIGITS:] for person in kept.people for number in numbers_of(person)]
        matched = [hmac.compare_digest(digits.encode(), end.encode()) for end in ends]
        phoneless = tuple(person for person in kept.people if not person.get("phone"))
        return self._paper_matches(typed, kept, phoneless) or (len(digits) == SECOND_DIGITS and any(matched))

    def _paper_matches(self, typed: str, kept: Kept, people: Sequence[Mapping[str, str]]) -> bool:
        digits = _digits(typed)
        hashes = [sealing.keyed_hash(key, digits, context=kept.recipient) for key in self._keys]
        matched = [
            sealing.is_same(hashed, bytes.fromhex(person.get("id_hash", ""))) for hashed in hashes for person in people
        ]
        return len(digits) == SECOND_DIGITS and any(matched)

    def _look(self, selector: str) -> int | None:
        """When this selector's answer was looked at before; from now on it is looked at now, unless it must wait."""
        before, now = self._answered.get(selector), self._uptime_ms()
        if before is None or now - before >= throttle.PACE_MS:
            self._answered[selector] = now
        return before


def _kept(connection: apsw.Connection, cabinet: Cabinet, selector: str) -> Kept:
    bundle = next((one for one in cabinet.bundles.values() if one.selector == selector), None)
    if bundle is None:
        return Kept(candidates=None, recipient="", people=())
    live = {code.code for code in cabinet.codes_of(bundle.bundle)}
    found: list[tuple[str, bytes, bytes]] = connection.execute(
        "SELECT code, salt, verifier FROM code WHERE bundle = ? ORDER BY rowid", (bundle.bundle,)
    ).fetchall()  # type: ignore[assignment]  # a STRICT table gives these types
    kept = [(code, salt, verifier) for code, salt, verifier in found if code in live]
    salts = {salt for _code, salt, _verifier in kept}
    candidates = (
        sealing.Candidates(salt=salts.pop(), verifiers=tuple((code, verifier) for code, _salt, verifier in kept))
        if len(salts) == 1
        else None
    )
    own = [result for result in cabinet.results.values() if result.recipient == bundle.recipient]
    refs = sorted({ref for result in own for ref in (result.person, result.delegate) if ref})
    people = tuple(rows.personal(connection, ref) or {} for ref in refs)
    return Kept(candidates=candidates, recipient=bundle.recipient, people=people)


def _digits(typed: str) -> str:
    return "".join(mark for mark in typed if mark.isascii() and mark.isdigit())
