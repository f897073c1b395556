"""The stage over HTTP: the cabinet view, the state and its stream, hands at doors, faults at a click."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Body, FastAPI, Request, Response
from fastapi.responses import FileResponse, JSONResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from starlette.middleware.trustedhost import TrustedHostMiddleware

from simulator.doors import CannotReach, Door
from simulator.plugs import CannotServe
from simulator.stage import Stage
from simulator.state import BoardFaultIn, DoorFaultIn, LineFaultIn, MendIn, Message, PutIn, State

PAGES = Path(__file__).parent / "pages"
STREAM_STEP_S = 0.1
STREAM_REFRESH_S = 2.0
STREAM_RETRY_MS = 1000
HOSTS = ["127.0.0.1", "localhost"]
POLICY = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def build(stage: Stage) -> FastAPI:
    """The application; the caller serves the stage's lines. Answers only to loopback host names."""
    app = FastAPI(
        title="Simulated cabinet",
        version="1",
        description="Boards, doors and lines of a simulated dossier cabinet. Nothing here exists in the product.",
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)
    app.include_router(_views(stage))
    app.include_router(_faults(stage))
    app.include_router(_hands(stage))
    app.mount("/pages", StaticFiles(directory=PAGES), name="pages")

    @app.exception_handler(CannotReach)
    def cannot_reach(_request: Request, refusal: CannotReach) -> JSONResponse:
        return _problem(409, "cannot-reach", str(refusal))

    @app.exception_handler(CannotServe)
    def cannot_serve(_request: Request, refusal: CannotServe) -> JSONResponse:
        return _problem(409, "line-taken", str(refusal))

    @app.exception_handler(KeyError)
    def unknown(_request: Request, error: KeyError) -> JSONResponse:
        return _problem(404, "unknown", f"There is no {error.args[0]} here; GET /state lists what there is.")

    @app.exception_handler(IndexError)
    def no_such_coil(_request: Request, error: IndexError) -> JSONResponse:
        return _problem(404, "unknown", f"The board has no coil {error.args[0]}; they are numbered from 0.")

    return app


def _problem(status: int, kind: str, detail: str) -> JSONResponse:
    body = {"type": f"urn:dossier-locker:simulator:{kind}", "title": kind, "status": status, "detail": detail}
    return JSONResponse(body, status_code=status, media_type="application/problem+json")


def _views(stage: Stage) -> APIRouter:
    views = APIRouter(tags=["views"])

    @views.get("/", include_in_schema=False)
    def page() -> FileResponse:
        return FileResponse(PAGES / "index.html", headers={"Content-Security-Policy": POLICY})

    @views.get("/state")
    async def state() -> State:
        """The whole stage now."""
        return stage.state()

    @views.get("/stream", responses={200: {"content": {"text/event-stream": {}}}}, response_class=StreamingResponse)
    async def stream() -> StreamingResponse:
        """Server-sent events: the whole state now and after every change, at most 10 a second."""
        return StreamingResponse(_stream(stage), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    @views.get("/phone")
    async def phone() -> list[Message]:
        """The messages the citizen's phone has received, oldest first."""
        stage.phone.read()
        return stage.phone.messages

    return views


async def _stream(stage: Stage) -> AsyncIterator[str]:
    yield f"retry: {STREAM_RETRY_MS}\n\n"
    while not stage.is_over:
        yield f"data: {stage.state().model_dump_json()}\n\n"
        await asyncio.sleep(0 if stage.is_over else STREAM_STEP_S)
        if not stage.is_over:
            await stage.wait_for_change(STREAM_REFRESH_S)


def _hands(stage: Stage) -> APIRouter:
    hands = APIRouter(prefix="/doors/{number}", tags=["hands"])
    acts = {"pull": Door.pull, "push": Door.push, "force": Door.force}

    @hands.post("/put")
    async def put(number: int, what: Annotated[PutIn | None, Body()] = None) -> State:
        """Puts an envelope in; 409 unless the door is open."""
        label = (what or PutIn()).label
        stage.touch(number, lambda door, at: door.put(label, at))
        return stage.state()

    @hands.post("/take")
    async def take(number: int) -> list[str]:
        """Takes everything out and names it; 409 unless the door is open."""
        return list(stage.touch(number, Door.take))

    @hands.post("/{act}")
    async def act(number: int, act: Literal["pull", "push", "force"]) -> State:
        """Pulls the door open (a locked one for 3 s), pushes it shut, or opens it with the mechanical key."""
        stage.touch(number, acts[act])
        return stage.state()

    return hands


def _faults(stage: Stage) -> APIRouter:
    faults = APIRouter(tags=["faults"])

    @faults.post("/doors/{number}/fault", status_code=204)
    async def door(number: int, fault: DoorFaultIn) -> Response:
        """Breaks or mends a door's lock, switch or wires."""
        stage.break_door(number, fault)
        return Response(status_code=204)

    @faults.post("/mend", status_code=204)
    async def mend(what: Annotated[MendIn | None, Body()] = None) -> Response:
        """Mends one fault; without a body every fault there is."""
        await (stage.mend(what) if what else stage.mend_all())
        return Response(status_code=204)

    @faults.post("/boards/{name}/fault", status_code=204)
    async def board(name: str, fault: BoardFaultIn) -> Response:
        """Breaks or mends a board."""
        stage.break_board(name, fault)
        return Response(status_code=204)

    @faults.post("/lines/{name}/fault", status_code=204)
    async def line(name: str, fault: LineFaultIn) -> Response:
        """Breaks, unplugs or mends a line."""
        await stage.break_line(name, fault)
        return Response(status_code=204)

    return faults
