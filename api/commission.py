"""The guided commissioning at a terminal, service stopped: sign in, boards, every door, what is wrong, the sheet."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from api.boards import ANSWERS_WITHIN_S, OPENS_WITHIN_S, assemble_boards
from api.roster import Roster
from api.run import read_device_key, release
from api.sessions import Member
from api.sign_in import SignIn
from hw.assembly import Assembly
from hw.errors import Fault
from hw.panel import Panel
from locker import acceptance, chain, receipts, recovery, views
from locker.bench import Bench
from locker.clock import Clock, system_clock
from locker.config import CompartmentEntry, Config
from locker.journal import Journal
from locker.model import Cabinet
from locker.refusals import NotAllowed, WrongStage
from locker.replay import cabinet_fold
from locker.rules import commissioning as rules

END = "end"


class Terminal(Protocol):
    """Whoever stands at the cabinet with a keyboard."""

    async def ask(self, text: str, *, hidden: bool = False) -> str: ...
    def tell(self, text: str) -> None: ...


class Abandoned(Exception):
    """It cannot go on; the message says why and what to do."""


@dataclass(kw_only=True)
class Commissioning:
    """One guided session. `findings`: the latest of each door. `versions`: of the boards that answered."""

    config: Config
    terminal: Terminal
    journal: Journal[Cabinet]
    assembly: Assembly
    bench: Bench
    versions: Mapping[str, int]
    member: Member
    findings: dict[int, rules.Finding] = field(default_factory=dict)

    async def run(self) -> None:
        """Every door until all are good, or the technician ends it. Raises Abandoned, Refusal, Fault."""
        todo = sorted(self.config.by_number)
        while todo:
            await self.terminal.ask(f"{len(todo)} doors to try. Nothing lies inside, every door is shut? Press Enter")
            for number in todo:
                await self._try(number)
            bad = rules.summary(self.findings)
            for finding in bad:
                self.terminal.tell("! " + advice(self.config, finding))
            todo = sorted(one.number for one in self.findings.values() if one.kind != "good")
            if todo and await self.terminal.ask(f"Mend that and press Enter to try again, or type {END}") == END:
                return

    async def _try(self, number: int) -> None:
        entry = self.config.by_number[number]
        try:
            pulsed = await self.bench.pulse(number, user=self.member.user, role=self.member.role)
        except Fault as fault:
            self.terminal.tell(f"door {number}: {fault}")
            finding = rules.Finding(number, "not_tried")
        else:
            seen = await self._which_opened(entry)
            returned = seen != number or not pulsed.read_closed or await self._is_back(number)
            finding = rules.diagnose(rules.Trial(number, pulsed.read_closed, pulsed.moved, seen, returned))
        self.findings[number] = finding
        await self.bench.conclude(finding, user=self.member.user)

    async def _is_back(self, number: int) -> bool:
        """Whether the shut door reads closed again; the person is asked once to shut it firmly."""
        if (await self.bench.read())[number]:
            return True
        await self.terminal.ask(f"Door {number} still reads open. Shut it firmly and press Enter")
        return (await self.bench.read())[number]

    async def _which_opened(self, entry: CompartmentEntry) -> int:
        where = f"row {entry.row}, column {entry.column}"
        while True:
            typed = await self.terminal.ask(
                f"Door {entry.number} ({where}) opened? Shut it, then Enter. Another one opened: its number. None: 0"
            )
            if not typed:
                return entry.number
            if typed.isdecimal() and int(typed) in {0, *self.config.by_number}:
                return int(typed)
            self.terminal.tell("that is no door of this cabinet")

    async def prove_boards(self, user: str) -> None:
        """Boards whose doors are all good serve from the next start."""
        for board in self.config.board:
            numbers = [entry.number for entry in self.config.compartments_of(board.name)]
            with contextlib.suppress(WrongStage):
                await self.journal.record(
                    lambda cabinet, *_, name=board.name, numbers=numbers: rules.prove(cabinet, name, numbers, user=user)
                )


def advice(config: Config, finding: rules.Finding) -> str:
    """What is wrong with a door, and what to do."""
    entry, other = config.by_number[finding.number], config.by_number.get(finding.other)
    here = f"relay {entry.coil + 1} of board {entry.board}"
    switch = f"input {(entry.input or 0) + 1} of board {entry.eye}"
    there = there_switch = ""
    if other is not None:
        there = f"relay {other.coil + 1} of board {other.board}"
        there_switch = f"input {(other.input or 0) + 1} of board {other.eye}"
    n, m = finding.number, finding.other
    return {
        "good": f"door {n} is good",
        "not_tried": f"door {n}: board {entry.board} did not take the pulse; check its power and its bus",
        "does_not_open": f"door {n} does not open: check lock, diode, supply and the wire at {here}",
        "locks_swapped": f"doors {n} and {m}: their lock wires are exchanged; change those at {here} and {there}",
        "sensor_inverted": f"door {n}: its switch reads the wrong way round; use its other contact at {switch}, "
        f"or set inverted = {str(not entry.inverted).lower()} for compartment {n}",
        "sensor_swapped": f"doors {n} and {m}: their switch wires are exchanged; change {switch} and {there_switch}",
        "sensor_silent": f"door {n} opens, and its switch tells nothing: check switch, magnet and wire at {switch}",
        "sensor_stays": f"door {n} is shut and reads open: set the switch at {switch} so that the shut door presses it",
        "sensors_joined": f"door {n} moves the switch of door {m} too: look for a bridge between {switch} and "
        f"{there_switch}",
        "moves_alone": f"door {n} stays shut, and a switch moves: fix the switch at {switch}, check lock and wire",
    }[finding.kind]


async def commission(config: Config, terminal: Terminal, *, folder: Path, panel: Panel | None = None) -> Path:
    """The whole session; the file with the sheet. `panel` drives the contactor of the lock supply, if one is wired.

    Raises Abandoned, Refusal, StorageFault, OtpError, CannotStartError, PanelOffline.
    """
    clock = system_clock(f"r-{os.urandom(6).hex()}")
    device_key = read_device_key(config)
    config.storage.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    journal: Journal[Cabinet] = await Journal.open(
        config.storage.journal,
        cabinet_id=config.cabinet.id,
        fold=cabinet_fold(),
        clock=clock.moment,
        release=release(),
        views=views.VIEWS,
        reserve_mib=config.storage.reserve_mib,
    )
    stack = contextlib.ExitStack()
    try:
        await recovery.begin(journal, release=release(), key=receipts.public_of(device_key))
        member = await _sign_in(config, terminal, journal, device_key, clock)
        rules.refuse_loaded(journal.cabinet, config.by_number)
        async with _assembled(config) as assembly:
            _give_current(stack, panel, journal.cabinet)
            versions = await _look_at_boards(config, assembly, terminal)
            await journal.record(lambda cabinet, *_: rules.take_out(cabinet, sorted(versions), cause="commissioning"))
            bench = Bench(
                journal=journal,
                wiring=config,
                boards=assembly.boards,
                new_id=lambda: os.urandom(12).hex(),
            )
            session = Commissioning(
                config=config,
                terminal=terminal,
                journal=journal,
                assembly=assembly,
                bench=bench,
                versions=versions,
                member=member,
            )
            await session.run()
            await session.prove_boards(member.user)
        return await _write_sheet(session, member, clock, device_key, folder)
    finally:
        stack.close()
        await journal.close()


async def _sign_in(
    config: Config, terminal: Terminal, journal: Journal[Cabinet], device_key: bytes, clock: Clock
) -> Member:
    roster = Roster(journal=journal, configured=config.staff, device_key=device_key)
    sign_in = SignIn(journal=journal, roster=roster, device_key=device_key, clock=clock.moment)
    user = await terminal.ask("Your user name")
    password = await terminal.ask("Password", hidden=True)
    code = await terminal.ask("Six digits of the authenticator, or a recovery code")
    member = await sign_in.check(user=user, password=password, code=code)
    if member.role not in rules.ROLES:
        raise NotAllowed("only a technician or a leader commissions a cabinet")
    return member


def _give_current(stack: contextlib.ExitStack, panel: Panel | None, cabinet: Cabinet) -> None:
    """Let the contactor feed the locks until the stack is left. Raises Abandoned after a coil stayed on."""
    if panel is None or "lock_supply" not in panel.outputs:
        return
    if cabinet.panel.is_supply_cut:
        raise Abandoned(
            "the lock supply was cut because a coil stayed on: replace that board, start the service and give the locks"
            " their current on the clerk page first"
        )
    panel.open()
    stack.callback(panel.close)
    panel.drive("lock_supply", on=True)


@contextlib.asynccontextmanager
async def _assembled(config: Config) -> AsyncIterator[Assembly]:
    assembly = assemble_boards(config, config.limits)
    owners = [asyncio.ensure_future(bus.run()) for bus in assembly.buses]
    try:
        yield assembly
    finally:
        for board in assembly.boards.values():
            with contextlib.suppress(Fault, TimeoutError):
                async with asyncio.timeout(1):
                    await board.release_all()
        for owner in owners:
            owner.cancel()
        await asyncio.gather(*owners, return_exceptions=True)


async def _look_at_boards(config: Config, assembly: Assembly, terminal: Terminal) -> Mapping[str, int]:
    """Versions by board. Raises Abandoned when one is not what the file says."""
    versions = {}
    for entry in config.board:
        board = assembly.boards[entry.name]
        try:
            async with asyncio.timeout(OPENS_WITHIN_S):
                await board.bus.wait_online()
            async with asyncio.timeout(ANSWERS_WITHIN_S):
                await board.release_all()
                versions[entry.name] = (await board.identify()).version
        except TimeoutError as late:
            raise Abandoned(
                f"board {entry.name} does not answer; check power, wires, unit id {entry.unit_id}"
            ) from late
        except Fault as fault:
            raise Abandoned(str(fault)) from fault
        tells = f"version {versions[entry.name] / 100:.2f}" if versions[entry.name] else "no version told"
        terminal.tell(f"board {entry.name}: unit id {entry.unit_id}, {entry.profile}, {tells}: good")
    return versions


async def _write_sheet(session: Commissioning, member: Member, clock: Clock, device_key: bytes, folder: Path) -> Path:
    config, journal = session.config, session.journal
    cabinet = journal.cabinet
    head = await journal.read(lambda connection: chain.hash_at(connection, cabinet.seq))
    made = datetime.fromtimestamp(clock.wall_ms() / 1000, UTC).astimezone(ZoneInfo(config.cabinet.timezone))
    sheet = acceptance.Sheet(
        cabinet=config.cabinet.id,
        technician=member.user,
        made_at=made.isoformat(timespec="seconds"),
        boards=acceptance.boards_of(config, cabinet, session.versions),
        doors=tuple(session.findings[number] for number in sorted(session.findings)),
        seq=cabinet.seq,
        head="" if head is None else head.hex(),
    )
    key = receipts.signer(device_key)
    file = folder / acceptance.file_name(sheet)
    file.write_text(acceptance.page(sheet, acceptance.write(sheet, key), receipts.public_text(key)), encoding="utf-8")
    session.terminal.tell(f"{'ACCEPTED' if sheet.is_accepted else 'NOT ACCEPTED'}: {file}")
    return file
