"""What is not on today's list: somebody at the counter wants what lies in the cabinet, and the monthly stock check."""

from __future__ import annotations

from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from api import clerk, exceptional, stock
from api.running import Running
from api.sessions import Session
from locker import refusals as why
from locker.rules import exceptional as exceptions
from locker.rules import stock as checking
from locker.rules.loading import Actor

if TYPE_CHECKING:
    from simulator.twin.clerks import Clerk

SAID_NO = (why.Refusal, why.BoardOffline, why.DoorDidNotOpen)
LEADER = Actor(user="hoa", role="leader", is_present=False)
REASON = "Người dân đang chờ, không gọi được lãnh đạo"
CHECKED_EVERY_DAYS, CHECKED_AFTER_H = 28, 12


async def serve(one: Clerk) -> None:
    """Everybody who stands at the counter; a leader agrees, or once in five nobody can be reached. Raises Dark."""
    for incident in [key for key, present in one.cabinet.incidents.items() if present.glass]:
        await one.ask(partial(_countersign, incident))
    for key in one.world.office.take_visitors():
        for held in one.cabinet.hand_overs_of(key):
            if held.stage == "loaded" and not one.is_due_back(held):
                await _take_out(one, held.hand_over, held.compartment)


async def _take_out(one: Clerk, hand_over: str, number: int) -> None:
    purpose: Literal["reclaim"] = "reclaim"
    if one.world.rng.random() < 0.2:
        broken = exceptional.Broken(compartment=number, purpose=purpose, reason=REASON)
        one.world.judge.felt["glass broken"] += 1
        await one.reclaim(hand_over, lambda running, session: exceptional.break_glass(broken, session, running))
        return
    asked = exceptional.Opening(compartment=number, purpose=purpose)
    with suppress(*SAID_NO):
        approval = (await one.ask(lambda running, session: exceptional.ask(asked, session, running)))["approval"]
        await one.ask(lambda running, _session: _give(running, approval))
        agreed = clerk.Seconded(approval=approval)
        one.world.judge.felt["openings a leader agreed to"] += 1
        await one.reclaim(hand_over, lambda running, session: clerk.reclaim(hand_over, agreed, session, running))


async def _give(running: Running, approval: str) -> Any:
    """The leader's password and second factor are taken as given."""
    return await running.record(
        lambda cabinet, _known, moment: exceptions.give(
            cabinet, approval, LEADER, today=running.today(moment), moment=moment
        )
    )


async def _countersign(incident: int, running: Running, _session: Session) -> Any:
    with suppress(why.Refusal):
        return await running.record(
            lambda cabinet, _known, moment: exceptions.countersign(
                cabinet, incident, LEADER, today=running.today(moment)
            )
        )


async def check_stock(one: Clerk) -> None:
    """Once in four weeks, in the afternoon, two people look into every compartment. Raises Dark."""
    now = one.world.loop.time()
    is_afternoon = now % 86400 > CHECKED_AFTER_H * 3600
    if one.cabinet.stock_check is None:
        if not is_afternoon or now // 86400 < one.world.next_stock_check:
            return
        one.world.next_stock_check = int(now // 86400) + CHECKED_EVERY_DAYS
        await one.prove_presence()
        with suppress(*SAID_NO):
            await one.ask(_start)
    while (check := one.cabinet.stock_check) is not None and check.left:
        number = check.left[0]
        await one.inspect(number, lambda running, session: stock.open_next(clerk.Seconded(), session, running))
        present = one.cabinet.stock_check
        if present is not None and number in present.left:
            break
    with suppress(*SAID_NO):
        await one.ask(lambda running, session: stock.finish(session, running))
        one.world.judge.felt["stock checks"] += 1


async def _start(running: Running, session: Session) -> Any:
    """The second person is taken as signed in."""
    actor, check = running.sessions.actor(session), running.new_id()
    return await running.record(
        lambda cabinet, *_: checking.start(cabinet, actor, check=check, places=running.places, second=LEADER.user)
    )
