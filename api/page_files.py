"""The pages: static files read once at the start, served under fixed names only."""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass, field
from pathlib import Path

from fastapi import APIRouter, Depends, Request, Response
from starlette.exceptions import HTTPException

from api import callers

PAGES = Path(__file__).parent / "pages"
KINDS = {".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json", ".woff2": "font/woff2"}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file as it goes out."""

    content: bytes = field(repr=False)
    media_type: str
    etag: str


def read_pages(*folders: Path) -> dict[str, PageFile]:
    """Every file of these folders, under `<folder>/<path in it>`; folders that are not there give nothing."""
    found = {}
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.name.startswith("."):
                content = path.read_bytes()
                kind = KINDS.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
                etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
                found[f"{folder.name}/{path.relative_to(folder).as_posix()}"] = PageFile(content, kind, etag)
    return found


def serve(files: dict[str, PageFile], name: str, request: Request) -> Response:
    """One file, or 304 when the browser has it. Raises HTTPException 404."""
    page = files.get(name)
    if page is None:
        raise HTTPException(404)
    headers = {"etag": page.etag, "cache-control": "no-cache"}
    if request.headers.get("if-none-match") == page.etag:
        return Response(status_code=304, headers=headers)
    return Response(page.content, media_type=page.media_type, headers=headers)


def front(name: str, files: dict[str, PageFile], *, at: str = "/") -> APIRouter:
    """One page at this path for everybody on this listener."""
    router = APIRouter()

    @router.get(at, dependencies=[Depends(callers.anonymous)], include_in_schema=False)
    async def page(request: Request) -> Response:
        return serve(files, name, request)

    return router


def routes(files: dict[str, PageFile]) -> APIRouter:
    """`/static/<folder>/<file>` for everybody on this listener."""
    router = APIRouter()

    @router.get("/static/{name:path}", dependencies=[Depends(callers.anonymous)], include_in_schema=False)
    async def static(name: str, request: Request) -> Response:
        return serve(files, name, request)

    return router
