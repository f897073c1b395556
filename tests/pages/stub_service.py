"""A service that plays scripted snapshots over the real wire, so that the pages are tested as a browser gets them.

It knows no rules: a test says which snapshot is shown and what each request is answered. Every answer carries the
security headers of the real service, so that a page that breaks the Content-Security-Policy fails here.
"""

import asyncio
import copy
import io
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import uvicorn
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from locker.wire import problem_type

PAGES = Path(__file__).parents[2] / "api" / "pages"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "media-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

Body = dict[str, Any]
Answer = Callable[["StubService", Body], Response]


def problem(slug: str, status: int, *, retry_after: int = 0, **more: Any) -> Answer:
    """A scripted RFC 9457 answer."""
    headers = {"Retry-After": str(retry_after)} if retry_after else {}
    body = {"type": problem_type(slug), "title": slug, "status": status, "detail": "", **more}

    def answer(_service: "StubService", _body: Body) -> Response:
        return JSONResponse(body, status_code=status, headers=headers, media_type="application/problem+json")

    return answer


def done(**body: Any) -> Answer:
    """A scripted 200."""
    return lambda _service, _body: JSONResponse(body)


class StubService:
    """Serves one page (`kiosk` or `clerk`) with a scripted interface on a port of the system's choice.

    `front`: another page of that folder, with the interface of that name.
    """

    def __init__(self, page: str, snapshot: Body, *, front: str = "") -> None:
        self.page = page
        self.prefix = f"/api/{front or page}"
        self.front = f"{front or 'index'}.html"
        self.snapshot = snapshot
        self.refuses: Answer | None = None
        self.requests: list[tuple[str, Body]] = []
        self.answers: dict[str, list[Answer]] = {}
        # Cleared, it holds every answer back until it is set again: what a person does while one is under way.
        self.is_prompt = asyncio.Event()
        self.is_prompt.set()
        self._arrived = asyncio.Condition()
        self._changed = asyncio.Condition()
        self._stopping = asyncio.Event()
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def start(self) -> None:
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        self._stopping.clear()
        config = uvicorn.Config(
            self._app(), lifespan="off", log_level="warning", ws="none", timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))

    async def stop(self) -> None:
        assert self._server is not None
        assert self._task is not None
        self._stopping.set()
        async with self._changed:
            self._changed.notify_all()
        self._server.should_exit = True
        await self._task

    def begin_again(self, snapshot: Body) -> None:
        """As if just started: this is shown, nothing was asked, nothing is scripted. No page may be open meanwhile."""
        self.snapshot = {**copy.deepcopy(snapshot), "version": self.snapshot["version"] + 1}
        self.refuses = None
        self.requests = []
        self.answers = {}

    async def show(self, **changes: Any) -> None:
        """Push a new snapshot with these members replaced."""
        async with self._changed:
            self.snapshot = {**copy.deepcopy(self.snapshot), **changes, "version": self.snapshot["version"] + 1}
            self._changed.notify_all()

    def script(self, path: str, *answers: Answer) -> None:
        """Answer the next requests to this path (below the prefix) so; the last answer repeats."""
        self.answers[path] = list(answers)

    async def asked(self, path: str, *, times: int = 1) -> Body:
        """Wait until this path was asked so often; gives the latest body."""
        async with self._arrived, asyncio.timeout(20):
            await self._arrived.wait_for(lambda: len(self._bodies(path)) >= times)
            return self._bodies(path)[-1]

    def _bodies(self, path: str) -> list[Body]:
        return [body for asked, body in self.requests if asked == path]

    def _app(self) -> Starlette:
        app = Starlette(
            routes=[
                Route("/", self._index),
                Route("/posters/{name}", self._poster),
                Route(f"{self.prefix}/stream", self._stream),
                Route(f"{self.prefix}/{{path:path}}", self._act, methods=["GET", "POST"]),
                Mount(f"/static/{self.page}", StaticFiles(directory=PAGES / self.page)),
                Mount("/static/shared", StaticFiles(directory=PAGES / "shared")),
            ]
        )
        app.add_middleware(_Headers)
        return app

    async def _index(self, _request: Request) -> Response:
        return FileResponse(PAGES / self.page / self.front)

    async def _poster(self, _request: Request) -> Response:
        drawn = io.BytesIO()
        Image.new("RGB", (1140, 400), "#0b4a82").save(drawn, "PNG")
        return Response(drawn.getvalue(), media_type="image/png")

    async def _act(self, request: Request) -> Response:
        path = request.path_params["path"]
        if path == "snapshot":
            return await self._tell()
        body = dict(request.query_params) if request.method == "GET" else json.loads(await request.body())
        async with self._arrived:
            self.requests.append((path, body))
            self._arrived.notify_all()
        await self.is_prompt.wait()
        scripted = self.answers.get(path, [done()])
        return (scripted.pop(0) if len(scripted) > 1 else scripted[0])(self, body)

    async def _tell(self) -> Response:
        """The snapshot of when it was asked for; the answer comes once the service `is_prompt`."""
        answer = JSONResponse(self.snapshot) if self.refuses is None else self.refuses(self, {})
        async with self._arrived:
            self.requests.append(("snapshot", {}))
            self._arrived.notify_all()
        await self.is_prompt.wait()
        return answer

    async def _stream(self, _request: Request) -> Response:
        if self.refuses is not None:
            return self.refuses(self, {})
        return StreamingResponse(self._snapshots(), media_type="text/event-stream")

    async def _snapshots(self) -> AsyncIterator[str]:
        seen = 0
        while not self._stopping.is_set() and self.refuses is None:
            if self.snapshot["version"] != seen:
                seen = self.snapshot["version"]
                yield f"data: {json.dumps(self.snapshot, ensure_ascii=False)}\n\n"
            async with self._changed:
                if self.snapshot["version"] == seen and not self._stopping.is_set():
                    await self._changed.wait()


class _Headers:
    """Adds the real service's security headers to every answer (plain ASGI, so that streams stay streams)."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def send_with_headers(message: Any) -> None:
            if message["type"] == "http.response.start":
                extra = [(b"content-security-policy", CSP.encode()), (b"x-content-type-options", b"nosniff")]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        await self.app(scope, receive, send_with_headers)
