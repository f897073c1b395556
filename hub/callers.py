"""Who may call what. A cabinet has a key; the staff has a token, or stands on the same machine.

Every route declares it; an app with a route that does not is refused at its making.
"""

import hmac
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from hub import cabinets
from hub.errors import NoIdentityError, NotAllowedError
from hub.store import Store

COOKIE = "hub_staff"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

Name = Literal["cabinet", "staff", "anyone"]


class UndeclaredRouteError(Exception):
    """A route does not say who may call it; add one of the callers of `hub.callers` to it."""


@dataclass(frozen=True)
class Caller:
    """Marks a route's callers, and lets through those and nobody else."""

    name: Name
    check: Callable[[Request], Awaitable[None]]

    async def __call__(self, request: Request) -> None:
        """Raise NoIdentityError or NotAllowedError unless this request's caller may."""
        await self.check(request)


async def _let_through(_request: Request) -> None:
    """Everybody."""


anyone = Caller("anyone", _let_through)


def declared(app: FastAPI) -> Iterator[tuple[RouteContext, str]]:
    """Every route of the app but its own description, with its callers; empty where none or several are declared."""
    for route in iter_route_contexts(app.routes):
        if route.path == app.openapi_url:
            continue
        found = []
        if isinstance(route.original_route, APIRoute):
            found = [one.call.name for one in route.dependant.dependencies if isinstance(one.call, Caller)]
        yield route, found[0] if len(found) == 1 else ""


def require_declared(app: FastAPI) -> FastAPI:
    """Raise UndeclaredRouteError unless each route of the app declares exactly one kind of caller."""
    undeclared = [str(route.path) for route, name in declared(app) if not name]
    if undeclared:
        raise UndeclaredRouteError(f"no caller is declared for {', '.join(undeclared)}; say who may call it")
    return app


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

    return Caller("cabinet", require_cabinet)


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

    return Caller("staff", require_staff)
