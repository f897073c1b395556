"""The centre's figures for Prometheus: set when somebody looks, out of what is cheap to ask. No personal data."""

from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from sqlalchemy import Connection

from hub import cabinets, tables
from hub.cabinets import Standing
from hub.store import Store

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Outcome = Literal["told", "unknown", "too_often"]


class Meters:
    """Owns the registry of one app."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._acked = self._gauge("hub_facts_acked", "Facts acknowledged on the present line.", "cabinet")
        self._silent = self._gauge("hub_silent_seconds", "Since the cabinet last called; absent before.", "cabinet")
        self._waiting = self._gauge("hub_wishes_waiting", "Wishes the cabinet has not fetched yet.", "cabinet")
        self._room = self._gauge("hub_free_compartments", "Ready for something new, as last told.", "cabinet", "size")
        self._unreadable = self._gauge("hub_facts_unreadable", "Facts kept raw because their fields do not fit.")
        self._conflicts = self._gauge("hub_conflicts", "Results a clerk must look at, such as cancelled but taken.")
        self._questions = Counter("hub_questions", "Public questions by outcome.", ["outcome"], registry=self._registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self._registry)

    def asked(self, outcome: Outcome) -> None:
        """Count one public question."""
        self._questions.labels(outcome).inc()

    async def read(self, store: Store, *, now: datetime) -> bytes:
        """The figures of now in the text format."""
        standings, unreadable, conflicts = await store.call(_totals)
        for gauge in (self._acked, self._silent, self._waiting, self._room):
            gauge.clear()
        for one in standings:
            self._acked.labels(one.cabinet).set(one.acked_through)
            self._waiting.labels(one.cabinet).set(max(0, one.wish_head - one.wishes_seen))
            if one.room is not None:
                for size, count in (("S", one.room.small), ("M", one.room.medium), ("L", one.room.large)):
                    self._room.labels(one.cabinet, size).set(count)
            if one.last_contact is not None:
                silent = now - datetime.fromisoformat(one.last_contact)
                self._silent.labels(one.cabinet).set(silent.total_seconds())
        self._unreadable.set(unreadable)
        self._conflicts.set(conflicts)
        return generate_latest(self._registry)


def _totals(connection: Connection) -> tuple[list[Standing], int, int]:
    unreadable = sa.select(sa.func.count()).select_from(tables.fact).where(tables.IS_UNREADABLE)
    conflicts = sa.select(sa.func.count()).select_from(tables.conflict)
    return (
        cabinets.standings(connection),
        connection.execute(unreadable).scalar_one(),
        connection.execute(conflicts).scalar_one(),
    )
