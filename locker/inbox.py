"""Wishes of the centre, pulled or pushed, through one inbox: read, translated, executed strictly in order.

Personal data of a wish go into erasable rows under refs made from the result's opaque id; the fact names only the refs.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Collection

import apsw
import msgspec
from pydantic import ValidationError

from locker import dossier_code, rows, views, wire
from locker import events as ev
from locker.journal import Journal
from locker.model import Cabinet
from locker.refusals import DoorStandsOpen
from locker.rules import results
from otp import phones, sealing


class Inbox:
    """Executes wishes on the journal. `procedures` are the codes of procedures whose results may be handed out here."""

    def __init__(self, *, journal: Journal[Cabinet], device_key: bytes, procedures: Collection[str]) -> None:
        self._journal = journal
        self._digest_key = sealing.derive(device_key, "wish digests")
        self._procedures = frozenset(procedures)

    async def take(self, wish: wire.Wish) -> int:
        """Execute one wish and return the number executed last; a repeat with the same content changes nothing.

        Raises OutOfOrder (with the number expected), ContradictsEarlier, and DoorStandsOpen while a door keeps it
        waiting.
        """
        digest = hmac.digest(
            self._digest_key,
            wire.canonical({"id": wish.wish_id, "kind": wish.kind, "body": wish.body}),
            hashlib.sha256,
        )
        put = ev.PutWish(wish_seq=wish.wish_seq, wish_id=wish.wish_id, digest=digest)
        person = await self._journal.read(lambda connection: _person_of(connection, self._journal.cabinet, wish))
        request = translate(wish, put, person=person, procedures=self._procedures)
        await self._journal.record(
            lambda cabinet, known, _moment: results.take(cabinet, known, request),
            known=lambda connection: _known(connection, put, request),
        )
        return self._journal.cabinet.wish_seq

    async def take_when_closed(self, wish: wire.Wish) -> int:
        """`take`, waiting as long as an open door keeps the wish waiting."""
        while True:
            seq = self._journal.cabinet.seq
            try:
                return await self.take(wish)
            except DoorStandsOpen:
                await self._journal.changed(seq)


def translate(
    wish: wire.Wish, put: ev.PutWish, *, person: dict[str, str] | None, procedures: Collection[str]
) -> results.Wish:
    """The wish as a request to the rules. `person` is the present personal row of an amended result, if there is
    one.
    """
    try:
        body = wish.read_body()
    except wire.UnknownWishError:
        return results.Unreadable(wish=put, reason="unknown-kind")
    except ValidationError:
        return results.Unreadable(wish=put, reason="invalid-request")
    match body:
        case wire.AnnounceResult():
            return _announce(body, put, procedures)
        case wire.AmendResult():
            return _amend(body, put, person or {})
        case wire.CancelResult():
            return results.Cancel(wish=put, result=body.result_id)


def _announce(body: wire.AnnounceResult, put: ev.PutWish, procedures: Collection[str]) -> results.Announce:
    code = dossier_code.normalise(body.dossier_code)
    phone = phones.parse_phone(body.recipient.phone or "")
    flags = []
    if not phone.takes_messages:
        flags.append("no_mobile_phone")
    if not dossier_code.is_known_shape(code):
        flags.append("dossier_unknown_shape")
    queued = ev.ResultQueued(
        wish=put.wish_seq,
        result=body.result_id,
        recipient=body.recipient.key,
        person=f"p-{body.result_id}-{put.wish_seq}",
        dossier=f"d-{body.result_id}",
        items=tuple(ev.Item(item=item.item_id) for item in body.items),
        size=body.size,
        reach=body.reach,
        language=body.recipient.language,
        deadline=body.deadline.isoformat(),
        state=body.state,
        consent=body.consent,
        fee=body.fee,
        by_post=body.by_post,
        procedure_allowed=body.procedure_code in procedures,
        flags=tuple(flags),
    )
    return results.Announce(wish=put, queued=queued, rows=announced_rows(body, queued))


def announced_rows(body: wire.AnnounceResult, queued: ev.ResultQueued) -> tuple[ev.Row, ...]:
    """The personal rows of an announced result, under the refs its fact names."""
    code = dossier_code.normalise(body.dossier_code)
    phone = phones.parse_phone(body.recipient.phone or "")
    name = unicodedata.normalize("NFC", body.recipient.name)
    person = {"name": name, "phone": phone.e164 or "" if phone.takes_messages else ""}
    if body.recipient.id_last4 is not None:
        person["id_last4"] = body.recipient.id_last4
    return (
        ev.PutPersonal(ref=queued.person, kind="person", body=person, search=searchable(name)),
        ev.PutPersonal(
            ref=queued.dossier,
            kind="dossier",
            body={"code": code, "procedure": body.procedure_code},
            search=searchable(code),
            tail=dossier_code.tail(code),
        ),
    )


def searchable(text: str) -> str:
    """Lower-case without marks, đ as d: what search compares."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(mark for mark in plain if not unicodedata.combining(mark))


def _amend(body: wire.AmendResult, put: ev.PutWish, person: dict[str, str]) -> results.Amend:
    changed = body.changed
    given = changed.model_fields_set
    ref = None
    extra: tuple[ev.Row, ...] = ()
    if "phone" in given:
        phone = phones.parse_phone(changed.phone or "")
        ref = f"p-{body.result_id}-{put.wish_seq}"
        renewed = {**person, "phone": phone.e164 or "" if phone.takes_messages else ""}
        name = person.get("name", "")
        extra = (ev.PutPersonal(ref=ref, kind="person", body=renewed, search=searchable(name)),)
    amended = ev.ResultAmended(
        wish=put.wish_seq,
        result=body.result_id,
        person=ref,
        language=changed.language if "language" in given else None,
        deadline=changed.deadline.isoformat() if changed.deadline is not None else None,
        state=changed.state if "state" in given else None,
        consent=changed.consent if "consent" in given else None,
        fee=changed.fee if "fee" in given else None,
        reach=changed.reach if "reach" in given else None,
    )
    return results.Amend(wish=put, amended=amended, rows=extra)


def _person_of(connection: apsw.Connection, cabinet: Cabinet, wish: wire.Wish) -> dict[str, str] | None:
    result = cabinet.results.get(str(wish.body.get("result_id", "")))
    return None if result is None else rows.personal(connection, result.person)


def _known(connection: apsw.Connection, put: ev.PutWish, request: results.Wish) -> results.Known:
    stored = connection.execute("SELECT wish_id, digest FROM wish WHERE wish_seq = ?", (put.wish_seq,)).fetchone()
    past = ""
    match request:
        case results.Announce():
            past = views.past(connection, request.queued.result)
        case results.Cancel():
            past = views.past(connection, request.result)
    known = results.Known(is_repeat=stored is not None, past="collected" if past == "collected" else "")
    if past == "reclaimed":
        known = msgspec.structs.replace(known, past="reclaimed")
    if stored is None:
        return known
    return msgspec.structs.replace(known, matches=stored == (put.wish_id, put.digest))
