"""The centre as an ASGI app: routes, errors, limits, and the pushes that live as long as it does."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import Depends, FastAPI, Response
from fastapi.openapi.utils import get_openapi

from hub import (
    cabinet_routes,
    cabinets,
    filing_routes,
    page_routes,
    problems,
    public_routes,
    push,
    staff_routes,
)
from hub.bell import Bell
from hub.callers import anyone, cabinet_caller, require_declared, staff_caller
from hub.chance import Chance
from hub.limits import BodyLimit
from hub.meters import MEDIA_TYPE, Meters
from hub.push import Target
from hub.store import Store
from locker.wire import MAX_BODY_BYTES, WISH_BODIES, Problem


def create_app(*, store: Store, bell: Bell, chance: Chance, staff_token: str | None = None) -> FastAPI:
    """The whole app on an open store. Without `staff_token` the staff's routes answer this machine only."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        targets = [Target(cabinet=one, url=url, secret=key) for one, url, key in await store.call(cabinets.pushable)]
        pushes = asyncio.create_task(push.run_all(targets, store=store, bell=bell, chance=chance))
        try:
            yield
        finally:
            bell.close()
            pushes.cancel()
            await asyncio.gather(pushes, return_exceptions=True)

    app = FastAPI(
        title="Centre of 24/7 dossier cabinets",
        version="1",
        lifespan=lifespan,
        docs_url=None,  # they load their assets from elsewhere
        redoc_url=None,
    )
    problems.install(app)
    app.add_middleware(BodyLimit, limit=MAX_BODY_BYTES)
    app.include_router(cabinet_routes.routes(store=store, bell=bell, chance=chance, caller=cabinet_caller(store)))
    app.include_router(staff_routes.routes(store=store, bell=bell, chance=chance, caller=staff_caller(staff_token)))
    app.include_router(filing_routes.routes(store=store, bell=bell, chance=chance, caller=staff_caller(staff_token)))
    app.include_router(page_routes.routes(staff_token=staff_token))
    meters = Meters()
    app.include_router(public_routes.routes(store=store, chance=chance, meters=meters, clock=time.monotonic))

    @app.get("/metrics", tags=["staff"], dependencies=[Depends(staff_caller(staff_token))])
    async def figures() -> Response:
        return Response(await meters.read(store, now=chance.now()), media_type=MEDIA_TYPE)

    @app.get("/health/live", tags=["open"], dependencies=[Depends(anyone)])
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @app.get("/health/ready", tags=["open"], dependencies=[Depends(anyone)])
    async def ready() -> dict[str, str]:
        await store.call(cabinets.standings)
        return {"status": "ready", "database": "answers"}

    app.openapi = lambda: _describe(app)  # type: ignore[method-assign]  # FastAPI's own way
    return require_declared(app)


def _describe(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        schemas = document["components"]["schemas"]
        for shape in (Problem, *WISH_BODIES.values()):
            described = shape.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas.update(described.pop("$defs", {}))
            schemas[shape.__name__] = described
        problem = {
            "description": "A problem (RFC 9457)",
            "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for path in document["paths"].values():
            for operation in path.values():
                operation["responses"].pop("422", None)
                operation["responses"]["default"] = problem
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        app.openapi_schema = document
    return app.openapi_schema
