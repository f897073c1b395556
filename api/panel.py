"""The panel of a cabinet: its pins from the configuration, and what staff ask of power, locks and clock.

A shutdown and a new time are only asked for: each is a file that a unit of the system watches, because the service
itself may do neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import structlog
from fastapi import APIRouter, Depends

from api import callers, problems
from api.bodies import Body, Nothing
from api.callers import Cabinets
from api.clerk import STORED
from api.running import Running
from api.sessions import Session
from hw.panel import Input, Output, Panel
from locker import refusals as why
from locker.config import PanelSection, battery_of
from locker.panel import PanelWatch
from locker.rules import panel as rules
from locker.rules import staff as staff_rules

# What a broken wire reads: an opened case is noticed, a key that nobody turned is not.
ACTIVE_HIGH = {"case": True, "service_door": True, "key": False, "mains_lost": True, "button": True}
UNWIRED_ACTIVE = {"case": True, "service_door": True, "key": False, "mains_lost": False, "button": False}
log = structlog.get_logger()
Member = Annotated[Session, Depends(callers.member)]


class NewTime(Body):
    """The office's local time, as a clock on the wall shows it."""

    local: datetime


router = APIRouter(prefix="/api/clerk/panel")


@router.post(
    "/clock",
    summary="Set the clock while no time server does",
    responses=problems.documented(*STORED, why.PresenceNeeded, why.WrongStage),
)
async def set_clock(body: NewTime, session: Member, running: Cabinets) -> Nothing:
    zone = ZoneInfo(running.config.cabinet.timezone)
    local = body.local if body.local.tzinfo is not None else body.local.replace(tzinfo=zone)
    utc_ms = int(local.timestamp() * 1000)
    actor = running.sessions.actor(session)
    await running.record(lambda cabinet, *_: rules.set_clock(cabinet, actor, utc_ms=utc_ms))
    await asyncio.to_thread(ask_system, running.config.storage.clock_request, str(utc_ms // 1000))
    return Nothing()


@router.post(
    "/lock-supply",
    summary="Give the locks their current back",
    responses=problems.documented(*STORED, why.PresenceNeeded, why.WrongStage),
)
async def restore_supply(session: Member, running: Cabinets, _body: Nothing | None = None) -> Nothing:
    actor = running.sessions.actor(session)
    await running.record(lambda cabinet, *_: rules.restore_supply(cabinet, actor))
    running.bell.ring()
    return Nothing()


def ask_system(file: Path, text: str) -> None:
    """Leave a request for a unit of the system, whole. Raises OSError."""
    fresh = file.with_name(file.name + ".new")
    fresh.write_text(text + "\n", encoding="ascii")
    fresh.replace(file)


def panel_of(section: PanelSection) -> Panel:
    """The pins of the configuration, not yet claimed."""
    inputs = {}
    for name, pin in section.inputs.items():
        is_turned = name in section.inverted
        inputs[name] = Input(
            pin=pin, is_active_high=ACTIVE_HIGH[name] != is_turned, is_unwired_active=UNWIRED_ACTIVE[name]
        )
    outputs = {
        name: Output(pin=pin, is_active_high=_kind(name) not in section.inverted)
        for name, pin in section.outputs.items()
    }
    return Panel(inputs, outputs)


def _kind(output: str) -> str:
    return "door_light" if output.startswith("door_light") else output


def key_turned(running: Running) -> Callable[[], Awaitable[None]]:
    """What turning the key does: whoever has just asked on the clerk page to be proved present, is."""

    async def turned() -> None:
        session = running.sessions.asking()
        if session is None:
            log.info("key turned, nobody asked to be proved present")
            return
        try:
            await running.record(lambda *_: staff_rules.prove_presence(session.member.user, "key_switch"))
        except (why.Refusal, why.StorageFault) as refusal:
            log.warning("presence not recorded", reason=str(refusal))
            return
        running.sessions.prove(session)

    return turned


def watch_of(running: Running, section: PanelSection, *, stop: Callable[[], None]) -> PanelWatch:
    """The worker of a configured panel; `stop` ends the service."""

    def ordered() -> None:
        file = running.config.storage.poweroff_request
        log.warning("shutting down in order", file=str(file))
        try:
            ask_system(file, "poweroff")
        except OSError as error:
            log.warning("the system was not asked to shut down", file=str(file), reason=error.strerror)
        stop()

    return PanelWatch(
        journal=running.journal,
        panel=panel_of(section),
        battery=battery_of(section),
        lights=section.lights,
        clock=running.clock,
        is_staff_present=running.sessions.is_anybody_present,
        on_key=key_turned(running),
        on_stop=ordered,
    )
