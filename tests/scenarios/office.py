"""One ward office as real processes: simulated cabinet, central side, controller; and its people as HTTP clients."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
import httpx
import pyotp

from otp.staff import new_totp_secret
from simulator.children import Child, Children, held, until_ready
from simulator.desk import CABINET, Desk, Person, first_free_port, set_up
from simulator.players import Centre, Clerk, Kiosk, Steel, StoryBroken, until
from simulator.stack import ROOT, commands
from tests.scenarios.wall_clock import WallClock

TIGHT = {"pulse_ms = 500": "pulse_ms = 200", "min_gap_ms = 2000": "min_gap_ms = 300"}
"""The demonstration's locks with shorter times, so that a test need not wait for coils to cool."""
LIMITS = "\n[limits]\ndoors_per_minute = 60\n"
CLERKS = 48


SLOWEST_HAND_S = 4.0
"""A hand waits no longer for its door to be seen open; a healthy sensor is read twice much sooner."""
SLOWEST_END_S = 30.0
"""A program ends in less than a second; a busy machine takes its time."""


@dataclass
class Hands(Steel):
    """Hands that are no quicker than a person's: they reach in once the controller has seen the door open."""

    eyes: Kiosk

    async def until_sprung(self, number: int) -> None:
        await super().until_sprung(number)

        async def seen() -> bool:
            await self.eyes.arrive()
            doors = (await self.eyes.snapshot())["doors"]
            return any(door["is_open"] for door in doors if door["number"] == number)

        with contextlib.suppress(StoryBroken):
            await until("the door is seen open", seen, within_s=SLOWEST_HAND_S)


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Fresh:
    """Where a member's authenticator stands: a time step is never accepted twice, one to either side is."""

    last_step: int = -1
    now: Callable[[], datetime] = _now

    async def code(self, person: Person) -> str:
        """The next code that is still good; waits for the clock when all near ones were used."""
        clock = pyotp.TOTP(person.totp_secret)

        async def usable() -> str:
            step = clock.timecode(self.now())
            good = [one for one in (step - 1, step, step + 1) if one > self.last_step]
            # The older neighbour may leave the window on its way.
            if not good:
                return ""
            self.last_step = good[0]
            return clock.generate_otp(good[0])

        code: str = await until("the authenticator shows a fresh code", usable, within_s=65)
        return code


@dataclass
class Member(Clerk):
    """A clerk who signs in again and again, with an authenticator that is asked no sooner than needed."""

    fresh: Fresh = field(default_factory=Fresh)

    async def sign_in(self) -> None:
        person = self.person

        async def signed_in() -> bool:
            code = await self.fresh.code(person)
            answer = await self.post("sign-in", {"user": person.user, "password": person.password, "code": code})
            return answer.is_success

        await until("the sign-in is accepted", signed_in, within_s=70)

    async def arrive(self) -> None:
        """Sign in and prove presence."""
        await self.sign_in()
        await self.show_presence()

    async def done(self, path: str, **body: Any) -> dict[str, Any]:
        """An act that must succeed; what it answers."""
        answer = await self.post(path, body)
        assert answer.is_success, f"{path}: {answer.status_code} {answer.text}"
        answered: dict[str, Any] = answer.json()
        return answered

    async def inside(self, hand_over: str) -> dict[str, Any] | None:
        """What the page shows of this hand-over while it is in the cabinet."""
        here = (await self.snapshot())["in_cabinet"]
        return next((one for one in here if one["hand_over"] == hand_over), None)

    async def incidents(self) -> list[dict[str, Any]]:
        """What a person must look at, but for what the cabinet, a minute old, finds of the machine the test runs on."""
        return [one for one in (await self.snapshot())["incidents"] if one["kind"] != "self_check"]

    async def until_loaded(self, hand_over: str) -> None:
        """Wait until its door has closed on it and it is on record."""

        async def loaded() -> bool:
            one = await self.inside(hand_over)
            return one is not None and one["stage"] == "loaded"

        await until("it is on record as loaded", loaded)

    async def compartment(self, number: int) -> dict[str, Any]:
        found: dict[str, Any] = next(one for one in (await self.snapshot())["compartments"] if one["number"] == number)
        return found

    async def until_shut(self, number: int) -> None:
        """Wait until its door is read as closed and nothing may open it any more."""

        async def shut() -> bool:
            shown = await self.snapshot()
            is_open = any(one["is_open"] for one in shown["compartments"] if one["number"] == number)
            return not is_open and not any(grant["compartment"] == number for grant in shown["grants"])

        await until(f"door {number} is shut", shut)

    async def look_into(self, number: int, steel: Steel) -> str:
        """Open a compartment, look, shut it, say what was found."""
        await self.done(f"compartments/{number}/inspect")
        await steel.until_sprung(number)
        await steel.act(number, "pull")
        found = "as_recorded" if (await steel.door(number))["content"] else "empty"
        await steel.act(number, "push")
        await self.until_shut(number)
        await self.done(f"compartments/{number}/look", found=found)
        return found


@dataclass
class Office:
    """Everything of one test. Programs are started by the test, and all gone at its end."""

    desk: Desk
    children: Children
    stack: AsyncExitStack
    staff: Sequence[Person]
    parts: dict[str, Child] = field(default_factory=dict)
    starts: int = 0
    steel: Steel = field(init=False)
    centre: Centre = field(init=False)
    kiosk: Kiosk = field(init=False)
    clerk: Member = field(init=False)
    authenticators: dict[str, Fresh] = field(default_factory=dict)
    wall: WallClock | None = None

    # --- programs

    async def open(self, *, clerk_arrives: bool = True) -> None:
        """Start everything; the clerk signs in and stands at the cabinet."""
        await asyncio.gather(self.start("simulator"), self.start("centre"))
        await self.start("controller")
        await self.meet()
        if clerk_arrives:
            await self.clerk.arrive()

    async def start(self, part: str, *, environment: Mapping[str, str] | None = None) -> Child:
        """Start one program and wait for its ready line."""
        self.starts += 1
        command = commands(self.desk)[part]
        own = {} if self.wall is None or part == "simulator" else self.wall.environment
        merged = {**os.environ, **own, **(environment or {})}
        child = await self.children.start(f"{part}-{self.starts}", command, cwd=ROOT, environment=merged)
        self.parts[part] = child
        dying = asyncio.create_task(child.process.wait())
        ready = asyncio.create_task(until_ready(child))
        try:
            await asyncio.wait({dying, ready}, return_when=asyncio.FIRST_COMPLETED)
            assert ready.done(), f"the {part} ended at its start:\n{child.last_lines()}"
            ready.result()
        finally:
            for task in (dying, ready):
                task.cancel()
            await asyncio.gather(dying, ready, return_exceptions=True)
        return child

    async def stop(self, part: str) -> None:
        await self._end(part, signal.SIGTERM)

    async def kill(self, part: str = "controller") -> None:
        await self._end(part, signal.SIGKILL)

    async def _end(self, part: str, ending: signal.Signals) -> None:
        child = self.parts.pop(part)
        if child.process.returncode is None:
            child.process.send_signal(ending)
        async with asyncio.timeout(SLOWEST_END_S):
            await child.process.wait()

    async def restart(self, *, environment: Mapping[str, str] | None = None) -> None:
        """Start the controller again, and meet it with new connections, as pages do."""
        await self.start("controller", environment=environment)
        await self.meet()

    async def meet(self, *, clerk: int = 0) -> None:
        """Everybody with a new connection; the kiosk page is open, nobody is signed in."""
        self.kiosk = Kiosk(await self._client("kiosk"))
        self.clerk = await self.member(clerk)
        await self.kiosk.arrive()
        await self.until_doors_serve()

    async def member(self, number: int) -> Member:
        """One of the staff, with an own page."""
        person = self.staff[number]
        now = _now if self.wall is None else self.wall.now
        fresh = self.authenticators.setdefault(person.user, Fresh(now=now))
        return Member(await self._client("clerk"), person, self.kiosk, fresh=fresh)

    async def citizen(self) -> Kiosk:
        """Another pair of hands at the same kiosk."""
        kiosk = Kiosk(await self._client("kiosk"))
        await kiosk.arrive()
        return kiosk

    async def until_doors_serve(self) -> None:
        async def serving() -> bool:
            boards = (await self.clerk.http.get("/health/ready")).json()["parts"]["boards"]
            return all(board["is_online"] for board in boards.values())

        await until("every board is proved", serving)

    async def _client(self, page: str) -> httpx.AsyncClient:
        client = httpx.AsyncClient(base_url=self.desk.url(page), trust_env=False, timeout=20)
        return await self.stack.enter_async_context(client)

    async def introduce(self) -> None:
        self.steel = Hands(await self._client("cabinet view"), Kiosk(await self._client("kiosk")))
        self.centre = Centre(await self._client("centre"))

    async def run(self, *arguments: str) -> str:
        """One command of the command line; its output."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "api", *arguments, "--config", str(self.desk.config)),
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        assert process.returncode == 0, err.decode()
        return out.decode().strip()

    # --- what is known

    def facts(self) -> list[dict[str, Any]]:
        """Every fact of a controller that is not running, in order: its body with `type`, `seq` and `run`."""
        copy = self.desk.state / "look"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(
            self.desk.state / "journal", copy, ignore=shutil.ignore_patterns("*.aside*", "*reserve*", "*.sock")
        )
        journal = copy / "journal.sqlite3"
        connection = apsw.Connection(str(journal))
        try:
            rows = connection.execute("SELECT seq, type, run_id, body FROM event ORDER BY seq").fetchall()
        finally:
            connection.close()
        return [{**json.loads(str(body)), "type": kind, "seq": seq, "run": run} for seq, kind, run, body in rows]

    async def told(self, *, after: int = 0) -> list[dict[str, Any]]:
        """Every fact the centre has, oldest first, once the controller has nothing unsent."""

        async def in_step() -> bool:
            return bool((await self.clerk.snapshot())["centre"]["unsent"] == 0)

        await until("the centre has every fact", in_step)
        found = (await self.centre.http.get("/v1/facts", params={"limit": 500})).raise_for_status().json()
        envelopes = sorted((one["envelope"] for one in found), key=lambda one: (one["epoch"], one["cab_seq"]))
        return [
            {**one["body"], "type": one["type"], "seq": one["cab_seq"], "epoch": one["epoch"]}
            for one in envelopes
            if one["cab_seq"] > after
        ]

    async def pulses(self) -> int:
        """How often any lock was energised since the simulation began."""
        return sum(door["pulses"] for door in (await self.steel.state())["doors"])

    # --- small stories

    async def announce(self, number: int, **special: Any) -> dict[str, Any]:
        """A result for a recipient of its own, expected by the cabinet: its announcement."""
        announcement = result(number, **special)
        await self.centre.announce(announcement)
        await self.centre.until_stage(announcement["result_id"], "queued")
        return announcement

    async def load(self, *announcements: Mapping[str, Any]) -> list[int]:
        """The clerk loads them one by one and closes the round; the compartments."""
        numbers = [await self.clerk.load(one["dossier_code"], self.steel) for one in announcements]
        await self.clerk.close_round()
        return numbers

    async def collect(self, code: str, *, kiosk: Kiosk | None = None, second: str | None = None) -> list[str]:
        """A citizen types the code, takes everything behind the first door, is content and leaves."""
        kiosk = kiosk or self.kiosk
        answer = await kiosk.type_code(code, second=second)
        assert answer.is_success, answer.text
        door = await kiosk.door("open")
        taken = await self.steel.take_out(int(door["compartment"]))
        closed = await kiosk.door("closed")
        (await kiosk.press("answers", hand_over=closed["hand_over"], said="received_all")).raise_for_status()
        (await kiosk.press("leave")).raise_for_status()
        return taken


@contextlib.asynccontextmanager
async def held_office(folder: Path, *, wall: WallClock | None = None) -> AsyncIterator[Office]:
    """An office where nothing runs yet; all that it started is gone at the end."""
    desk, staff = found(folder)
    async with held(desk.logs) as children, AsyncExitStack() as stack:
        office = Office(desk=desk, children=children, stack=stack, staff=staff, wall=wall)
        await office.introduce()
        yield office
        await asyncio.gather(*(office.kill(part) for part in tuple(office.parts)))


def result(number: int, **special: Any) -> dict[str, Any]:
    """An announcement for the centre: result `r-<number>` of a person of its own."""
    announcement = {
        "cabinet": CABINET,
        "result_id": f"r-{number}",
        "dossier_code": f"H29.190.5-261008-{number:04d}",
        "procedure_code": "1.001193",
        "items": ["Giấy khai sinh (bản chính)"],
        "recipient": {"name": f"Người Thứ {number}", "phone": phone(number), "key": f"person-{number}"},
        "consent": True,
        "fee": "paid",
        "deadline": (datetime.now(UTC) + timedelta(days=60)).date().isoformat(),
    }
    return {**announcement, **special}


def phone(number: int) -> str:
    """The mobile number of the recipient of result `r-<number>`; no two end alike."""
    return f"+8490311{number:04d}"


def found(folder: Path) -> tuple[Desk, tuple[Person, ...]]:
    """A desk on free ports under `folder`, with tight locks and many clerks; the first two are its own people."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    among = range(20_000 + 1000 * (worker % 8), 20_990 + 1000 * (worker % 8))
    desk = set_up(folder, port_base=first_free_port(among))
    model = desk.people[0]
    extra = tuple(
        replace(model, user=f"clerk-{number}", name=f"Clerk {number}", totp_secret=new_totp_secret(os.urandom))
        for number in range(CLERKS)
    )
    text = desk.config.read_text(encoding="utf-8")
    for ours, theirs in TIGHT.items():
        assert ours in text
        text = text.replace(ours, theirs)
    text += LIMITS + "".join(
        f'\n[[staff]]\nuser = "{one.user}"\nname = "{one.name}"\nrole = "{one.role}"\n'
        f'password_hash = "{one.password_hash}"\ntotp_secret = "{one.totp_secret}"\n'
        for one in extra
    )
    desk.config.write_text(text, encoding="utf-8")
    return desk, (*desk.people, *extra)
