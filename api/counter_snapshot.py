"""What the clerk's page shows of the counter: the register, and what finds no room in the cabinet now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.running import Running
from locker.model import Cabinet, Result
from locker.refusals import NoFreeCompartment, NoReachableCompartment
from locker.rules.loading import choose


class Room:
    """Whether a result would find a compartment now; asked once for each size and reach."""

    def __init__(self, running: Running, cabinet: Cabinet) -> None:
        self._running = running
        self._cabinet = cabinet
        self._known: dict[tuple[str, str], str] = {}

    def lack(self, result: Result) -> str:
        """The stable type of the refusal that loading it would meet for want of room; empty when there is room."""
        wanted = (result.size, result.reach)
        if wanted not in self._known:
            self._known[wanted] = self._try(result)
        return self._known[wanted]

    def _try(self, result: Result) -> str:
        places, servable = self._running.places, self._running.doors.servable
        try:
            choose(self._cabinet, size=result.size, reach=result.reach, places=places, servable=servable)
        except (NoFreeCompartment, NoReachableCompartment) as refusal:
            return refusal.slug
        return ""


def register(running: Running, cabinet: Cabinet, people: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    """What was taken out of the cabinet and still lies at the counter, longest first."""
    return [
        {
            "result": one.result,
            "dossier": people.get(one.dossier, {}).get("code", ""),
            "name": people.get(one.person, {}).get("name", ""),
            "since": running.local(one.since_utc_ms).isoformat(timespec="seconds") if one.since_utc_ms else None,
            "is_by_post": one.by_post,
        }
        for one in sorted(cabinet.counter.values(), key=lambda each: (each.since_utc_ms, each.result))
    ]
