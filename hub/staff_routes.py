"""What the centre's staff and its page call: announce, amend, cancel, look."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StrictBool
from sqlalchemy import Connection

from hub import facts, results, slips
from hub.bell import ANYTHING, Bell
from hub.callers import Caller
from hub.chance import Chance
from hub.overview import Overview, overview
from hub.results import Whereabouts
from hub.store import Store
from hub.wishes import Stamp
from locker.wire import (
    AnnounceResult,
    CabinetId,
    Changes,
    Fee,
    Item,
    Language,
    OpaqueId,
    Phone,
    Reach,
    Recipient,
    Size,
    State,
)

KEEP_ALIVE_S = 15.0
LEAST_GAP_S = 0.2

Line = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
ResultId = Annotated[OpaqueId, Path()]
Which = Annotated[CabinetId | None, Query()]


class Request(BaseModel):
    """What the staff sends: unknown fields are refused, they are typing errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Applicant(Request):
    """`key` is made from name, phone and ID digits if it is absent."""

    name: Line
    phone: Annotated[Phone, Field(pattern=r"^[0-9+ .()-]*$")] | None = None
    more_phones: Annotated[list[Annotated[Phone, Field(pattern=r"^[0-9+ .()-]*$")]], Field(max_length=4)] = []
    language: Language = "vi"
    id_last4: Annotated[str, Field(pattern=r"^[0-9]{4}$")] | None = None
    key: OpaqueId | None = None


class Announcement(Request):
    """A result to announce; `items` are the labels of its documents."""

    cabinet: CabinetId
    result_id: Annotated[OpaqueId, Field(max_length=48)] | None = None
    dossier_code: Annotated[Line, Field(max_length=64, examples=["H29.190.5-261008-0042"])]
    procedure_code: Annotated[Line, Field(max_length=64, examples=["1.004873"])]
    items: Annotated[list[Line], Field(min_length=1, max_length=20, examples=[["Giấy khai sinh (bản chính)"]])]
    recipient: Applicant
    size: Size = "S"
    reach: Reach = "any"
    state: State = 9
    consent: StrictBool
    fee: Fee
    by_post: StrictBool = False
    deadline: date
    second_check: StrictBool = False


class Cancellation(Request):
    reason: Line


def _announce(connection: Connection, asked: Announcement, result_id: str, stamp: Stamp) -> tuple[bool, Whereabouts]:
    who = asked.recipient
    key = who.key or results.recipient_key(connection, name=who.name, phone=who.phone, id_last4=who.id_last4)
    fields = asked.model_dump(exclude={"cabinet", "result_id", "items", "recipient"})
    body = AnnounceResult(
        result_id=result_id,
        items=[Item(item_id=f"{result_id}.{number}", label=label) for number, label in enumerate(asked.items, 1)],
        recipient=Recipient(**who.model_dump(exclude={"key"}), key=key),
        slip_hash=slips.hash_of(connection, asked.dossier_code),
        **fields,
    )
    is_new = results.announce(connection, asked.cabinet, body, stamp)
    return is_new, results.show(connection, result_id)


def _cancel(connection: Connection, result: str, reason: str, stamp: Stamp) -> tuple[str | None, Whereabouts]:
    return results.cancel(connection, result, reason, stamp), results.show(connection, result)


def _amend(connection: Connection, result: str, changed: Changes, stamp: Stamp) -> tuple[str, Whereabouts]:
    return results.amend(connection, result, changed, stamp), results.show(connection, result)


async def _changes(bell: Bell) -> AsyncIterator[str]:
    with bell.listen(ANYTHING) as rope:
        yield ": open\n\n"
        while not bell.is_closed:
            yield "event: change\ndata: {}\n\n" if await rope.wait(KEEP_ALIVE_S) else ": still here\n\n"
            await asyncio.sleep(LEAST_GAP_S)


def routes(*, store: Store, bell: Bell, chance: Chance, caller: Caller) -> APIRouter:
    """Routes under /v1 for the staff."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(caller)], tags=["staff"])

    @router.post("/results", status_code=201)
    async def post_result(asked: Announcement, response: Response) -> Whereabouts:
        """Announce a result to a cabinet; the same again changes nothing. Problem: contradicts-earlier."""
        result_id = asked.result_id or f"res-{chance.draw()}"
        is_new, shown = await store.call(_announce, asked, result_id, chance.stamp())
        if is_new:
            bell.ring(asked.cabinet)
        else:
            response.status_code = 200
        return shown

    @router.get("/results")
    async def get_results(cabinet: Which = None, limit: Annotated[int, Query(ge=1, le=500)] = 200) -> list[Whereabouts]:
        """Results and where they are, latest announcement first."""
        return await store.call(results.listing, cabinet=cabinet, limit=limit)

    @router.get("/results/{result_id}")
    async def get_result(result_id: ResultId) -> Whereabouts:
        """One result and where it is."""
        return await store.call(results.show, result_id)

    @router.post("/results/{result_id}/cancel", status_code=202)
    async def post_cancel(result_id: ResultId, asked: Cancellation) -> Whereabouts:
        """Wish a result back. One that was taken stays taken and gets a conflict for a clerk."""
        cabinet, shown = await store.call(_cancel, result_id, asked.reason, chance.stamp())
        bell.ring(cabinet or ANYTHING)
        return shown

    @router.patch("/results/{result_id}", status_code=202)
    async def patch_result(result_id: ResultId, changed: Changes) -> Whereabouts:
        """Wish for new values of the centre's fields. Problem: wrong-stage once it is taken or cancelled."""
        cabinet, shown = await store.call(_amend, result_id, changed, chance.stamp())
        bell.ring(cabinet)
        return shown

    @router.get("/cabinets")
    async def get_cabinets() -> list[Overview]:
        """Every cabinet: its last contact, where both sequences stand, what waits there."""
        return await store.call(overview)

    @router.get("/facts")
    async def get_facts(cabinet: Which = None, limit: Annotated[int, Query(ge=1, le=500)] = 50) -> list[dict[str, Any]]:
        """The latest facts as they came, newest first, without personal data."""
        return await store.call(facts.newest, cabinet=cabinet, limit=limit)

    @router.get("/changes", response_class=StreamingResponse)
    async def get_changes() -> StreamingResponse:
        """Server-sent events: `change` whenever a list may look different; at most 5 a second."""
        return StreamingResponse(_changes(bell), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    return router
