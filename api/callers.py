"""Who may call a route. Every route declares it; an app with a route that does not is refused at its making."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import structlog
from fastapi import Depends, FastAPI, Request
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from api.entry import COOKIE as KIOSK_COOKIE
from api.entry import KioskEntry
from api.problems import NotSignedIn
from api.running import Running
from api.sessions import Role, Session
from locker.refusals import NotAllowed

CLERK_COOKIE = "clerk"
log = structlog.get_logger()


class UndeclaredRouteError(Exception):
    """A route does not say who may call it; add one of the callers of `api.callers` to it."""


def running_of(request: Request) -> Running:
    """The running cabinet of this app."""
    running = request.app.state.running
    assert isinstance(running, Running)
    return running


def entry_of(request: Request) -> KioskEntry:
    """How the kiosk of this app shows that it is the kiosk."""
    entry = request.app.state.entry
    assert isinstance(entry, KioskEntry)
    return entry


Cabinets = Annotated[Running, Depends(running_of)]


class Allows:
    """Marks a route's callers. Base of those below; as it is, everybody."""

    name = "anonymous"

    async def __call__(self, request: Request) -> None:
        """Raise NotSignedIn or NotAllowed unless this request's caller may."""


class AllowsKiosk(Allows):
    """The kiosk's own browser, known by its cookie."""

    name = "kiosk"

    async def __call__(self, request: Request) -> None:
        if not entry_of(request).is_kiosk(request.cookies.get(KIOSK_COOKIE, "")):
            raise NotSignedIn("this page is for the screen of the cabinet; start the kiosk unit again")


class AllowsCentre(Allows):
    """The central system; its signature covers the body and is checked where the body is read."""

    name = "centre"


class AllowsStaff:
    """Signed-in members with one of these roles; gives their session. An act keeps the session alive."""

    def __init__(self, *roles: Role, is_act: bool = True) -> None:
        self.roles = roles
        self.name = "+".join(roles)
        self._is_act = is_act

    async def __call__(self, request: Request) -> Session:
        """Raise NotSignedIn or NotAllowed unless this request's caller may."""
        running = running_of(request)
        session = running.sessions.find(request.cookies.get(clerk_cookie(running), ""))
        if session is None:
            raise NotSignedIn("sign in first")
        if session.member.role not in self.roles:
            route = f"{request.method} {request.scope['route'].path}"
            log.warning("route refused", user=session.member.user, role=session.member.role, route=route)
            raise NotAllowed("your role does not allow this; ask a leader")
        if self._is_act:
            running.sessions.touch(session)
        return session


def clerk_cookie(running: Running) -> str:
    """The name of the staff cookie: bound to the host where TLS is on."""
    return "__Host-clerk" if running.config.clerk.certificate is not None else CLERK_COOKIE


anonymous = Allows()
kiosk = AllowsKiosk()
centre = AllowsCentre()
looker = AllowsStaff("clerk", "leader", "technician", is_act=False)
member = AllowsStaff("clerk", "leader", "technician")
clerk = AllowsStaff("clerk", "leader")
leader = AllowsStaff("leader")


def declared(app: FastAPI) -> Iterator[tuple[RouteContext, str]]:
    """Every route of the app with the name of its callers, empty where none or several are declared."""
    for route in iter_route_contexts(app.routes):
        found = []
        if isinstance(route.original_route, APIRoute):
            found = [one.call for one in route.dependant.dependencies if isinstance(one.call, Allows | AllowsStaff)]
        yield route, found[0].name if len(found) == 1 else ""


def require_declared(app: FastAPI) -> FastAPI:
    """Raise UndeclaredRouteError unless each route of the app declares exactly one kind of caller."""
    undeclared = [str(route.path) for route, name in declared(app) if not name]
    if undeclared:
        raise UndeclaredRouteError(f"no caller is declared for {', '.join(undeclared)}; say who may call it")
    return app
