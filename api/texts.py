"""The messages of the unit, for a leader who words them: list, preview with the count, change, registration, back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from api import problems
from api.bodies import Body, Nothing
from api.callers import Cabinets
from api.clerk import STORED
from api.exceptional import Leader
from api.running import Running
from locker import refusals as why
from locker.events import Language
from locker.rules import texts as rules
from otp.patterns import Rendered, Texts
from otp.texts import read_texts

Name = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Z_]+$", examples=["READY"])]


class Which(Body):
    name: Name
    language: Language


class Written(Which):
    """A message as it is being written: {values} and [a part that goes when it would not fit]."""

    pattern: Annotated[str, Field(max_length=2 * rules.LONGEST_PATTERN)]


class Registered(Which):
    """The id under which the provider registered exactly the text in work."""

    provider_template: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._:-]+$")]


router = APIRouter(prefix="/api/clerk")
KNOWN = problems.documented(*STORED, why.UnknownText)
USABLE = problems.documented(*STORED, why.UnknownText, why.TextUnusable)


@router.get("/texts", summary="Every message as it stands", responses=problems.documented(*STORED))
async def listed(session: Leader, running: Cabinets) -> dict[str, Any]:
    _ = session
    cabinet, given = running.journal.cabinet, _given(running)
    return {
        "needs_registration": running.config.notices.needs_registered_texts,
        "most_segments": rules.MOST_SEGMENTS,
        "texts": [
            {
                "name": one.name,
                "language": one.language,
                "pattern": one.pattern,
                "original": one.original,
                "is_own": one.is_own,
                "state": "registered" if one.is_registered else "draft",
                "provider_template": one.provider_template,
                "required": list(one.required),
                "allowed": list(one.allowed),
                **counted(rules.preview(_originals(), one.name, one.language, one.pattern, given)),
            }
            for one in rules.wordings(_originals(), cabinet)
        ],
    }


@router.post("/texts/preview", summary="What it would look like, and its count", responses=USABLE)
async def preview(body: Written, session: Leader, running: Cabinets) -> dict[str, Any]:
    _ = session
    return counted(rules.preview(_originals(), body.name, body.language, body.pattern, _given(running)))


@router.post("/texts/change", responses=USABLE)
async def change(body: Written, session: Leader, running: Cabinets) -> Nothing:
    actor, given = session.member.user, _given(running)
    decided = rules.change(_originals(), body.name, body.language, body.pattern, actor=actor, given=given)
    await running.record(lambda *_: decided)
    return Nothing()


@router.post("/texts/register", summary="The provider knows exactly this text", responses=KNOWN)
async def register(body: Registered, session: Leader, running: Cabinets) -> Nothing:
    actor = session.member.user
    await running.record(
        lambda cabinet, *_: rules.register(
            _originals(), cabinet, body.name, body.language, provider_template=body.provider_template, actor=actor
        )
    )
    return Nothing()


@router.post("/texts/restore", summary="Back to the text that came with the release", responses=KNOWN)
async def restore(body: Which, session: Leader, running: Cabinets) -> Nothing:
    decided = rules.restore(_originals(), body.name, body.language, actor=session.member.user)
    await running.record(lambda *_: decided)
    return Nothing()


@cache
def _originals() -> Texts:
    return read_texts()


def _given(running: Running) -> Mapping[str, str]:
    section = running.config.cabinet
    return {
        "office": section.sms_name,
        "address": running.address,
        "place": running.address,
        "hotline": section.hotline,
    }


def counted(rendered: Rendered) -> dict[str, Any]:
    """One message as it would go out, its encoding, and its count in units and segments."""
    segments = rendered.segments
    return {
        "preview": rendered.text,
        "encoding": segments.encoding.value,
        "units": segments.units,
        "segments": segments.parts,
        "is_shortened": rendered.is_shortened,
    }
