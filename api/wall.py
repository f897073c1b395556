"""What the screen has besides its work: opening hours, house rules, posters that end by themselves, clips of its words.

A poster is a picture in `kiosk.posters_directory` whose name begins with its last day, `2026-12-31 tet.webp`. What has
another name, is too large or is over is not shown.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from starlette.exceptions import HTTPException

from api import callers
from api.callers import Cabinets
from api.running import Running
from locker.events import Moment

POSTER = re.compile(r"(?P<until>\d{4}-\d{2}-\d{2})[ _-][\w .()-]{0,80}\.(?:png|jpe?g|webp)", re.IGNORECASE)
POSTER_BYTES = 250_000
MOST_POSTERS = 6

router = APIRouter(dependencies=[Depends(callers.anonymous)], include_in_schema=False)


def build(running: Running, moment: Moment) -> dict[str, Any]:
    """The wall's part of the kiosk's snapshot. Hours are None while no clock is believed."""
    section = running.config.kiosk
    return {
        "hours": None if moment.clock == "unset" else _hours(running, running.local(moment.utc_ms).date()),
        "city_hotline": running.config.cabinet.city_hotline,
        "rules": {"vi": list(section.rules_vi), "en": list(section.rules_en or section.rules_vi)},
        "posters": posters(section.posters_directory, running.today(moment)),
        "has_voice": section.voice_directory is not None,
    }


def _hours(running: Running, day: date) -> dict[str, list[str]]:
    return {"today": [f"{span.opens:%H:%M}-{span.closes:%H:%M}" for span in running.office.spans(day)]}


def posters(folder: Path | None, today: str) -> list[str]:
    """The names of the pictures that are shown on this day (YYYY-MM-DD), at most six; none without a folder."""
    if folder is None or not folder.is_dir():
        return []
    shown = [path.name for path in sorted(folder.iterdir()) if _is_shown(path, today)]
    return shown[:MOST_POSTERS]


def _is_shown(path: Path, today: str) -> bool:
    name = POSTER.fullmatch(path.name)
    return name is not None and today <= name["until"] and path.is_file() and path.stat().st_size <= POSTER_BYTES


@router.get("/posters/{name}")
def poster(name: str, running: Cabinets) -> FileResponse:
    folder = running.config.kiosk.posters_directory
    if folder is None or name not in posters(folder, running.today(running.clock())):
        raise HTTPException(404)
    return FileResponse(folder / name)


@router.get("/voice/{language}/{clip}.opus")
def clip(
    language: Literal["vi", "en"], clip: Annotated[str, InPath(pattern=r"^[a-z0-9_.-]{1,80}$")], running: Cabinets
) -> FileResponse:
    folder = running.config.kiosk.voice_directory
    if folder is None or not (found := folder / language / f"{clip}.opus").is_file():
        raise HTTPException(404)
    return FileResponse(found, media_type="audio/ogg")
