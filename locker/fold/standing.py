"""The cabinet is moved, serves again, or is retired."""

from __future__ import annotations

from msgspec.structs import replace

from locker import events as ev
from locker.model import Cabinet, Standing


def relocation_started(cabinet: Cabinet, event: ev.RelocationStarted, recorded: ev.Recorded) -> Cabinet:
    before = cabinet.standing
    moving = Standing(stage="moving", since_utc_ms=recorded.moment.utc_ms, actor=event.actor, address=before.address)
    return replace(cabinet, standing=moving)


def relocated(cabinet: Cabinet, event: ev.Relocated, recorded: ev.Recorded) -> Cabinet:
    standing = Standing(since_utc_ms=recorded.moment.utc_ms, actor=event.actor, address=event.address)
    return replace(cabinet, standing=standing)


def retired(cabinet: Cabinet, event: ev.CabinetRetired, recorded: ev.Recorded) -> Cabinet:
    standing = replace(cabinet.standing, stage="retired", since_utc_ms=recorded.moment.utc_ms, actor=event.actor)
    return replace(cabinet, standing=standing)
