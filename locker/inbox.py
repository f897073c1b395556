"""Wishes of the centre, pulled or pushed, through one inbox: read, translated, executed strictly in order.

Personal data of a wish go into erasable rows under refs made from the result's opaque id; the fact names only the refs.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

import apsw
from pydantic import ValidationError

from locker import dossier_code, rows, slips, views, wire
from locker import events as ev
from locker.journal import Journal
from locker.model import Cabinet
from locker.refusals import DoorStandsOpen
from locker.rules import pickup, results
from otp import phones, sealing


class Inbox:
    """Executes wishes on the journal.

    `procedures` are the codes of procedures whose results may be handed out here, `two_people` of those whose results a
    clerk never handles alone.
    """

    def __init__(
        self,
        *,
        journal: Journal[Cabinet],
        device_key: bytes,
        procedures: Collection[str],
        two_people: Collection[str] = (),
    ) -> None:
        self._journal = journal
        self._device_key = device_key
        self._digest_key = sealing.derive(device_key, "wish digests")
        self._procedures = Procedures(frozenset(procedures), frozenset(two_people))

    async def take(self, wish: wire.Wish) -> int:
        """Execute one wish and return the number executed last; a repeat with the same content changes nothing.

        Raises OutOfOrder (with the number expected), ContradictsEarlier, and DoorStandsOpen while a door keeps it
        waiting.
        """
        digest = hmac.digest(self._digest_key, _content(wish), hashlib.sha256)
        put = ev.PutWish(wish_seq=wish.wish_seq, wish_id=wish.wish_id, digest=digest)
        present = self._journal.cabinet.results.get(str(wish.body.get("result_id", "")))
        ref = "" if present is None else present.person
        body = await self._journal.read(lambda connection: rows.personal(connection, ref))
        person = Person(ref, body or {})
        request = translate(wish, put, person=person, procedures=self._procedures, device_key=self._device_key)
        reused = results.Unreadable(wish=put, reason="contradicts-earlier")
        await self._journal.record(
            lambda cabinet, known, _moment: results.take(cabinet, known[1], reused if known[0] else request),
            known=lambda connection: (_is_reused(connection, put), _known(connection, put, request)),
        )
        return self._journal.cabinet.wish_seq

    def announced_rows(self, body: wire.AnnounceResult, queued: ev.ResultQueued) -> tuple[ev.Row, ...]:
        """The personal rows of an announced result, under the refs its fact names."""
        return announced_rows(body, queued, device_key=self._device_key)

    async def take_when_closed(self, wish: wire.Wish) -> int:
        """`take`, waiting as long as an open door keeps the wish waiting."""
        while True:
            seq = self._journal.cabinet.seq
            try:
                return await self.take(wish)
            except DoorStandsOpen:
                await self._journal.changed(seq)


class Procedures(NamedTuple):
    """Codes of procedures: whose results may be handed out here, and whose a clerk never handles alone."""

    allowed: Collection[str]
    two_people: Collection[str] = ()


class Person(NamedTuple):
    """The personal row of a result as it is now; `body` is empty when there is none (any more)."""

    ref: str
    body: Mapping[str, str]


def _content(wish: wire.Wish) -> bytes:
    """What two wishes of one number are compared by."""
    try:
        return wire.canonical({"id": wish.wish_id, "kind": wish.kind, "body": wish.body})
    except (ValueError, RecursionError):  # no canonical form, such as NaN: it will be refused, yet by its number
        return repr((wish.wish_id, wish.kind, wish.body)).encode(errors="backslashreplace")


def translate(
    wish: wire.Wish, put: ev.PutWish, *, person: Person, procedures: Procedures, device_key: bytes
) -> results.Wish:
    """The wish as a request to the rules. `person` is the present personal row of an amended result."""
    try:
        body = wish.read_body()
    except wire.UnknownWishError:
        return results.Unreadable(wish=put, reason="unknown-kind")
    except ValidationError:
        return results.Unreadable(wish=put, reason="invalid-request")
    match body:
        case wire.AnnounceResult():
            return _announce(body, put, procedures, device_key)
        case wire.AmendResult():
            return amend(body, put, person)
        case wire.CancelResult():
            return results.Cancel(wish=put, result=body.result_id)
        case wire.NameDelegate() | wire.RevokeDelegate():
            return delegation(body, put, person)


def _announce(
    body: wire.AnnounceResult, put: ev.PutWish, procedures: Procedures, device_key: bytes
) -> results.Announce:
    code = dossier_code.normalise(body.dossier_code)
    numbers = _numbers(body.recipient.phone, body.recipient.more_phones)
    flags = []
    if not numbers:
        flags.append("no_mobile_phone")
    if not dossier_code.is_known_shape(code):
        flags.append("dossier_unknown_shape")
    if body.second_check:
        flags.append(pickup.PAPER_CHECK)
        if body.recipient.id_last4 is None:
            flags.append(results.NO_PAPER_KNOWN)
    if body.procedure_code in procedures.two_people:
        flags.append(results.TWO_PEOPLE)
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
        procedure_allowed=body.procedure_code in procedures.allowed,
        flags=tuple(flags),
        phones=max(1, len(numbers)),
    )
    return results.Announce(wish=put, queued=queued, rows=announced_rows(body, queued, device_key=device_key))


def announced_rows(body: wire.AnnounceResult, queued: ev.ResultQueued, *, device_key: bytes) -> tuple[ev.Row, ...]:
    """The personal rows of an announced result; of ID paper and slip only keyed hashes are kept."""
    code = dossier_code.normalise(body.dossier_code)
    name = unicodedata.normalize("NFC", body.recipient.name)
    person = {"name": name, "language": body.recipient.language}
    person |= _phone_fields(_numbers(body.recipient.phone, body.recipient.more_phones))
    if body.recipient.id_last4 is not None:
        person["id_hash"] = sealing.keyed_hash(device_key, body.recipient.id_last4, context=queued.recipient).hex()
    dossier = {"code": code, "procedure": body.procedure_code}
    if body.slip_hash is not None:
        dossier["slip"] = slips.kept(device_key, body.slip_hash)
    return (
        ev.PutPersonal(ref=queued.person, kind="person", body=person, search=searchable(name)),
        ev.PutPersonal(
            ref=queued.dossier,
            kind="dossier",
            body=dossier,
            search=searchable(code),
            tail=dossier_code.tail(code),
        ),
    )


def searchable(text: str) -> str:
    """Lower-case without marks, đ as d: what search compares."""
    plain = unicodedata.normalize("NFD", text.casefold().replace("đ", "d"))
    return "".join(mark for mark in plain if not unicodedata.combining(mark))


def _dialled(phone: phones.Phone) -> str:
    """The number messages go to; empty for one that takes none."""
    return (phone.e164 or "") if phone.takes_messages else ""


def _numbers(phone: str | None, more: Collection[str]) -> list[str]:
    """The numbers messages go to, the first one first, each once."""
    dialled = [_dialled(phones.parse_phone(typed)) for typed in (phone or "", *more)]
    return list(dict.fromkeys(number for number in dialled if number))


def _phone_fields(numbers: list[str]) -> dict[str, str]:
    more = " ".join(numbers[1:])
    return {"phone": numbers[0] if numbers else ""} | ({"more_phones": more} if more else {})


def amend(body: wire.AmendResult, put: ev.PutWish, person: Person) -> results.Amend:
    """A change of what the centre owns. A new phone is a new person: the old codes end, and messages to the old number.

    A language goes with the person, because messages outlive the result.
    """
    changed = body.changed
    given = changed.model_fields_set
    renewed = dict(person.body)
    ref = None
    count = None
    if given & {"phone", "more_phones"}:
        ref = f"p-{body.result_id}-{put.wish_seq}"
        first = changed.phone if "phone" in given else renewed.get("phone")
        more = changed.more_phones if "more_phones" in given else renewed.pop("more_phones", "").split()
        numbers = _numbers(first, more)
        renewed.pop("more_phones", None)
        renewed |= _phone_fields(numbers)
        count = max(1, len(numbers))
    if "language" in given:
        renewed["language"] = changed.language
    extra: tuple[ev.Row, ...] = ()
    if ref is not None or (person.body and renewed != person.body):
        search = searchable(renewed.get("name", ""))
        extra = (ev.PutPersonal(ref=ref or person.ref, kind="person", body=renewed, search=search),)
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
        by_post=changed.by_post if "by_post" in given else None,
        phones=count,
    )
    return results.Amend(wish=put, amended=amended, rows=extra)


def delegation(body: wire.NameDelegate | wire.RevokeDelegate, put: ev.PutWish, owner: Person) -> results.Wish:
    """Who may collect for the owner, or nobody any more."""
    if isinstance(body, wire.RevokeDelegate):
        return results.Revoke(wish=put, result=body.result_id)
    return name_delegate(body, put, owner)


def name_delegate(body: wire.NameDelegate, put: ev.PutWish, owner: Person) -> results.Name | results.Unreadable:
    """A delegate with the personal row the fact names; refused when no message would reach their phone."""
    phone = _dialled(phones.parse_phone(body.delegate.phone))
    if not phone:
        return results.Unreadable(wish=put, reason="phone-malformed")
    ref = f"g-{body.result_id}-{put.wish_seq}"
    name = unicodedata.normalize("NFC", body.delegate.name)
    row = ev.PutPersonal(
        ref=ref,
        kind="person",
        body={"name": name, "phone": phone, "language": body.delegate.language},
        search=searchable(name),
    )
    return results.Name(
        wish=put, result=body.result_id, delegate=ref, owner_has_phone=bool(owner.body.get("phone")), rows=(row,)
    )


def _is_reused(connection: apsw.Connection, put: ev.PutWish) -> bool:
    """Whether another wish came under this id; the wish is refused, so that the next one can follow."""
    stored = rows.wish(connection, put.wish_id)
    return stored is not None and stored.wish_seq != put.wish_seq


def _known(connection: apsw.Connection, put: ev.PutWish, request: results.Wish) -> results.Known:
    stored = connection.execute("SELECT wish_id, digest FROM wish WHERE wish_seq = ?", (put.wish_seq,)).fetchone()
    past: Literal["", "collected", "reclaimed"] = ""
    match request:
        case results.Announce():
            past = views.past(connection, request.queued.result)
        case results.Cancel():
            past = views.past(connection, request.result)
    return results.Known(
        is_repeat=stored is not None,
        matches=stored is None or stored in ((put.wish_id, put.digest), (put.wish_id, b"")),
        past=past,
    )
