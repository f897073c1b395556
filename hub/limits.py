"""A body is read whole, and only up to its limit, before anything else sees it; gzip is undone up to the same limit.

Every answer says so (`Accept-Encoding: gzip`, RFC 9110, 12.5.3), so that a cabinet on a slow line may compress.
"""

import zlib

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub import problems
from hub.errors import TooLargeError


class BodyLimit:
    """ASGI layer that answers 413 `too-large` above `limit` bytes, whatever `Content-Length` says."""

    def __init__(self, app: ASGIApp, *, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["accept-encoding"] = "gzip"
            await send(message)

        if scope["method"] in {"GET", "HEAD", "OPTIONS"}:
            await self._app(scope, receive, telling)
            return
        body = await self._read(scope, receive)
        if body is not None and dict(scope["headers"]).get(b"content-encoding", b"").lower() == b"gzip":
            body = self._plain(body)
        if body is None:
            error = TooLargeError(f"send at most {self._limit} bytes; split the batch")
            await problems.write(problems.of(error), {"Connection": "close"})(scope, receive, send)
            return
        unread: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return unread.pop() if unread else await receive()

        await self._app(scope, replay, telling)

    def _plain(self, body: bytes) -> bytes | None:
        """The body without its gzip; None when it is too large, itself when it is none."""
        undoing = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            plain = undoing.decompress(body, self._limit + 1)
        except zlib.error:
            return body
        return None if len(plain) > self._limit else plain

    async def _read(self, scope: Scope, receive: Receive) -> bytes | None:
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > self._limit:
            return None
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            part = message.get("body", b"")
            size += len(part)
            if size > self._limit:
                return None
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)
