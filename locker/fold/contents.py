"""What content sensors show."""

from __future__ import annotations

from locker import events as ev
from locker.fold.change import open_incident, touch
from locker.model import Cabinet


def seen(cabinet: Cabinet, event: ev.ContentSeen, _recorded: ev.Recorded) -> Cabinet:
    return touch(cabinet, event.compartment, content="empty" if event.is_empty else "something")


def suspected(cabinet: Cabinet, event: ev.ContentSensorSuspected, recorded: ev.Recorded) -> Cabinet:
    changed = touch(cabinet, event.compartment, is_content_suspect=True)
    return open_incident(changed, "content_sensor_suspect", recorded, event.compartment)


def forgotten(cabinet: Cabinet, number: int) -> Cabinet:
    """What it showed counts no more: a hand may have been inside since."""
    return touch(cabinet, number, content="") if cabinet.compartment(number).content else cabinet
