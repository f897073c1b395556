"""People as simple behaviours: they act on screens through the functions of `api`, and on doors with their hands."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from api import kiosk
from api.bodies import Nothing
from api.kiosk_snapshot import REMINDERS_S
from api.running import Running
from locker import refusals as why
from locker.model import Cabinet, HandOver
from otp import codes
from simulator.doors import CannotReach, Door, Position

if TYPE_CHECKING:
    from simulator.twin.world import World

HOUR_S, DAY_S = 3600.0, 86400.0
CODE = re.compile(r"\b\d{4} \d{4} \d{4}\b")
CAME_IN_VAIN = (why.BoardOffline, why.CompartmentBusy, why.DoorDidNotOpen, why.TooManyAttempts)
PATIENCE, WAITS_S = 3, 180.0
"""How often somebody types the code again after the screen went dark, and how long they wait for it to come back."""
CODE_COMES_S = 300.0
HEEDED = 1 / 3
"""Of those who walk away from an open door, how many turn back at each reminder; no source was found for it."""
T = TypeVar("T")


class Dark(Exception):
    """The screen is dark: the controller has no power."""


def in_words(refusal: Exception) -> str:
    """What the screen said, shortly."""
    words = {
        "BoardOffline": "its board did not answer",
        "CompartmentBusy": "its door was at work",
        "DoorDidNotOpen": "its door did not open",
        "TooManyAttempts": "the keypad made everybody wait",
        "IntakeFull": "no more papers are taken now",
        "NoFreeCompartment": "no compartment is free",
        "NoReachableCompartment": "no compartment in reach is free",
        "NoticesOffline": "no message can be sent",
        "Dark": "the screen was or went dark",
    }
    return words.get(type(refusal).__name__, type(refusal).__name__)


async def ask(world: World, act: Callable[[Running], Awaitable[T]]) -> T:
    """What a screen answers. Raises Dark, and what the cabinet refuses."""
    controller = world.controller
    if controller is None:
        raise Dark
    try:
        return await act(controller.running)
    except why.FinalStorageFault as fault:
        if world.controller is controller:
            raise
        raise Dark from fault


async def until(world: World, holds: Callable[[Cabinet], bool], within_s: float) -> bool:
    """Whether a screen comes to show it within so many seconds."""
    if world.controller is None:
        return False
    journal = world.controller.journal
    try:
        async with asyncio.timeout(within_s):
            cabinet = journal.cabinet
            while not holds(cabinet):
                cabinet = await journal.changed(cabinet.seq)
    except (TimeoutError, why.FinalStorageFault):
        return False
    return True


def push(world: World, number: int) -> None:
    """Push a door shut, if it stands open."""
    with suppress(CannotReach):
        world.steel.touch(number, lambda door, at: door.push(at))


def leave_open(world: World, number: int) -> None:
    """Walk away from an open door: back at a reminder of the cabinet, if it gives one, else somebody shuts it later."""
    world.spawn(_turn_back(world, number))


async def _turn_back(world: World, number: int) -> None:
    rng, opened_at = world.rng, world.steel.opened_at[number]
    for reminder_s in REMINDERS_S:
        await asyncio.sleep(max(0.0, opened_at + reminder_s - world.loop.time()))
        cabinet = world.state()
        if cabinet is not None and cabinet.compartment(number).is_open and rng.random() < HEEDED:
            world.judge.felt["turned back at a reminder"] += 1
            await asyncio.sleep(5.0 + 10.0 * rng.random())
            push(world, number)
            return
    world.judge.felt["left a door open"] += 1
    await asyncio.sleep(HOUR_S * (0.05 + 0.5 * rng.random()))
    push(world, number)


async def go_through(world: World, number: int, act: Callable[[Door, float], None], *, forget: bool = False) -> bool:
    """Wait for a door to spring open, pull at one that does not, reach in, shut it. Whether it opened."""
    steel, rng = world.steel, world.rng
    opened = await steel.until_shut(number, is_shut=False, within_s=3.0)
    for _ in range(4):
        if opened:
            break
        steel.touch(number, lambda door, at: door.pull(at))
        opened = await steel.until_shut(number, is_shut=False, within_s=3.0)
    if not opened:
        return False
    await asyncio.sleep(1.0 + 2.0 * rng.random())
    steel.touch(number, lambda door, at: door.pull(at))
    steel.touch(number, act)
    await asyncio.sleep(2.0 + 4.0 * rng.random())
    if forget:
        return True
    push(world, number)
    # Behind a switch that saw nothing the train goes on, and the door springs open once more.
    await until(world, lambda cabinet: (grant := cabinet.grant_on(number)) is None or grant.is_opened, 15.0)
    await asyncio.sleep(1.0)
    push(world, number)
    return True


# --- citizens


class Reader(Protocol):
    """Who has a phone."""

    def read(self, text: str, number: str, /) -> None: ...


@dataclass
class Citizen:
    """Somebody who is owed results. `has_code` is set by a message that shows one."""

    key: str
    phone: str
    on_file: str = ""
    """The number the office has."""
    results: list[str] = field(default_factory=list)
    typed: str = ""
    heard_on: str = ""
    """The number that the message with the code came to; the screen asks for the end of this one."""
    has_code: asyncio.Event = field(default_factory=asyncio.Event)
    visits: int = 0
    had_no_message: bool = False
    has_come: bool = False
    """Stood at the cabinet, with a code or without."""
    trouble: str = ""
    """What kept the person from all papers on the present visit."""

    def read(self, text: str, number: str, /) -> None:
        """A message came to this number."""
        if (found := CODE.search(text)) is not None:
            self.typed, self.heard_on = found[0], number
            self.has_code.set()


async def live(world: World, citizen: Citizen) -> None:
    """From the first message to the last paper in hand."""
    rng = world.rng
    is_lazy = rng.random() < 0.02
    if rng.random() < 0.004:
        world.later(3 * DAY_S * rng.random(), lambda: world.office.come_to_counter(citizen))
    while not world.is_done(citizen):
        try:
            async with asyncio.timeout(2 * DAY_S):
                await citizen.has_code.wait()
        except TimeoutError:
            await _do_without(world, citizen)
            continue
        await asyncio.sleep(min(5 * DAY_S, HOUR_S * rng.lognormvariate(1.7, 1.0)) + (30 * DAY_S if is_lazy else 0.0))
        if world.is_done(citizen):
            return
        async with world.keypad:
            await visit(world, citizen)
        if not world.is_done(citizen):
            await asyncio.sleep(HOUR_S * (2.0 + 12.0 * rng.random()))
    if citizen.had_no_message:
        _count_helped(world, citizen)
    if citizen.visits and rng.random() < 0.05:
        async with world.keypad:
            await _try_used_code(world, citizen)


def _count_helped(world: World, citizen: Citizen) -> None:
    """Whoever got no message and was owed something by the cabinet.

    It owes nothing once the office has taken everything back, nor to who has it from the counter and never came here.
    """
    felt = world.judge.felt
    if all(key in world.office.cancelled for key in citizen.results):
        felt["without a usable message, all cancelled by the office"] += 1
        return
    is_at_counter = citizen.key in world.office.came_to_counter
    if is_at_counter and not citizen.has_come and all(world.where[key] == "office" for key in citizen.results):
        felt["without a usable message, went to the counter instead"] += 1
        return
    is_helped = any(world.where[key] == citizen.key for key in citizen.results)
    felt["without a usable message"] += 1
    felt["without a usable message, served at the cabinet"] += is_helped
    if not is_helped:
        world.judge.tell(
            "without a usable message, never served", f"{citizen} {world.office.cancelled & {*citizen.results}}"
        )


async def visit(world: World, citizen: Citizen) -> None:
    """One visit; papers taken on it are the citizen's own, or the judge hears of it."""
    owed = world.owed(citizen)
    if not owed:
        citizen.has_code.clear()
        return
    citizen.visits += 1
    citizen.has_come = True
    citizen.trouble = ""
    world.judge.felt["visits"] += 1
    first = citizen.visits == 1
    for _ in range(PATIENCE):
        try:
            began = await _type_code(world, citizen)
            if began:
                await _empty_doors(world, citizen, began)
        except Dark:
            world.judge.felt["came to a dark screen"] += 1
            citizen.trouble = "the screen was or went dark"
            if await _until_lit(world):
                continue
        break
    left_with = [key for key in owed if not world.is_inside(key)]
    if first:
        world.judge.felt["first visits"] += 1
        world.judge.felt["first visits with all papers"] += len(left_with) == len(owed)
        if len(left_with) < len(owed):
            why_not = citizen.trouble or "something was left inside"
            world.judge.tell(f"first visit in vain: {why_not}", _left_behind(world, owed))


def _left_behind(world: World, owed: list[str]) -> str:
    """What the record says of what is still inside."""
    cabinet = world.state()
    left = (
        [] if cabinet is None else [one for one in cabinet.hand_overs.values() if not set(owed).isdisjoint(one.results)]
    )
    return "; ".join(str(one) for one in left if any(world.is_inside(key) for key in one.results))


async def _until_lit(world: World) -> bool:
    """Whether the screen came back while somebody stood there."""
    for _ in range(int(WAITS_S / 10)):
        await asyncio.sleep(10.0)
        if world.controller is not None:
            await asyncio.sleep(15.0)
            return True
    return False


async def _do_without(world: World, citizen: Citizen) -> None:
    """No message for two days: type the phone number at the cabinet, or call the office."""
    rng = world.rng
    inside = world.owed(citizen)
    citizen.had_no_message = citizen.had_no_message or bool(inside)
    if not inside or rng.random() < 0.4:
        world.office.call(citizen)
        return
    async with world.keypad:
        citizen.has_come = True
        await asyncio.sleep(40.0)
        asked_at = world.loop.time()
        try:
            await ask(world, partial(kiosk.lost_code, kiosk.LostCode(phone="0" + citizen.phone[3:])))
        except (why.Refusal, why.Fault, Dark) as no:
            world.judge.tell(f"no new code at the kiosk: {in_words(no)}")
            return
        try:
            async with asyncio.timeout(CODE_COMES_S):
                await citizen.has_code.wait()
        except TimeoutError:
            world.judge.tell("asked for a new code at the kiosk and none came while waiting")
            world.office.call(citizen)
            return
        world.judge.felt["got a new code at the kiosk"] += 1
        world.judge.felt["got it within two minutes"] += world.loop.time() - asked_at <= 120.0
        await visit(world, citizen)


async def _type_code(world: World, citizen: Citizen) -> str:
    """The visit's id, or empty when the keypad said no."""
    rng = world.rng
    await asyncio.sleep(15.0 + 20.0 * rng.random())
    if rng.random() < 0.1:
        slip = citizen.typed[:-1] + str((int(citizen.typed[-1]) + 1 + rng.randrange(8)) % 10)
        with suppress(why.CodeMalformed):
            await ask(world, lambda running: kiosk.submit(kiosk.Submitted(digits=slip), running))
            world.judge.broken("I5", "a code with a slip of the finger was taken")
        await asyncio.sleep(10.0)
    second: str | None = None
    for _ in range(6):
        body = kiosk.Submitted(digits=citizen.typed, second=second)
        try:
            return (await ask(world, partial(kiosk.submit, body))).visit
        except why.SecondCheckNeeded:
            world.judge.felt["asked for the phone's last digits"] += 1
            second = citizen.heard_on[-4:]
            await asyncio.sleep(8.0)
        except why.TooManyAttempts as limit:
            await asyncio.sleep(limit.retry_after_s + 1.0)
        except why.CodeRefused:
            await _refused(world, citizen)
            return ""
        except CAME_IN_VAIN as fault:
            citizen.trouble = in_words(fault)
            return ""
    citizen.trouble = "asked to wait too often"
    return ""


async def _refused(world: World, citizen: Citizen) -> None:
    """Was it right? A code whose verifier holds and whose papers are free to go must not be refused (I14)."""
    typed = codes.parse(citizen.typed)
    assert isinstance(typed, codes.Typed)
    proof = await ask(world, lambda running: running.proofs.prove(typed, second=None))
    cabinet = world.state()
    code = None if cabinet is None else cabinet.codes.get(proof.code)
    if cabinet is not None and code is not None:
        recipient = cabinet.bundles[code.bundle].recipient
        owed = [
            one
            for one in cabinet.hand_overs_of(recipient)
            if one.stage == "loaded" and not one.is_cancelled and not one.disputed
        ]
        if owed:
            world.judge.felt["refused with a right code"] += 1
            world.judge.broken("I14", f"{citizen.key} was refused with a right code")
    world.judge.felt["refused: the code was over"] += 1
    citizen.trouble = "the code was over"
    citizen.has_code.clear()
    world.office.call(citizen)


async def _empty_doors(world: World, citizen: Citizen, visit_id: str) -> None:
    for _ in range(8):
        await asyncio.sleep(0.2)
        cabinet = world.state()
        one = None if cabinet is None else _granted_to(cabinet, citizen.key)
        if one is not None:
            await _at_door(world, citizen, visit_id, one)
        try:
            await ask(world, lambda running: kiosk.open_next(visit_id, Nothing(), running))
        except (why.Refusal, why.Fault) as no:
            if isinstance(no, CAME_IN_VAIN):
                citizen.trouble = citizen.trouble or in_words(no)
            break
    if world.rng.random() < 0.6:
        await ask(world, lambda running: kiosk.leave(visit_id, Nothing(), running))


def _granted_to(cabinet: Cabinet, recipient: str) -> HandOver | None:
    """Whose door is opening for this person, or stands open since before the screen went dark."""
    granted = {grant.hand_over for grant in cabinet.grants.values() if grant.purpose == "collect"}
    for one in cabinet.hand_overs_of(recipient):
        stands_open = one.open_for == "collect" and cabinet.compartment(one.compartment).is_open
        if one.hand_over in granted or stands_open:
            return one
    return None


async def _at_door(world: World, citizen: Citizen, visit_id: str, one: HandOver) -> None:
    found: list[str] = []
    forgets = world.rng.random() < 0.03

    def take(door: Door, at: float) -> None:
        found.extend(door.take(at))

    opened = await go_through(world, one.compartment, take, forget=forgets)
    for label in found:
        world.taken(label, citizen.key)
        if label not in citizen.results:
            world.judge.wrong_papers(label, citizen.key)
    if forgets and opened:
        leave_open(world, one.compartment)
        return
    if not opened:
        citizen.trouble = "the door stayed shut"
    elif not found:
        citizen.trouble = "the compartment was empty"
    said = await _what_to_say(world, one, opened=opened, found=found)
    if said:
        with suppress(why.Refusal):
            body = kiosk.Said.model_validate({"hand_over": one.hand_over, "said": said})
            await ask(world, lambda running: kiosk.answer(visit_id, body, running))


async def _what_to_say(world: World, one: HandOver, *, opened: bool, found: list[str]) -> str:
    """What the person answers to what the screen asks; empty: walks away."""
    number, roll = one.compartment, world.rng.random()
    await until(world, lambda cabinet: cabinet.grant_on(number) is None, 20.0)
    cabinet = world.state()
    present = None if cabinet is None else cabinet.hand_overs.get(one.hand_over)
    if cabinet is None or present is None:
        return ""
    if cabinet.compartment(number).is_open and present.open_for == "collect":
        return "door_is_shut" if opened and roll < 0.7 else ""
    if not opened:
        return "door_stayed_shut" if roll < 0.8 else ""
    if not found:
        return "empty"
    if roll < 0.01:
        world.judge.felt["pressed a complaint without cause"] += 1
        return "incomplete"
    return "received_all" if roll < 0.75 else ""


async def _try_used_code(world: World, citizen: Citizen) -> None:
    """Somebody finds the old message and tries again (I5)."""
    cabinet = world.state()
    if cabinet is None or any(one.stage == "loaded" for one in cabinet.hand_overs_of(citizen.key)):
        return
    with suppress(why.Refusal, why.Fault, Dark):
        await ask(world, lambda running: kiosk.submit(kiosk.Submitted(digits=citizen.typed), running))
        world.judge.broken("I5", f"the used code of {citizen.key} was taken again")


async def vandalise(world: World, tries: int) -> None:
    """Somebody types guesses, one after another; others get their turn in between."""
    rng = world.rng
    for _ in range(tries):
        guess = codes.compose(str(rng.randrange(100, 1000)), f"{rng.randrange(10**8):08d}")
        second = f"{rng.randrange(10**4):04d}" if rng.random() < 0.5 else None
        async with world.keypad:
            await asyncio.sleep(8.0)
            with suppress(why.Refusal, why.Fault, Dark):
                await ask(world, partial(kiosk.submit, kiosk.Submitted(digits=guess, second=second)))
                world.judge.broken("I11", "a guess at the keypad was right")
        world.judge.felt["guesses of a vandal"] += 1


def is_shut(world: World, number: int) -> bool:
    """Whether the leaf is shut, whatever the switch says."""
    return world.steel.model.doors[number].position is Position.CLOSED
