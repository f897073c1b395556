"""What everybody may open: the page and the route that tell where a dossier's result is. Nothing else is anonymous."""

import asyncio
import json
from collections.abc import Callable
from typing import Annotated, Literal
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub import asking
from hub.asking import Told
from hub.callers import anyone
from hub.chance import Chance
from hub.errors import HubError, StatusUnknownError, TooOftenError
from hub.meters import Meters
from hub.pace import Pace
from hub.page_routes import HEADERS, PAGES, Language
from hub.store import Store

LEAST_ANSWER_S = 0.25
LONGEST_CODE = 64


class Question(BaseModel):
    """A whole dossier code, and the last four digits of the phone the office has."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"dossier_code": "H29.190.5-261008-0042", "phone_last4": "4567"}]},
    )

    dossier_code: Annotated[str, Field(min_length=1, max_length=LONGEST_CODE)]
    phone_last4: Annotated[str, Field(pattern=r"^[0-9]{4}$")]


class Status(BaseModel):
    """Latest announcement first."""

    results: tuple[Told, ...]


def routes(
    *, store: Store, chance: Chance, meters: Meters, clock: Callable[[], float], least_answer_s: float = LEAST_ANSWER_S
) -> APIRouter:
    """`POST /v1/status` and `/status`. An answer takes at least `least_answer_s`, whatever it says."""
    router = APIRouter(tags=["open"], dependencies=[Depends(anyone)])
    pace = Pace(clock=clock)
    pages = Environment(loader=FileSystemLoader(PAGES), autoescape=True, undefined=StrictUndefined)
    texts = json.loads((PAGES / "texts.json").read_text(encoding="utf-8"))

    async def answer(request: Request, question: Question) -> Status:
        started = clock()
        try:
            pace.take(request.client.host if request.client else "")
            told = await store.call(asking.ask, question.dossier_code, question.phone_last4, now=chance.now())
            status = Status(results=asking.require_told(told))
        except HubError as error:
            meters.asked("too_often" if isinstance(error, TooOftenError) else "unknown")
            raise
        finally:
            await asyncio.sleep(max(0.0, started + least_answer_s - clock()))
        meters.asked("told")
        return status

    def show(
        lang: Language, *, status: Status | None = None, problem: str = "", dossier: str = "", code: int = 200
    ) -> HTMLResponse:
        told = {"status": status, "problem": problem, "dossier": dossier}
        page = pages.get_template("status.html").render(t=texts[lang], lang=lang, **told)
        return HTMLResponse(page, status_code=code, headers=HEADERS)

    @router.post("/v1/status")
    async def post_status(request: Request, question: Question) -> Status:
        """Where a dossier's result is. Problems: status-unknown (unknown, wrong, asked too often), too-often."""
        return await answer(request, question)

    @router.get("/status", include_in_schema=False)
    async def ask(lang: Language = "vi") -> HTMLResponse:
        return show(lang)

    @router.post("/status", include_in_schema=False)
    async def tell(request: Request, lang: Language = "vi") -> HTMLResponse:
        form = parse_qs((await request.body()).decode(errors="replace"))
        typed = {name: form.get(name, [""])[0].strip() for name in ("dossier_code", "phone_last4")}
        problem: Literal["status_malformed", "status_unknown", "status_too_often"]
        try:
            return show(lang, status=await answer(request, Question.model_validate(typed)))
        except ValidationError:
            problem, code = "status_malformed", 422
        except StatusUnknownError:
            problem, code = "status_unknown", 404
        except TooOftenError:
            problem, code = "status_too_often", 429
        # Its twenty signs need not be typed again for one that is wrong.
        return show(lang, problem=problem, dossier=typed["dossier_code"][:LONGEST_CODE], code=code)

    return router
