"""People who leave papers for the office: they press what they did, or not, or something else."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal

from api import kiosk_intake as kiosk
from api.bodies import Nothing
from locker import refusals as why
from locker.model import Cabinet
from simulator.doors import Door
from simulator.twin.people import Dark, ask, go_through, in_words, leave_open, until

if TYPE_CHECKING:
    from simulator.twin.world import World

OTP = re.compile(r"\b\d{8}\b")
NO_PHONE_AT_HAND, WAITS_FOR_OTP_S = 0.15, 90.0
Way = Literal["says so", "walks off", "takes back", "presses cancel", "too thick", "leaves the door open"]
WAYS: dict[Way, int] = {
    "says so": 78,
    "walks off": 8,
    "takes back": 4,
    "presses cancel": 3,
    "too thick": 4,
    "leaves the door open": 3,
}
"""What people do behind the door, in a hundred. "Presses cancel": says "I took it back" and has left it inside."""


@dataclass
class Visit:
    """One person with papers in a bag; `bag` as the cabinet numbered it."""

    phone: str
    way: Way
    bag: str = ""
    otp: str = ""
    has_otp: asyncio.Event = field(default_factory=asyncio.Event)

    def read(self, text: str, _number: str, /) -> None:
        """A message came."""
        if (found := OTP.search(text)) is not None:
            self.otp = found[0]
            self.has_otp.set()


async def come(world: World, phone: str) -> None:
    """One person comes, reads the house rules, types the phone twice and leaves papers."""
    ways = tuple(WAYS)
    visit = Visit(phone, world.rng.choices(ways, [WAYS[way] for way in ways])[0])
    world.phones["+84" + phone[1:]] = visit
    async with world.keypad:
        world.judge.felt["came to leave papers"] += 1
        try:
            await asyncio.sleep(45.0 + 60.0 * world.rng.random())
            await _leave(world, visit)
        except Dark:
            world.judge.tell("papers brought in vain: the screen was or went dark")
        except (why.Refusal, why.Fault) as refusal:
            world.judge.tell(f"papers brought in vain: {in_words(refusal)}")


async def _leave(world: World, visit: Visit) -> None:
    size = world.rng.choices(("S", "M", "L"), (85, 12, 3))[0]
    proof = await _check_phone(world, visit) or {"phone_again": visit.phone}
    wanted = kiosk.Wanted.model_validate({"kind": "new", "size": size, "phone": visit.phone, **proof})
    offered = await ask(world, partial(kiosk.offer, wanted))
    visit.bag = offered.bag
    if visit.way == "too thick":
        offered = await _larger(world, offered)
    await _at_door(world, visit, offered)


async def _check_phone(world: World, visit: Visit) -> dict[str, str]:
    """The code that came to the phone, and the visit it belongs to; nothing when none came."""
    if world.rng.random() < NO_PHONE_AT_HAND:
        return {}
    try:
        begun = await ask(world, partial(kiosk.check_phone, kiosk.PhoneCheck(phone=visit.phone)))
        async with asyncio.timeout(WAITS_FOR_OTP_S):
            await visit.has_otp.wait()
    except (why.Refusal, why.Fault, TimeoutError):
        return {}
    await asyncio.sleep(12.0)
    world.judge.felt["phones checked by a code"] += 1
    return {"otp": visit.otp, "visit": begun.visit}


async def _larger(world: World, offered: kiosk.Offered) -> kiosk.Offered:
    """It does not fit: the first door was opened for nothing. Raises what the cabinet refuses."""

    def hold_against(_door: Door, _at: float) -> None:
        """Nothing goes in."""

    if not await go_through(world, offered.compartment, hold_against):
        return offered
    await _until_seen(world, offered)
    world.judge.felt["papers that did not fit"] += 1
    return await ask(world, lambda running: kiosk.larger(offered.visit, offered.hand_over, Nothing(), running))


async def _at_door(world: World, visit: Visit, offered: kiosk.Offered) -> None:
    def put_in(door: Door, at: float) -> None:
        door.put(visit.bag, at)

    def put_in_and_take_out(door: Door, at: float) -> None:
        put_in(door, at)
        door.take(at)

    forgets = visit.way == "leaves the door open"
    act = put_in_and_take_out if visit.way == "takes back" else put_in
    opened = await go_through(world, offered.compartment, act, forget=forgets)
    if forgets and opened:
        leave_open(world, offered.compartment)
        return
    await _until_seen(world, offered)
    said = _what_to_say(world.state(), offered, visit, opened=opened)
    if not opened:
        world.judge.tell("papers brought in vain: the door stayed shut")
    if said:
        with suppress(why.WrongStage, why.UnknownHandOver):
            word = kiosk.Word.model_validate({"said": said})
            await ask(world, lambda running: kiosk.answer(offered.visit, offered.hand_over, word, running))
            if said == "left":
                await ask(world, lambda running: kiosk.receipt(offered.visit, offered.hand_over, running))
                world.judge.felt["receipts"] += 1


async def _until_seen(world: World, offered: kiosk.Offered) -> None:
    """The screen shows that the door has closed, or asks, or goes on believing that it is open."""
    await until(world, lambda cabinet: cabinet.grant_on(offered.compartment) is None, 20.0)
    await until(world, lambda cabinet: not cabinet.compartment(offered.compartment).is_open, 5.0)


def _what_to_say(cabinet: Cabinet | None, offered: kiosk.Offered, visit: Visit, *, opened: bool) -> str:
    if cabinet is None:
        raise Dark
    if visit.way == "walks off":
        return ""
    if not opened:
        return "door_stayed_shut"
    one = cabinet.hand_overs.get(offered.hand_over)
    if one is not None and one.open_for == "intake" and cabinet.compartment(offered.compartment).is_open:
        return "door_is_shut"
    return "took_back" if visit.way in ("takes back", "presses cancel") else "left"
