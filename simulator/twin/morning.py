"""The clerk's round over what people left: one door at a time, bags scanned, papers counted, answers given."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from api import clerk_intake
from api.running import Running
from api.sessions import Session
from locker import refusals as why
from simulator.doors import Door
from simulator.twin import mishaps
from simulator.twin.people import go_through, until

if TYPE_CHECKING:
    from simulator.twin.clerks import Clerk

SAID_NO = (why.Refusal, why.BoardOffline, why.DoorDidNotOpen)


async def collect_all(clerk: Clerk) -> None:
    """Every intake that is on record as inside, in the order of the walk, and then the answers. Raises Dark."""
    for hand_over, bag in list(clerk.world.in_hand.items()):
        await _say(clerk, hand_over, [bag])
    waiting = [one for one in clerk.cabinet.hand_overs.values() if one.direction == "intake"]
    places = clerk.world.config.places
    for one in sorted(waiting, key=lambda one: (places[one.compartment].row, places[one.compartment].column)):
        if one.stage == "deposited":
            await _collect(clerk, one.hand_over, one.compartment)
    today = clerk.world.today().isoformat()
    for paper in list(clerk.cabinet.intakes.values()):
        if paper.is_collected and (paper.promised <= today or clerk.world.rng.random() < 0.8):
            await asyncio.sleep(20.0)
            await _answer(clerk, paper.hand_over, paper.count)


async def _collect(clerk: Clerk, hand_over: str, number: int) -> None:
    world, found = clerk.world, list[str]()

    def take(door: Door, at: float) -> None:
        found.extend(door.take(at))
        if found:
            world.in_hand[hand_over] = found[0]

    for _look in range(2):
        try:
            await clerk.ask(partial(_open, hand_over))
        except SAID_NO:
            return
        opened = await go_through(world, number, take)
        await until(world, lambda cabinet: cabinet.grant_on(number) is None, 15.0)
        if not opened:
            mishaps.mend_door(world, number)
            return
        if not await until(world, lambda cabinet: not cabinet.compartment(number).is_open, 10.0):
            mishaps.mend_door(world, number)
            await until(world, lambda cabinet: not cabinet.compartment(number).is_open, 10.0)
        await asyncio.sleep(8.0)
        if not await _say(clerk, hand_over, found):
            break
    world.judge.felt["bags collected"] += len(found)


async def _say(clerk: Clerk, hand_over: str, found: list[str]) -> bool:
    """Report what is in the hand; whether to look again. A bag that a power cut left in the hand is reported later."""
    said = clerk_intake.Reported(bag=found[0] if found else "", count=len(found))
    try:
        looked = await clerk.ask(partial(_report, hand_over, said))
    except SAID_NO:
        return False
    clerk.world.in_hand.pop(hand_over, None)
    return bool(looked["look_again"])


async def _answer(clerk: Clerk, hand_over: str, count: int) -> None:
    today = clerk.world.today()
    roll = clerk.world.rng.random()
    body: dict[str, object] = {"outcome": "nothing_found" if count == 0 else "registered"}
    if count and roll < 0.2:
        body = {"outcome": "supplement" if roll < 0.15 else "returned"}
    elif count:
        day = (today + timedelta(days=10)).isoformat()
        body |= {"dossier": f"H29.190.5-{today:%y%m%d}-9{clerk.world.rng.randrange(1000):03d}", "appointment": day}
    said = clerk_intake.Answered.model_validate(body)
    with suppress(*SAID_NO):
        await clerk.ask(lambda running, session: clerk_intake.answer(hand_over, said, session, running))


async def _report(hand_over: str, said: clerk_intake.Reported, running: Running, session: Session) -> dict[str, bool]:
    return await clerk_intake.report(hand_over, said, session, running)


async def _open(hand_over: str, running: Running, session: Session) -> object:
    return await clerk_intake.collect(hand_over, session, running)
