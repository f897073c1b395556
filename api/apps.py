"""The apps behind the two listeners, and what stands in for them while the cabinet cannot serve yet."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from api import (
    account,
    callers,
    centre,
    clerk,
    clerk_intake,
    counter,
    delegates,
    deputies,
    exceptional,
    health,
    incidents,
    kiosk,
    kiosk_asking,
    kiosk_intake,
    kiosk_tickets,
    members,
    moving,
    office_days,
    page_files,
    panel,
    paper,
    practice,
    problems,
    reports,
    standing,
    stock,
    technician,
    texts,
    wall,
)
from api.guard import Guard
from api.meters import Meters
from api.running import Running
from locker.config import LOOPBACK

KIOSK_HOSTS = LOOPBACK


class Front:
    """What a listener serves: one app now, another one later. Streams of the first must be ended by its bell."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.app(scope, receive, send)


class _App(FastAPI):
    """An app that takes a router's routes as they are, when nothing is to be added to them.

    FastAPI would work out every one of them anew for each app, which is most of the time that an app takes to be made.
    """

    def include_router(self, router: APIRouter, **settings: Any) -> None:
        if settings:
            super().include_router(router, **settings)
        else:
            self.router.routes.extend(router.routes)


def _bare(title: str) -> FastAPI:
    app = _App(title=title, version="1", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    problems.tell(app)
    return app


def create_kiosk_app(running: Running) -> Guard:
    """The kiosk's app. Raises UndeclaredRouteError."""
    app = _bare("Kiosk of a dossier cabinet")
    app.state.running = running
    app.state.entry = running.entry
    files = page_files.read_pages(page_files.PAGES / "kiosk", page_files.PAGES / "shared")
    app.include_router(kiosk.router)
    app.include_router(kiosk_intake.router)
    app.include_router(paper.router)
    app.include_router(kiosk_asking.router)
    app.include_router(kiosk_tickets.router)
    app.include_router(wall.router)
    app.include_router(kiosk.entrance(running.entry, files))
    app.include_router(page_files.routes(files))
    return Guard(callers.require_declared(app), hosts=KIOSK_HOSTS, new_id=running.new_id)


def create_clerk_app(running: Running) -> Guard:
    """The app of clerks, centre and health. Raises UndeclaredRouteError."""
    app = _bare("Dossier cabinet: clerks, centre, health")
    app.state.running = running
    files = page_files.read_pages(page_files.PAGES / "clerk", page_files.PAGES / "shared")
    app.include_router(clerk.entrance)
    app.include_router(clerk.router)
    app.include_router(delegates.router)
    app.include_router(exceptional.router)
    app.include_router(incidents.router)
    app.include_router(panel.router)
    app.include_router(practice.router)
    app.include_router(stock.router)
    app.include_router(moving.router)
    app.include_router(counter.router)
    app.include_router(deputies.router)
    app.include_router(office_days.router)
    app.include_router(members.router)
    app.include_router(account.router)
    app.include_router(reports.router)
    app.include_router(standing.router)
    app.include_router(technician.router)
    app.include_router(texts.router)
    app.include_router(clerk_intake.router)
    app.include_router(centre.router)
    app.include_router(health.routes(Meters(running), app))
    app.include_router(page_files.front("clerk/index.html", files))
    app.include_router(page_files.front("clerk/commission.html", files, at="/commission"))
    app.include_router(page_files.routes(files))
    return _guarded(app, running)


def create_commission_app(running: Running) -> Guard:
    """The app of a cabinet that is commissioned and does not serve: the technician's page alone.

    Raises UndeclaredRouteError.
    """
    app = _bare("Dossier cabinet: commissioning")
    app.state.running = running
    files = page_files.read_pages(page_files.PAGES / "clerk", page_files.PAGES / "shared")
    app.include_router(clerk.entrance)
    app.include_router(technician.router)
    for path in ("/", "/commission"):
        app.include_router(page_files.front("clerk/commission.html", files, at=path))
    app.include_router(page_files.routes(files))
    return _guarded(app, running)


def _guarded(app: FastAPI, running: Running) -> Guard:
    return Guard(
        callers.require_declared(app),
        hosts=running.config.clerk.hosts,
        new_id=running.new_id,
        asks_mark=True,
        signed=(centre.PATH,),
        larger={centre.PATH: centre.BODY_BYTES},
        is_tls=running.config.clerk.certificate is not None,
    )
