"""What the centre was told of free compartments."""

from __future__ import annotations

from msgspec.structs import replace

from locker import events as ev
from locker.model import Cabinet, Room


def changed(cabinet: Cabinet, event: ev.RoomChanged, recorded: ev.Recorded) -> Cabinet:
    moment = recorded.moment
    room = Room(
        small=event.small,
        medium=event.medium,
        large=event.large,
        told_uptime_ms=moment.uptime_ms,
        run_id=moment.run_id,
    )
    return replace(cabinet, room=room)
