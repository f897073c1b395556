"""Who may call what. A cabinet has a key; the staff has a token, or stands on the same machine."""

import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fastapi import Request

from hub import cabinets
from hub.errors import NoIdentityError, NotAllowedError
from hub.store import Store

COOKIE = "hub_staff"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Caller = Callable[[Request], Awaitable[None]]


def _bearer(request: Request) -> str:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def cabinet_caller(store: Store) -> Caller:
    """Lets through the cabinet named in the path, by its bearer key. NoIdentityError, NotAllowedError."""

    async def require_cabinet(request: Request) -> None:
        key = _bearer(request)
        if not key:
            raise NoIdentityError("send the cabinet's key as `Authorization: Bearer ...`")
        await store.call(cabinets.authenticate, request.path_params["cabinet"], key)

    return require_cabinet


def is_token(given: str, token: str) -> bool:
    """Compares in constant time."""
    return hmac.compare_digest(given.encode(errors="replace"), token.encode())


def staff_caller(token: str | None) -> Caller:
    """Lets through the staff: with the token, or, where none is set, from a page of this machine's own origin."""

    async def require_staff(request: Request) -> None:
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
            raise NotAllowedError("a page of another origin asked; open the centre's own page")
        if token is None:
            if urlsplit(f"//{request.headers.get('host', '')}").hostname not in LOOPBACK:
                raise NotAllowedError(
                    "without a staff token the centre answers its own machine only; set --staff-token-file"
                )
            return
        given = _bearer(request) or request.cookies.get(COOKIE, "")
        if not is_token(given, token):
            raise NoIdentityError("sign in at /sign-in, or send the staff token as `Authorization: Bearer ...`")

    return require_staff
