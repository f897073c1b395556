"""What stands before every route of a listener: host, origin, body size, headers, and the last word on errors.

A request for another host name, a write from another origin, or a body beyond the cap never reaches a route. Bodies
are read whole before, within ten seconds. Whatever a route did not foresee ends here as a problem with an id.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import problems
from locker.refusals import NotAllowed

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "media-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
HSTS = "max-age=31536000"
BODY_BYTES = 64 * 1024
BODY_SECONDS = 10.0
READS = frozenset({"GET", "HEAD"})
MARK = "dossier-locker"
log = structlog.get_logger()


class Guard:
    """ASGI around one app. `signed` are the paths whose callers show a signature instead of an origin.

    `larger` gives the paths with another body cap in bytes. `asks_mark`: writes carry `X-Requested-With`.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[str],
        new_id: Callable[[], str],
        asks_mark: bool = False,
        signed: Collection[str] = (),
        larger: dict[str, int] | None = None,
        is_tls: bool = False,
    ) -> None:
        self.app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._new_id = new_id
        self._asks_mark = asks_mark
        self._signed = frozenset(signed)
        self._larger = larger or {}
        self._is_tls = is_tls

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        has_begun = False

        async def outward(message: Message) -> None:
            nonlocal has_begun
            if message["type"] == "http.response.start":
                has_begun = True
                self._dress(message)
            await send(message)

        try:
            self._check_source(scope)
            inward = receive if scope["method"] in READS else await self._whole(scope, receive)
        except (NotAllowed, problems.TooLarge, problems.TooSlow) as refusal:
            log.info("request refused", method=scope["method"], cause=type(refusal).__name__, why=str(refusal))
            told = problems.answer(refusal)
            assert told is not None
            await told(scope, receive, outward)
            return
        try:
            await self.app(scope, inward, outward)
        except Exception as error:  # noqa: BLE001  the last word: an id for the caller, the same id in the log
            told = problems.unknown(error, new_id=self._new_id)
            if not has_begun:
                await told(scope, receive, outward)

    def _check_source(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if (urlsplit(f"//{host}").hostname or "") not in self._hosts:
            raise NotAllowed("this cabinet is not served under that host name")
        if scope["method"] in READS or scope["path"] in self._signed:
            return
        origin = headers.get("origin")
        scheme = "https" if self._is_tls else "http"
        if origin is not None and origin.lower() != f"{scheme}://{host.lower()}":
            raise NotAllowed("writes are taken from the cabinet's own pages only")
        if headers.get("sec-fetch-site", "same-origin") != "same-origin":
            raise NotAllowed("writes are taken from the cabinet's own pages only")
        if self._asks_mark and (origin is None or headers.get("x-requested-with") != MARK):
            raise NotAllowed("send Origin and X-Requested-With: dossier-locker, as the cabinet's own pages do")

    async def _whole(self, scope: Scope, receive: Receive) -> Receive:
        """The body, read whole within its cap, to be received again."""
        cap = self._larger.get(scope["path"], BODY_BYTES)
        told = Headers(scope=scope).get("content-length", "0")
        if told.isdecimal() and int(told) > cap:
            raise problems.TooLarge(f"send at most {cap} bytes")
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                more = True
                while more:
                    message = await receive()
                    body += message.get("body", b"")
                    more = message.get("more_body", False)
                    if len(body) > cap:
                        raise problems.TooLarge(f"send at most {cap} bytes")
        except TimeoutError as error:
            raise problems.TooSlow("send the whole body within ten seconds") from error
        pending = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def again() -> Message:
            return pending.pop() if pending else await receive()

        return again

    def _dress(self, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        for name, value in HEADERS.items():
            headers[name] = value
        if "cache-control" not in headers:
            headers["cache-control"] = "no-store"
        if self._is_tls:
            headers["strict-transport-security"] = HSTS
