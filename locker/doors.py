"""The doors worker: pulses what a live grant permits, and turns edges of door inputs into facts.

A train is at most three pulses, the lock's cooling gap between them; the first within 15 s of the grant, the last
within 60 s; none follows once the visitor has left. Grants of another run are never pulsed. A pulse is only a request
to a lock: what happened is what the sensor shows or, for a suspect one, what a person says. The rules of what a
movement means are in `locker.rules.doors`. What happened at the steel is put on record in its order, also when the disk
was full meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import structlog

from hw import debounce, watch
from hw.board import Board
from hw.bus import Bus
from hw.errors import BoardBusy, Fault, PulseTooSoon, PulseUnconfirmed, Unanswered
from locker import contents, patience
from locker import events as ev
from locker.config import CompartmentEntry, Wiring
from locker.journal import Journal
from locker.model import Cabinet, Grant
from locker.rules import doors as rules

PULSES_A_TRAIN = 3
SEEN_WITHIN_S = 3.0
ASKED_AT_MOST, ASKED_AGAIN_AFTER_S = 3, 0.5
log = structlog.get_logger()

Reading = Literal["closed", "open", "unknown"]
Watch = Callable[[Bus, Sequence[Board], watch.Listener], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Heard:
    """Something a watch reported, with the pulse windows of that moment."""

    board: str
    what: debounce.Edge | watch.StrayCoil
    window: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BoardState:
    """Whether a board serves now; `cause` is the sentence that says why not, `fault` the kind of it by its class.

    `version` as the board told it: 300 means 3.00, 0 that it tells none.
    """

    is_online: bool
    cause: str = ""
    fault: str = ""
    version: int = 0


class Doors:
    """Owns the buses of one cabinet for the life of the process. `run` must run for anything to move.

    `is_on_trial`: the cabinet does not serve. Boards and doors are only read; `locker.bench` pulses, and no movement is
    booked.
    """

    def __init__(
        self,
        *,
        journal: Journal[Cabinet],
        wiring: Wiring,
        buses: Sequence[Bus],
        boards: Mapping[str, Board],
        uptime_ms: Callable[[], int],
        watching: Watch = watch.watch,
        pause_s: float = patience.PAUSE_S,
        is_on_trial: bool = False,
    ) -> None:
        self._journal = journal
        self._is_on_trial = is_on_trial
        self._wiring = wiring
        self._by_number = dict(wiring.by_number)
        self._buses = tuple(buses)
        self._boards = dict(boards)
        self._uptime_ms = uptime_ms
        self._watching = watching
        self._pause_s = pause_s
        self._states = {name: BoardState(is_online=False, cause="not asked yet", fault="NotAsked") for name in boards}
        self._at = {(entry.eye, entry.input): entry.number for entry in wiring.compartment if entry.input is not None}
        self._settled = {name: self._unsettled(name) for name in boards}
        self._window: dict[str, int] = {}
        self._reports: asyncio.Queue[Heard] = asyncio.Queue()
        self._started: set[str] = set()
        self._strayed: dict[str, set[tuple[int, bool]]] = {}
        self._change = asyncio.Event()

    def _unsettled(self, board: str) -> debounce.Debounce:
        inverted = [
            entry.input
            for entry in self._wiring.compartment
            if entry.eye == board and entry.inverted and entry.input is not None
        ]
        inverted += [
            entry.content_input
            for entry in self._wiring.compartment
            if entry.content_eye == board and entry.content_inverted and entry.content_input is not None
        ]
        return debounce.unsettled(self._boards[board].profile.inputs, inverted)

    # --- what others ask

    @property
    def boards(self) -> Mapping[str, BoardState]:
        """Each board by its name in the configuration."""
        return dict(self._states)

    @property
    def buses(self) -> tuple[Bus, ...]:
        return self._buses

    @property
    def readings(self) -> Mapping[int, Reading]:
        """What the door inputs show now, by compartment; unknown before the first two equal reads."""
        return {number: self._reading(number) for number in self._by_number}

    @property
    def empty(self) -> Mapping[int, bool]:
        """Whether nothing is inside, of compartments whose content sensor shows it and whose door reads closed."""
        seen: dict[int, bool] = {}
        for entry in self._wiring.compartment:
            if entry.content_input is None or self._reading(entry.number) != "closed":
                continue
            state = self._settled[entry.content_eye].states[entry.content_input]
            if self._states[entry.content_eye].is_online and state != "unknown":
                seen[entry.number] = state == "closed"
        return seen

    @property
    def servable(self) -> frozenset[int]:
        """Compartments whose board is proved and in service and has current, so that their door can be pulsed now."""
        if self._is_on_trial or self._journal.cabinet.panel.is_supply_cut:
            return frozenset()
        out = self._journal.cabinet.boards_out
        return frozenset(
            entry.number
            for entry in self._wiring.compartment
            if self._is_heard(entry.board) and self._is_heard(entry.eye) and entry.board not in out
        )

    def _is_heard(self, board: str) -> bool:
        """Whether a board serves by the last round of reads, and its line was not lost since."""
        return self._states[board].is_online and self._boards[board].is_proved

    async def changed(self) -> None:
        """Return at the next change of a board's state or a door's reading."""
        await self._change.wait()

    def _tell(self) -> None:
        self._change.set()
        self._change = asyncio.Event()

    def _reading(self, number: int) -> Reading:
        entry = self._by_number[number]
        if entry.input is None or not self._states[entry.eye].is_online:
            return "unknown"
        return self._settled[entry.eye].states[entry.input]

    # --- the life of the worker

    async def run(self) -> None:
        """Own the buses until cancelled; then every coil is switched off, as far as boards answer."""
        async with asyncio.TaskGroup() as group:
            owners = [group.create_task(bus.run(), name=f"bus {bus.name}") for bus in self._buses]
            try:
                async with asyncio.TaskGroup() as work:
                    for bus in self._buses:
                        boards = [board for board in self._boards.values() if board.bus is bus]
                        work.create_task(self._watch(bus, boards), name=f"watch {bus.name}")
                    if not self._is_on_trial:
                        self._serve(work)
            finally:
                await self._release_all()
                for owner in owners:
                    owner.cancel()

    def _serve(self, work: asyncio.TaskGroup) -> None:
        work.create_task(self._book_reports(), name="door edges")
        work.create_task(self._serve_grants(work), name="grants")
        if any(entry.content_input is not None for entry in self._wiring.compartment):
            seeing = contents.run(self._journal, self, uptime_ms=self._uptime_ms, pause_s=self._pause_s)
            work.create_task(seeing, name="contents")

    async def _watch(self, bus: Bus, boards: Sequence[Board]) -> None:
        await self._watching(bus, boards, self._hear)

    async def _release_all(self) -> None:
        for board in self._boards.values():
            if board.bus.is_online:
                try:
                    async with asyncio.timeout(1):
                        await board.release_all()
                except (Fault, TimeoutError) as fault:
                    log.warning("board not released", board=board.name, reason=str(fault))

    def _hear(self, report: watch.Report) -> None:
        """Called by the watch of a bus, in order; quick, and never waits."""
        match report:
            case watch.InputsRead(board=board, inputs=inputs):
                self._settled[board], edges = debounce.fold(self._settled[board], inputs)
                for edge in edges:
                    self._report(Heard(board, edge, dict(self._window)))
                if edges:
                    self._tell()
            case watch.BoardProved(board=board, identity=identity):
                self._settled[board] = self._unsettled(board)
                self._states[board] = BoardState(is_online=True, version=identity.version)
                self._tell()
            case watch.BoardLost(board=board, cause=cause):
                self._states[board] = BoardState(is_online=False, cause=str(cause), fault=type(cause).__name__)
                self._tell()
            case watch.StrayCoil(board=board):
                self._report(Heard(board, report, {}))

    def _report(self, heard: Heard) -> None:
        if not self._is_on_trial:
            self._reports.put_nowait(heard)

    async def _book_reports(self) -> None:
        while True:
            heard = await self._reports.get()
            if isinstance(heard.what, debounce.Edge):
                await self._book_edge(heard.board, heard.what, heard.window)
            else:
                await self._book_stray(heard.board, heard.what)

    async def _book_stray(self, board: str, stray: watch.StrayCoil) -> None:
        """Once for each coil while the board is out of service for it; a coil that stays on is found every round."""
        if board not in self._journal.cabinet.boards_out:
            self._strayed.pop(board, None)
        known = self._strayed.setdefault(board, set())
        news = [(coil, stray.cleared) for coil in stray.coils if (coil, stray.cleared) not in known]
        known.update(news)
        events = tuple(ev.CoilStrayed(board=board, coil=coil, cleared=cleared) for coil, cleared in news)
        if events:
            await self._land(lambda *_: ev.Decision(events=events), "a coil on without a pulse")

    async def _book_edge(self, board: str, edge: debounce.Edge, window: Mapping[str, int]) -> None:
        number = self._at.get((board, edge.input))
        if number is None:
            return

        def decide(cabinet: Cabinet, _known: None, moment: ev.Moment) -> ev.Decision:
            if edge.now == "closed":
                return rules.closed(cabinet, number)
            driver = self._by_number[number].board
            return rules.opened(
                cabinet, number, board=driver, window=window, found=edge.was == "unknown", moment=moment
            )

        await self._land(decide, "the movement of a door")

    async def _land(self, decide: Callable[[Cabinet, None, ev.Moment], ev.Decision], what: str) -> None:
        await patience.land(self._journal, decide, what=what, must_land=True, pause_s=self._pause_s)

    # --- grants

    async def _serve_grants(self, work: asyncio.TaskGroup) -> None:
        cabinet = self._journal.cabinet
        while True:
            for grant in cabinet.grants.values():
                if not grant.is_opened and grant.grant not in self._started and grant.run_id == cabinet.run_id:
                    self._started.add(grant.grant)
                    work.create_task(self._train(grant), name=f"train {grant.grant}")
            self._started &= set(cabinet.grants)
            cabinet = await self._journal.changed(cabinet.seq)

    async def _train(self, grant: Grant) -> None:
        """Pulse one door until it is seen open, is refused, or the train is over."""
        entry = self._by_number[grant.compartment]
        if self._reading(entry.number) == "open":
            await self._land(lambda cabinet, *_: rules.suspect(cabinet, entry.number), "a sensor that cannot be right")
        is_suspect = self._journal.cabinet.compartment(entry.number).is_suspect
        try:
            sent, lapsed = await self._pulses(grant, entry, most=1 if is_suspect else PULSES_A_TRAIN)
        finally:
            self._window.pop(grant.grant, None)
        if lapsed:
            await self._land(
                lambda cabinet, *_: rules.lapse(cabinet, grant.grant, cause=lapsed, pulses=sent), "a grant's end"
            )
        else:
            await self._land(lambda cabinet, *_: rules.did_not_open(cabinet, grant.grant, pulses=sent), "a train's end")

    async def _pulses(self, grant: Grant, entry: CompartmentEntry, *, most: int) -> tuple[int, str]:
        """Pulses sent, and why the grant lapsed (empty: it did not, the door is open or was pulsed in vain).

        A board that was not understood, or was busy, before a pulse went out is asked again: one garbled frame must
        not send anybody home.
        """
        sent = refused = 0
        while sent < most and self._is_live(grant):
            if not self._is_awaited(grant):
                return sent, "" if sent else rules.LEFT
            age_ms = self._uptime_ms() - grant.issued_uptime_ms
            if age_ms > (rules.GRANT_FIRST_PULSE_MS if sent == 0 else rules.GRANT_TRAIN_MS):
                return sent, "too_late" if sent == 0 else ""
            if entry.board in self._journal.cabinet.boards_out and grant.purpose not in ("inspect", "prove"):
                return sent, "board_out_of_service"
            self._pulsed(grant, sent + 1)
            try:
                sent += await self._unlock(entry)
            except PulseTooSoon as limit:
                self._pulsed(grant, sent)
                await self._is_over(grant, within_s=max(limit.retry_after_s, 0.01))
                continue
            except Fault as fault:
                log.warning("pulse refused", compartment=entry.number, reason=str(fault))
                unconfirmed = fault.pulses_sent if isinstance(fault, PulseUnconfirmed) else 0
                sent += unconfirmed
                self._pulsed(grant, sent)
                if not unconfirmed:
                    refused += 1
                    if refused >= ASKED_AT_MOST or not isinstance(fault, Unanswered | BoardBusy):
                        return sent, type(fault).__name__
                    await self._is_over(grant, within_s=ASKED_AGAIN_AFTER_S)
                    continue
            await self._is_over(grant, within_s=SEEN_WITHIN_S)
        return sent, ""

    def _pulsed(self, grant: Grant, pulses: int) -> None:
        """Keep the pulse window of this grant's door: what opens from now on may be due to its pulse."""
        if pulses:
            self._window[grant.grant] = pulses
        else:
            self._window.pop(grant.grant, None)

    async def _unlock(self, entry: CompartmentEntry) -> int:
        """Pulse the lock; how many frames it took. Raises a Fault."""
        assert entry.input is not None
        lock = self._wiring.lock_model(entry.lock)
        board, eye = self._boards[entry.board], self._boards[entry.eye]
        unlocked = await board.unlock(entry.coil, pulse_ms=lock.pulse_ms, door_input=entry.input, eye=eye)
        return unlocked.pulses_sent

    def _is_live(self, grant: Grant) -> bool:
        present = self._journal.cabinet.grants.get(grant.grant)
        return present is not None and not present.is_opened and present.run_id == self._journal.cabinet.run_id

    def _is_awaited(self, grant: Grant) -> bool:
        """Whether its visitor has not said goodbye; a lock is pulsed for somebody who stands there (I9)."""
        present = self._journal.cabinet.grants.get(grant.grant)
        return present is not None and not present.has_left

    async def _is_over(self, grant: Grant, *, within_s: float) -> bool:
        """Whether the grant is used or gone, waiting for it at most `within_s` seconds."""
        try:
            async with asyncio.timeout(within_s):
                cabinet = self._journal.cabinet
                while self._is_live(grant):
                    cabinet = await self._journal.changed(cabinet.seq)
        except TimeoutError:
            return False
        return True
