"""What the listeners serve while the journal is read, or cannot be served: the designed screen, and the reason.

Pages and the kiosk's cookie work as ever, so that a browser that came too early goes on by itself. Everything else is
answered 503 with the same stable type as later.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, FastAPI
from fastapi.responses import JSONResponse
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api import callers, kiosk, page_files, problems
from api.bell import Bell
from api.entry import KioskEntry
from api.guard import Guard
from api.streams import until_gone
from locker.config import LOOPBACK, Config
from locker.events import Moment
from locker.refusals import Fault, SafeMode, Starting

METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


@dataclass(kw_only=True)
class Waiting:
    """A cabinet that cannot serve yet. `done` of `total` facts are read; ring the bell when they move on."""

    config: Config
    entry: KioskEntry
    clock: Callable[[], Moment]
    new_id: Callable[[], str]
    state: Literal["starting", "safe-mode"] = "starting"
    done: int = 0
    total: int = 0
    bell: Bell = field(default_factory=Bell)

    def reason(self) -> Fault:
        """Why nothing is served."""
        if self.state == "safe-mode":
            return SafeMode("the journal cannot be used; call the technician")
        return Starting(f"the journal is read, {self.done} of {self.total} facts; try again soon")


def snapshot(waiting: Waiting) -> dict[str, Any]:
    """The kiosk's whole snapshot before there is a cabinet."""
    section, moment = waiting.config.cabinet, waiting.clock()
    local = datetime.fromtimestamp(moment.utc_ms / 1000, UTC).astimezone(ZoneInfo(section.timezone))
    return {
        "version": 0,
        "state": waiting.state,
        "is_training": section.training,
        "office": {"vi": section.office_vi, "en": section.office_en},
        "address": section.address,
        "hotline": section.hotline,
        "centre_online": False,
        "notices_online": False,
        "accepts_slips": False,
        "clock": moment.clock,
        "time": local.isoformat(timespec="seconds"),
        "presence_number": None,
        "doors": [],
        "rateable": None,
        "intake": {"is_offered": False, "promised": ""},
        "printer": "none",
        "hours": None,
        "city_hotline": section.city_hotline,
        "rules": {"vi": [], "en": []},
        "posters": [],
        "has_voice": False,
        "scan": None,
        "visit": None,
    }


class Held(Response):
    """A stream of one snapshot, held open until the waiting ends or the caller goes."""

    media_type = "text/event-stream"

    def __init__(self, waiting: Waiting) -> None:
        super().__init__()
        del self.headers["content-length"]
        self._waiting = waiting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's signature
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        told = b"data: " + json.dumps(snapshot(self._waiting), ensure_ascii=False).encode() + b"\n\n"
        await send({"type": "http.response.body", "body": told, "more_body": True})
        ends = [asyncio.ensure_future(self._waiting.bell.closed()), asyncio.ensure_future(until_gone(receive))]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
            await asyncio.wait(ends)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def create_waiting_kiosk_app(waiting: Waiting) -> Guard:
    """The kiosk's app until there is a cabinet. Raises UndeclaredRouteError."""
    app = _bare(waiting)
    router = APIRouter(prefix="/api/kiosk", dependencies=[Depends(callers.kiosk)])

    @router.get("/snapshot")
    async def show() -> dict[str, Any]:
        return snapshot(waiting)

    @router.get("/stream", response_class=Response)
    async def stream() -> Held:
        return Held(waiting)

    files = page_files.read_pages(page_files.PAGES / "kiosk", page_files.PAGES / "shared")
    app.include_router(router)
    app.include_router(kiosk.entrance(waiting.entry, files))
    app.include_router(page_files.routes(files))
    app.include_router(_rest(waiting))
    return Guard(callers.require_declared(app), hosts=LOOPBACK, new_id=waiting.new_id)


def create_waiting_clerk_app(waiting: Waiting) -> Guard:
    """The app of clerks, centre and health until there is a cabinet. Raises UndeclaredRouteError."""
    app = _bare(waiting)
    router = APIRouter(dependencies=[Depends(callers.anonymous)])

    @router.get("/health/live")
    async def live() -> dict[str, str]:
        return {"status": "alive"}

    @router.get("/health/ready")
    async def ready() -> JSONResponse:
        journal = {"state": waiting.state, "read": waiting.done, "of": waiting.total}
        return JSONResponse({"status": waiting.state, "parts": {"journal": journal}}, status_code=503)

    files = page_files.read_pages(page_files.PAGES / "clerk", page_files.PAGES / "shared")
    app.include_router(router)
    app.include_router(page_files.front("clerk/index.html", files))
    app.include_router(page_files.routes(files))
    app.include_router(_rest(waiting))
    return Guard(
        callers.require_declared(app),
        hosts=waiting.config.clerk.hosts,
        new_id=waiting.new_id,
        is_tls=waiting.config.clerk.certificate is not None,
    )


def _bare(waiting: Waiting) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.entry = waiting.entry
    problems.tell(app)
    return app


def _rest(waiting: Waiting) -> APIRouter:
    router = APIRouter(dependencies=[Depends(callers.anonymous)])

    @router.api_route("/{path:path}", methods=METHODS)
    async def refuse(path: str) -> None:  # noqa: ARG001  every path is answered alike
        raise waiting.reason()

    return router
