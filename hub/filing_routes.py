"""What the centre's staff calls at filing: the appointment slip."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from hub import slips
from hub.callers import Caller
from hub.chance import Chance
from hub.staff_routes import Line, Request
from hub.store import Store


class Filing(Request):
    """A dossier that was filed now."""

    dossier_code: Annotated[Line, Field(max_length=64, examples=["H29.190.5-261008-0042"])]


class PrintedSlip(BaseModel):
    """What is printed on an appointment slip and then forgotten: `token` as its QR code, `svg`."""

    dossier_code: str
    token: str
    svg: str


def routes(*, store: Store, chance: Chance, caller: Caller) -> APIRouter:
    """Routes under /v1 for who files dossiers."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(caller)], tags=["staff"])

    @router.post("/slips", status_code=201)
    async def post_slip(asked: Filing, response: Response) -> PrintedSlip:
        """Mint the token of an appointment slip, once; only its hash is kept. Problem: wrong-stage once announced."""
        token = slips.token_of(chance.draw())
        await store.call(slips.mint, asked.dossier_code, token, chance.now_text())
        response.headers["Cache-Control"] = "no-store"
        return PrintedSlip(dossier_code=asked.dossier_code, token=token, svg=slips.picture(token))

    return router
