"""`make demo`: the whole path without hands: one result, a bundle of three with one code, papers left, a reclaim.

Ends well only if the journal, the doors and the centre agree.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import httpx

from locker import receipts
from simulator import dossiers
from simulator.children import ChildFailed, Children, held, until_ready
from simulator.desk import CABINET, Desk, first_free_port, set_up
from simulator.players import Centre, Clerk, Kiosk, Steel, StoryBroken, until
from simulator.stack import ROOT, commands

SINGLE = "desk-1004"
BUNDLE = ("desk-0975", "desk-0976", "desk-0981")
CANCELLED = "desk-1017"
FILED = "H29.190.5-261009-0007"


@dataclass(frozen=True)
class Story:
    """Everybody in it."""

    centre: Centre
    clerk: Clerk
    kiosk: Kiosk
    steel: Steel
    controller: httpx.AsyncClient


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--state", type=click.Path(file_okay=False, path_type=Path), help="Keep everything here; default: nothing."
)
def main(*, state: Path | None) -> None:
    """Play announce, load and collect on a simulated cabinet, and check that everybody agrees."""
    with contextlib.ExitStack() as stack:
        folder = state or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dossier-demo-")))
        try:
            asyncio.run(play(set_up(folder, port_base=first_free_port())))
        except (StoryBroken, ChildFailed, httpx.HTTPError) as error:
            click.echo(f"The story broke: {error}", err=True)
            sys.exit(1)


async def play(desk: Desk) -> None:
    """Start everything, tell the story, compare. Raises StoryBroken, ChildFailed, httpx.HTTPError."""
    begun = time.monotonic()

    def tell(step: str) -> None:
        click.echo(f"  {time.monotonic() - begun:6.2f} s  {step}")

    async with held(desk.logs) as children, people(desk) as story:
        telling = asyncio.create_task(_tell_story(desk, children, story, tell))
        died = asyncio.create_task(children.first_death())
        try:
            await asyncio.wait({telling, died}, return_when=asyncio.FIRST_COMPLETED)
            # A story that waits for a part that is gone would only say that it waited.
            await (died if died.done() else telling)
        except StoryBroken as error:
            logs = "\n".join(f"  {child.name}:\n{child.last_lines()}" for child in children.running)
            raise StoryBroken(f"{error}\n{logs}") from error
        finally:
            for task in (telling, died):
                task.cancel()
            await asyncio.gather(telling, died, return_exceptions=True)


async def _tell_story(desk: Desk, children: Children, story: Story, tell: Any) -> None:
    parts = commands(desk)
    for name in ("simulator", "centre"):
        await until_ready(await children.start(name, parts[name], cwd=ROOT))
    await until_ready(await children.start("controller", parts["controller"], cwd=ROOT))
    tell("simulator, centre and controller are ready")
    await announce(story, tell)
    await story.kiosk.arrive()
    await story.clerk.sign_in()
    tell("the clerk has signed in with password and authenticator")
    await story.clerk.show_presence()
    tell("the clerk has typed the number that the kiosk shows")
    await load(story, tell)
    await collect(story, tell, SINGLE, dossiers.BINH["phone"])
    await collect_bundle(story, tell)
    await leave_papers(story, tell)
    await reclaim(story, tell)
    await compare(story)
    tell("journal, doors and centre agree: four results handed over, nothing inside, no incident")


async def announce(story: Story, tell: Any) -> None:
    """The centre announces five results of three people."""
    wanted = {SINGLE, *BUNDLE, CANCELLED}
    for announcement in dossiers.waiting(CABINET, datetime.now(UTC).date()):
        if announcement["result_id"] in wanted:
            await story.centre.announce(announcement)
    for result in wanted:
        await story.centre.until_stage(result, "queued")
    tell("the centre announced five results, the cabinet expects them")


async def load(story: Story, tell: Any) -> None:
    """The clerk scans five envelopes and says that the round is done."""
    for result in (SINGLE, *BUNDLE, CANCELLED):
        code = f"H29.190.5-261008-{result[-4:]}"
        number = await story.clerk.load(code, story.steel)
        tell(f"envelope {result[-4:]} lies in compartment {number}, its door is closed")
    await story.clerk.close_round()
    tell("the loading round is done")


async def collect(story: Story, tell: Any, result: str, phone: str) -> None:
    """One citizen reads the message, types twelve digits, takes the envelope."""
    code = await story.steel.code_for(phone)
    tell(f"the phone ••{phone[-3:]} has its message")
    (await story.kiosk.type_code(code)).raise_for_status()
    await hand_over(story, tell)
    again = await story.kiosk.type_code(code)
    if again.is_success:
        raise StoryBroken("a spent code was accepted again")
    tell("the same code again: refused, it is spent")
    await story.kiosk.press("leave")
    await story.centre.until_stage(result, "collected")
    tell("the centre knows that it was handed over")


async def hand_over(story: Story, tell: Any) -> None:
    door = await story.kiosk.door("open")
    number = int(door["compartment"])
    taken = await story.steel.take_out(number)
    closed = await story.kiosk.door("closed")
    (await story.kiosk.press("answers", hand_over=closed["hand_over"], said="received_all")).raise_for_status()
    tell(f"door {number} opened, {len(taken)} envelope taken, door closed, received")


async def collect_bundle(story: Story, tell: Any) -> None:
    """Three results of one person with one code, one door after another."""
    story.kiosk.visit = ""
    code = await story.steel.code_for(dossiers.HOA["phone"])
    tell("the phone of the bundle has one message for three results")
    (await story.kiosk.type_code(code)).raise_for_status()
    for left in (2, 1, 0):
        await hand_over(story, tell)
        if left:
            (await story.kiosk.press("next")).raise_for_status()
    await story.kiosk.press("leave")
    for result in BUNDLE:
        await story.centre.until_stage(result, "collected")
    tell("the centre knows all three as handed over")


async def leave_papers(story: Story, tell: Any) -> None:
    """A citizen leaves a bag and keeps the receipt; the clerk takes it out, counts, and registers it."""
    phone = dossiers.MAI["phone"]
    wanted = {"kind": "new", "size": "S", "phone": phone, "phone_again": phone}
    offered = (await story.kiosk.http.post("/api/kiosk/intakes", json=wanted)).raise_for_status().json()
    path = f"/api/kiosk/visits/{offered['visit']}/intakes/{offered['hand_over']}"
    await story.steel.put_in(offered["compartment"], offered["bag"])

    async def asked() -> bool:
        visit = (await story.kiosk.snapshot())["visit"]
        return visit is not None and any(one["stage"] == "dropped" for one in visit["intakes"])

    await until("the kiosk asks what became of the papers", asked)
    (await story.kiosk.http.post(f"{path}/answers", json={"said": "left"})).raise_for_status()
    told = (await story.kiosk.http.get(f"{path}/receipt")).raise_for_status().json()
    key = (await story.controller.get("/health/receipt-key")).raise_for_status().json()["key"]
    receipts.check(told["text"], key)
    tell(f"a citizen left bag {offered['bag']} in compartment {offered['compartment']}; the receipt's signature holds")
    await _end_visit(story, offered["visit"])
    await collect_papers(story, offered["hand_over"], offered["compartment"], offered["bag"])
    tell(f"the clerk took the bag out, counted, and registered it as {FILED[-11:]}")


async def _end_visit(story: Story, visit: str) -> None:
    (await story.kiosk.http.post(f"/api/kiosk/visits/{visit}/leave", json={})).raise_for_status()


async def collect_papers(story: Story, hand_over: str, number: int, bag: str) -> None:
    """The clerk's round with one door, and the office's answer."""
    (await story.clerk.post(f"intakes/{hand_over}/collect")).raise_for_status()
    await story.steel.take_out(number)

    async def emptied() -> bool:
        return any(one["can_report"] for one in (await story.clerk.snapshot())["intakes"])

    await until(f"compartment {number} can be reported", emptied)
    (await story.clerk.post(f"intakes/{hand_over}/report", {"bag": bag, "count": 3})).raise_for_status()
    filed = {"outcome": "registered", "dossier": FILED, "appointment": "2030-12-30"}
    (await story.clerk.post(f"intakes/{hand_over}/answer", filed)).raise_for_status()


async def reclaim(story: Story, tell: Any) -> None:
    """The centre cancels a result that is inside; the clerk takes it out again."""
    (await story.centre.http.post(f"/v1/results/{CANCELLED}/cancel", json={"reason": "counter"})).raise_for_status()

    async def cancelled() -> Any:
        inside = (await story.clerk.snapshot())["in_cabinet"]
        return next((one for one in inside if one["is_cancelled"]), None)

    one = await until("the cabinet knows of the cancel", cancelled)
    (await story.clerk.post(f"hand-overs/{one['hand_over']}/reclaim")).raise_for_status()
    await story.steel.take_out(int(one["compartment"]))
    await story.centre.until_stage(CANCELLED, "reclaimed")
    tell(f"the centre cancelled result {CANCELLED[-4:]}; the clerk took it out of compartment {one['compartment']}")


async def compare(story: Story) -> None:
    """Journal, doors and centre must say the same. Raises StoryBroken."""
    seen = await story.clerk.snapshot()
    doors = (await story.steel.state())["doors"]
    flaws = [
        *(f"compartment {door['number']} is {door['position']}" for door in doors if door["position"] != "closed"),
        *(f"an envelope lies in compartment {door['number']}" for door in doors if door["content"]),
        *(f"{one['hand_over']} is on record inside" for one in seen["in_cabinet"]),
        *(f"bag {one['bag']} is not answered" for one in seen["intakes"]),
        # The look at itself would tell of this machine's clock and disk, not of the story.
        *(f"incident {one['kind']}" for one in seen["incidents"] if one["kind"] != "self_check"),
    ]
    if seen["today"]["collected"] != len(BUNDLE) + 1:
        flaws.append(f"the journal counts {seen['today']['collected']} hand-overs")
    if not seen["balance"]["holds"]:
        flaws.append("the day's balance does not hold")
    if flaws:
        raise StoryBroken("; ".join(flaws))

    async def nothing_unsent() -> bool:
        return bool((await story.clerk.snapshot())["centre"]["unsent"] == 0)

    await until("the centre has every fact", nothing_unsent)


@contextlib.asynccontextmanager
async def people(desk: Desk) -> AsyncIterator[Story]:
    """Everybody, each with an own HTTP client."""
    async with contextlib.AsyncExitStack() as stack:

        async def client(page: str) -> httpx.AsyncClient:
            return await stack.enter_async_context(
                httpx.AsyncClient(base_url=desk.url(page), trust_env=False, timeout=10)
            )

        kiosk = Kiosk(await client("kiosk"))
        clerk_http = await client("clerk")
        yield Story(
            centre=Centre(await client("centre")),
            clerk=Clerk(clerk_http, desk.people[0], kiosk),
            kiosk=kiosk,
            steel=Steel(await client("cabinet view")),
            controller=clerk_http,
        )


if __name__ == "__main__":
    main(prog_name="python -m simulator.demo")
