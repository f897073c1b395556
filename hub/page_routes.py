"""The centre's one page, its sign-in, and their assets: nothing from elsewhere, nothing inline."""

import json
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hub.callers import COOKIE, anyone, is_token, staff_caller
from hub.errors import NoIdentityError

PAGES = Path(__file__).parent / "pages"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

Language = Literal["vi", "en"]


def routes(*, staff_token: str | None) -> APIRouter:
    """`/`, `/sign-in` and `/assets/...`; the page itself asks for the staff, its assets and the sign-in for nobody."""
    router = APIRouter(include_in_schema=False)
    pages = Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)
    texts = json.loads((PAGES / "texts.json").read_text(encoding="utf-8"))
    require_staff = staff_caller(staff_token)

    def show(name: str, lang: Language) -> HTMLResponse:
        page = pages.get_template(name).render(t=texts[lang], lang=lang)
        return HTMLResponse(page, headers=HEADERS)

    # Whoever is not of the staff is led to the sign-in.
    @router.get("/", dependencies=[Depends(anyone)])
    async def page(request: Request, lang: Language = "vi") -> Response:
        try:
            await require_staff(request)
        except NoIdentityError:
            return RedirectResponse(f"/sign-in?lang={lang}", status_code=303)
        return show("centre.html", lang)

    @router.get("/sign-in", dependencies=[Depends(anyone)])
    async def ask(lang: Language = "vi") -> Response:
        return show("sign_in.html", lang)

    @router.post("/sign-in", dependencies=[Depends(anyone)])
    async def sign_in(request: Request) -> Response:
        form = parse_qs((await request.body()).decode(errors="replace"))
        given = form.get("token", [""])[0]
        if staff_token is None or not is_token(given, staff_token):
            raise NoIdentityError("the token is not right; it is in the file given as --staff-token-file")
        answer = RedirectResponse("/", status_code=303)
        is_https = request.url.scheme == "https"
        answer.set_cookie(COOKIE, given, httponly=True, samesite="strict", secure=is_https)
        return answer

    @router.get("/assets/{name}", dependencies=[Depends(anyone)])
    async def asset(name: Literal["centre.js", "centre.css", "icon.svg"]) -> Response:
        return FileResponse(PAGES / name, headers=HEADERS)

    @router.get("/assets/texts/{lang}.json", dependencies=[Depends(require_staff)])
    async def page_texts(lang: Language) -> Response:
        return Response(json.dumps(texts[lang], ensure_ascii=False), media_type="application/json", headers=HEADERS)

    return router
