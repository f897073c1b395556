"""Whether the process lives, whether it can serve people, and its figures. Anonymous, and free of personal data."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.responses import JSONResponse

from api import callers
from api.callers import Cabinets
from api.meters import MEDIA_TYPE, Meters
from api.running import Running
from locker import receipts

IN_CLEAR = "the file gateway writes codes in clear; name a real gateway before citizens use this cabinet"


def parts(running: Running) -> dict[str, Any]:
    """Each part by name; one that needs somebody carries a sentence in `warning` or `cause`."""
    cabinet = running.journal.cabinet
    notices: dict[str, Any] = {
        "is_online": running.notices.is_online,
        "gateways": list(running.config.notices.gateways),
    }
    if "file" in running.config.notices.gateways:
        notices["warning"] = IN_CLEAR
    return {
        "journal": {"state": running.state, "seq": cabinet.seq, "is_read_only": running.journal.is_read_only},
        "boards": {
            name: {
                "is_online": board.is_online,
                "cause": board.cause,
                "out_of_service": cabinet.boards_out.get(name, ""),
            }
            for name, board in running.doors.boards.items()
        },
        "centre": {"is_online": running.centre.is_online},
        "notices": notices,
        "clock": cabinet.clock,
    }


def routes(meters: Meters, app: FastAPI) -> APIRouter:
    """Health, figures and the description of the API."""
    router = APIRouter(dependencies=[Depends(callers.anonymous)])

    @router.get("/health/live", summary="The loop turns")
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/health/ready", summary="People can be served; each part by name", responses={503: {}})
    async def ready(running: Cabinets) -> JSONResponse:
        is_ready = running.state == "ready"
        body = {"status": running.state, "parts": parts(running)}
        return JSONResponse(body, status_code=200 if is_ready else 503)

    @router.get("/health/receipt-key", summary="The public key that receipts of intakes are checked with")
    async def receipt_key(running: Cabinets) -> dict[str, str]:
        return {"key": receipts.public_text(running.receipt_key)}

    @router.get("/metrics", summary="Figures for Prometheus", response_class=Response)
    async def metrics(running: Cabinets) -> Response:
        return Response(await meters.read(running), media_type=MEDIA_TYPE)

    @router.get("/openapi.json", include_in_schema=False)
    async def description() -> dict[str, Any]:
        return app.openapi()

    return router
