"""Figures for Prometheus: one registry an app, set when somebody looks. No personal data, no ids."""

from __future__ import annotations

import apsw
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from api.clerk_snapshot import CENTRE_CURSOR
from api.running import Running
from locker import views
from otp import throttle

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Meters:
    """Owns the registry of one app."""

    def __init__(self, running: Running) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(running.commit_seconds)
        self._seq = self._gauge("locker_journal_seq", "Number of the last fact.")
        self._unsent = self._gauge("locker_unsent_facts", "Facts the centre has not acknowledged.")
        self._state = self._gauge("locker_state", "1 for the state the cabinet is in.", "state")
        self._centre = self._gauge("locker_centre_online", "1 while the centre answers.")
        self._open = self._gauge("locker_doors_open", "Doors that stand open.")
        self._servable = self._gauge("locker_compartments_servable", "Compartments whose board serves.")
        self._quarantined = self._gauge("locker_compartments_quarantined", "Compartments that wait for a look.")
        self._inside = self._gauge("locker_hand_overs_inside", "Hand-overs in the cabinet.")
        self._incidents = self._gauge("locker_incidents_open", "Incidents nobody has closed.")
        self._board = self._gauge("locker_board_online", "1 while the board answers.", "board")
        self._bus = self._gauge("locker_bus_events", "What happened on a bus since the start.", "bus", "event")
        self._notices = self._gauge("locker_notices", "Notices of all time by outcome.", "outcome")
        self._throttle = self._gauge("locker_throttle_level", "Wrong codes the cabinet still bears.")

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, registry=self._registry)

    async def read(self, running: Running) -> bytes:
        """The figures of now in the text format."""
        acked, totals = await running.journal.read(_totals)
        cabinet = running.journal.cabinet
        self._seq.set(cabinet.seq)
        self._unsent.set(max(0, cabinet.seq - acked))
        self._state.clear()
        self._state.labels(running.state).set(1)
        self._centre.set(running.centre.is_online)
        self._open.set(sum(one.is_open for one in cabinet.compartments.values()))
        self._servable.set(len(running.doors.servable))
        self._quarantined.set(sum(bool(one.quarantine) for one in cabinet.compartments.values()))
        self._inside.set(sum(one.stage == "loaded" for one in cabinet.hand_overs.values()))
        self._incidents.set(len(cabinet.incidents))
        self._throttle.set(throttle.refill(cabinet.bucket, running.clock().uptime_ms).level_milli / 1000)
        for name, board in running.doors.boards.items():
            self._board.labels(name).set(board.is_online)
        for bus in running.doors.buses:
            for event in ("exchanges", "time_outs", "crc_errors", "foreign_replies", "connects"):
                self._bus.labels(bus.name, event).set(getattr(bus.counters, event))
        for outcome, count in totals.items():
            self._notices.labels(outcome).set(count)
        return generate_latest(self._registry)


def _totals(connection: apsw.Connection) -> tuple[int, dict[str, int]]:
    acked = connection.execute("SELECT seq FROM cursor WHERE name = ?", (CENTRE_CURSOR,)).get
    return int(acked or 0), views.notice_totals(connection)
