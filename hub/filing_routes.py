"""What the centre's staff calls for who may collect: the appointment slip, and a delegate of the owner."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from hub import results, slips
from hub.bell import Bell
from hub.callers import Caller
from hub.chance import Chance
from hub.results import Whereabouts
from hub.staff_routes import Line, Request, ResultId
from hub.store import Store
from hub.wishes import Stamp
from locker.wire import Delegate, NameDelegate, RevokeDelegate


class Filing(Request):
    """A dossier that was filed now."""

    dossier_code: Annotated[Line, Field(max_length=64, examples=["H29.190.5-261008-0042"])]


class PrintedSlip(BaseModel):
    """What is printed on an appointment slip and then forgotten: `token` as its QR code, `svg`."""

    dossier_code: str
    token: str
    svg: str


def _delegate(connection: Connection, body: NameDelegate | RevokeDelegate, stamp: Stamp) -> tuple[str, Whereabouts]:
    return results.delegate(connection, body, stamp), results.show(connection, body.result_id)


def routes(*, store: Store, bell: Bell, chance: Chance, caller: Caller) -> APIRouter:
    """Routes under /v1 for who files dossiers."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(caller)], tags=["staff"])

    async def wish(body: NameDelegate | RevokeDelegate) -> Whereabouts:
        cabinet, shown = await store.call(_delegate, body, chance.stamp())
        bell.ring(cabinet)
        return shown

    @router.post("/slips", status_code=201)
    async def post_slip(asked: Filing, response: Response) -> PrintedSlip:
        """Mint the token of an appointment slip, once; only its hash is kept. Problem: wrong-stage once announced."""
        token = slips.token_of(chance.draw())
        await store.call(slips.mint, asked.dossier_code, token, chance.now_text())
        response.headers["Cache-Control"] = "no-store"
        return PrintedSlip(dossier_code=asked.dossier_code, token=token, svg=slips.picture(token))

    @router.put("/results/{result_id}/delegate", status_code=202)
    async def put_delegate(result_id: ResultId, who: Delegate) -> Whereabouts:
        """Wish that somebody collects for the owner, who has asked for it here. Problem: wrong-stage."""
        return await wish(NameDelegate(result_id=result_id, delegate=who))

    @router.delete("/results/{result_id}/delegate", status_code=202)
    async def delete_delegate(result_id: ResultId) -> Whereabouts:
        """Wish that nobody but the owner collects. Problem: wrong-stage."""
        return await wish(RevokeDelegate(result_id=result_id))

    return router
