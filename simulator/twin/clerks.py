"""The clerk's round at the cabinet: look where something is uncertain, take back, load, close the round."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from api import clerk, incidents
from api.bodies import Nothing
from api.running import Running
from api.sessions import Member, Session
from locker import refusals as why
from locker.model import Cabinet, HandOver
from locker.rules import commissioning
from locker.rules.results import check_loadable
from simulator.doors import Door
from simulator.twin import counter, mishaps, morning
from simulator.twin.people import Dark, ask, go_through, is_shut, push, until

if TYPE_CHECKING:
    from simulator.twin.world import World

LAN = Member(user="lan", name="Lan", role="clerk")
SAID_NO = (why.Refusal, why.BoardOffline, why.DoorDidNotOpen)


Act = Callable[[Running, Session], Awaitable[Any]]


class Clerk:
    """One clerk at the cabinet, signed in and proved to be there."""

    def __init__(self, world: World, session: Session) -> None:
        self.world = world
        self.session = session

    async def ask(self, act: Act) -> Any:
        """What the clerk's page answers. Raises Dark and refusals."""
        return await ask(self.world, lambda running: act(running, self.session))

    async def prove_presence(self) -> None:
        """Type the kiosk's number again. Raises Dark."""
        self.session = await ask(self.world, _prove_presence)

    # --- the round

    async def look_after(self) -> None:
        """Everything that waits for a clerk."""
        for board in list(self.cabinet.boards_out):
            mishaps.mend_wires(self.world)
            with suppress(*SAID_NO):
                await self.ask(partial(_prove_board, board))
        for number in sorted(self.world.steel.model.doors):
            if _waits_for_look(self.cabinet, number):
                await self.inspect(number)
        called = self.world.office.take_calls()
        for key, one in list(self.cabinet.hand_overs.items()):
            if one.stage == "loaded" and self.is_due_back(one, called):
                await self.reclaim(key)
        for incident in list(self.cabinet.incidents):
            with suppress(*SAID_NO):
                await self.ask(partial(_close_incident, incident))
        for key in called:
            waiting = [one for one in self.cabinet.hand_overs_of(key) if one.stage == "loaded"]
            for one in waiting[:1]:
                with suppress(*SAID_NO):
                    await self.ask(partial(_new_code, one.hand_over))

    def is_due_back(self, one: HandOver, called: Collection[str] = ()) -> bool:
        """Whether it is on today's list of what comes out again; not who has just called that no message came."""
        return one.is_cancelled or (self.world.is_overdue(one) and one.recipient not in called)

    async def load_all(self) -> None:
        """Every envelope on the desk that may go in, one recipient after another, until the cabinet is full."""
        full: set[tuple[str, str]] = set()
        for results in self._piles():
            wants = self._wants(results)
            if wants in full:
                self.world.judge.felt["left at the counter: full"] += len(results)
                continue
            await asyncio.sleep(8.0)
            if not await self._load(results):
                break
            if not set(results).isdisjoint(self.world.office.desk):
                full.add(wants)
        with suppress(*SAID_NO):
            await self.ask(lambda running, session: clerk.close_round(session, running))

    @property
    def cabinet(self) -> Cabinet:
        """What the page shows. Raises Dark."""
        state = self.world.state()
        if state is None:
            raise Dark
        return state

    def _wants(self, results: tuple[str, ...]) -> tuple[str, str]:
        """Size and reach of a pile."""
        found = [one for key in results if (one := self.cabinet.results.get(key)) is not None]
        sizes, reaches = {one.size for one in found}, {one.reach for one in found}
        return next((size for size in ("L", "M", "S") if size in sizes), ""), "low" if "low" in reaches else "any"

    def _piles(self) -> list[tuple[str, ...]]:
        piles: dict[str, list[str]] = {}
        for key, result in self.cabinet.results.items():
            with suppress(why.NotLoadable):
                check_loadable(result)
                if not result.hand_over and key in self.world.office.desk:
                    piles.setdefault(result.recipient, []).append(key)
        return [tuple(results) for results in piles.values()]

    # --- one door

    async def _load(self, results: tuple[str, ...]) -> bool:
        """Whether the round goes on."""
        world = self.world
        try:
            begun = await self.ask(lambda running, session: clerk.load(clerk.Wanted(results=results), session, running))
        except (why.NoFreeCompartment, why.NoReachableCompartment):
            world.judge.felt["left at the counter: full"] += len(results)
            return True
        except why.DoorStandsOpen:
            self._shut_all()
            return False
        except SAID_NO:
            return True
        number, key = int(begun["compartment"]), str(begun["hand_over"])

        def put(door: Door, at: float) -> None:
            for label in results:
                door.put(label, at)
                world.office.desk.discard(label)

        opened = await go_through(world, number, put)
        await until(world, lambda cabinet: _is_told(cabinet, key), 15.0)
        await self._finish_load(key, number, opened=opened)
        world.judge.felt["loads"] += 1
        return True

    async def _finish_load(self, key: str, number: int, *, opened: bool) -> None:
        one = self.cabinet.hand_overs.get(key)
        if one is None or one.stage != "loading":
            return
        with suppress(*SAID_NO):
            if one.is_asked:
                answered = clerk.Answered(did_open=opened)
                await self.ask(lambda running, session: clerk.answer(key, answered, session, running))
            elif opened and self.cabinet.compartment(number).is_open:
                await self.ask(lambda running, session: clerk.shut(key, session, running))
        one = self.cabinet.hand_overs.get(key)
        if one is not None and one.stage == "loading" and not opened:
            with suppress(*SAID_NO):
                await self.ask(lambda running, session: clerk.undo(key, session, running))

    async def inspect(self, number: int, opening: Act | None = None) -> None:
        """Look inside, by another `opening` than the usual; what does not belong there comes out."""
        world, found = self.world, list[str]()
        mishaps.technician_comes_by(world, number)
        try:
            await self.ask(
                opening or (lambda running, session: clerk.inspect(number, clerk.Seconded(), session, running))
            )
        except SAID_NO:
            return
        one = self.cabinet.hand_overs.get(self.cabinet.compartment(number).hand_over)
        expected = expected_in(self.cabinet, one)

        def see(door: Door, at: float) -> None:
            found.extend(door.content)
            if sorted(found) != sorted(expected):
                world.office.desk.update(label for label in door.take(at) if label.startswith("res-"))

        if not await go_through(world, number, see):
            mishaps.mend_door(world, number)
            return
        if not await until(world, lambda cabinet: _is_at_rest(cabinet, number), 10.0):
            mishaps.mend_door(world, number)
            await until(world, lambda cabinet: _is_at_rest(cabinet, number), 10.0)
        what = "empty" if not found else "as_recorded" if sorted(found) == sorted(expected) else "something_else"
        world.judge.felt["looks inside"] += 1
        with suppress(*SAID_NO):
            seen = clerk.Seen.model_validate({"found": what})
            await self.ask(lambda running, session: clerk.look(number, seen, session, running))

    async def reclaim(self, key: str, opening: Act | None = None) -> None:
        """Take back, by another `opening` than the usual."""
        world = self.world
        try:
            begun = await self.ask(
                opening or (lambda running, session: clerk.reclaim(key, clerk.Seconded(), session, running))
            )
        except SAID_NO:
            return
        number = int(begun["compartment"])

        def take(door: Door, at: float) -> None:
            for label in door.take(at):
                world.taken(label, "office")

        opened = await go_through(world, number, take)
        await until(world, lambda cabinet: _is_told(cabinet, key), 15.0)
        one = self.cabinet.hand_overs.get(key)
        if one is not None and one.is_asked:
            with suppress(*SAID_NO):
                answered = clerk.Answered(did_open=opened)
                await self.ask(lambda running, session: clerk.answer(key, answered, session, running))
        elif one is not None and opened and self.cabinet.compartment(number).is_open:
            with suppress(*SAID_NO):
                await self.ask(lambda running, session: clerk.shut(key, session, running))
        world.judge.felt["taken back"] += 1

    def _shut_all(self) -> None:
        for number in self.world.steel.model.doors:
            if not is_shut(self.world, number):
                push(self.world, number)


async def _prove_board(board: str, running: Running, _session: Session) -> object:
    """The technician whom the clerk called finds every door good."""
    numbers = [entry.number for entry in running.config.compartments_of(board)]
    for number in numbers:
        found = commissioning.Finding(number, "good")
        await running.record(lambda *_, found=found: commissioning.tried(found, board=board, user="technician"))
    return await running.record(lambda cabinet, *_: commissioning.prove(cabinet, board, numbers, user="technician"))


async def _close_incident(incident: int, running: Running, session: Session) -> object:
    return await incidents.close(incident, session, running)


async def _new_code(hand_over: str, running: Running, session: Session) -> object:
    return await clerk.new_code(hand_over, session, running)


async def come(world: World) -> None:
    """One round of the clerk, timed; a power cut ends it."""
    began = asyncio.get_running_loop().time()
    try:
        session = await ask(world, _prove_presence)
        one = Clerk(world, session)
        await one.look_after()
        await counter.serve(one)
        await morning.collect_all(one)
        await one.load_all()
        await counter.check_stock(one)
    except Dark:
        world.judge.felt["rounds broken off by a power cut"] += 1
    world.judge.felt["clerk seconds"] += int(asyncio.get_running_loop().time() - began)


async def _prove_presence(running: Running) -> Session:
    session = running.sessions.find(running.sessions.begin(LAN))
    assert session is not None
    await clerk.ask_presence(session, running, Nothing())
    await asyncio.sleep(6.0)
    shown = running.sessions.shown()
    assert shown is not None
    await clerk.prove_presence(clerk.TypedNumber(number=shown.number), session, running)
    return session


def _waits_for_look(cabinet: Cabinet, number: int) -> bool:
    place = cabinet.compartment(number)
    one = cabinet.hand_overs.get(place.hand_over)
    is_uncertain = one is not None and bool(one.uncertain or one.disputed or one.stage == "loading")
    return bool(place.quarantine or place.is_suspect or place.is_unproved or is_uncertain)


def _is_at_rest(cabinet: Cabinet, number: int) -> bool:
    return not cabinet.compartment(number).is_open and cabinet.grant_on(number) is None


def _is_told(cabinet: Cabinet, key: str) -> bool:
    """Whether the hand-over's grant has ended in one way or another."""
    one = cabinet.hand_overs.get(key)
    return one is None or one.is_asked or not (one.open_for or cabinet.grant_on(one.compartment))


def expected_in(cabinet: Cabinet, one: HandOver | None) -> tuple[str, ...]:
    """What a clerk who opens its door should find, going by the record."""
    if one is None or one.stage == "collected":
        return ()
    if one.direction == "intake":
        paper = cabinet.intakes.get(one.hand_over)
        return () if paper is None else (paper.bag,)
    return one.results
