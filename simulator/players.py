"""The people of a story, as programs: they use the same pages' HTTP interfaces and put hands on the simulated doors."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

from simulator.desk import Person

CODE = re.compile(r"\b(\d{4}) (\d{4}) (\d{4})\b")
LOOK_EVERY_S = 0.05


class StoryBroken(Exception):
    """Something did not happen; the message says what was waited for and what was seen last."""


async def until(what: str, look: Callable[[], Any], *, within_s: float = 20.0) -> Any:
    """The first truthy answer of the coroutine function `look`. Raises StoryBroken."""
    seen: Any = None
    try:
        async with asyncio.timeout(within_s):
            while True:
                try:
                    seen = await look()
                except httpx.TransportError as error:
                    seen = error
                else:
                    if seen:
                        return seen
                await asyncio.sleep(LOOK_EVERY_S)
    except TimeoutError:
        raise StoryBroken(f"waited {within_s:.0f} s for: {what}; last seen: {seen!r}") from None


@dataclass
class Steel:
    """Hands and eyes at the cabinet: the simulator's HTTP interface."""

    http: httpx.AsyncClient

    async def state(self) -> dict[str, Any]:
        state: dict[str, Any] = (await self.http.get("/state")).raise_for_status().json()
        return state

    async def door(self, number: int) -> dict[str, Any]:
        doors: list[dict[str, Any]] = (await self.state())["doors"]
        return next(door for door in doors if door["number"] == number)

    async def until_sprung(self, number: int) -> None:
        """Wait until the door has sprung ajar and its lock is at rest again."""

        async def sprung() -> bool:
            door = await self.door(number)
            return door["position"] != "closed" and not door["is_energised"]

        await until(f"door {number} springs open", sprung)

    async def put_in(self, number: int, label: str) -> None:
        """Pull the sprung door, put an envelope in, push it shut."""
        await self.until_sprung(number)
        await self.act(number, "pull")
        await self.act(number, "put", {"label": label})
        await self.act(number, "push")

    async def take_out(self, number: int) -> list[str]:
        """Pull the sprung door, take everything, push it shut."""
        await self.until_sprung(number)
        await self.act(number, "pull")
        taken: list[str] = (await self.act(number, "take")).json()
        await self.act(number, "push")
        return taken

    async def act(self, number: int, act: str, body: dict[str, Any] | None = None) -> httpx.Response:
        return (await self.http.post(f"/doors/{number}/{act}", json=body)).raise_for_status()

    async def fault(self, number: int, kind: str) -> None:
        (await self.http.post(f"/doors/{number}/fault", json={"kind": kind})).raise_for_status()

    async def code_for(self, phone: str, *, after: int = 0) -> str:
        """The twelve digits of the newest message to this number that has a code, beyond the first `after` ones."""

        async def found() -> str:
            messages = (await self.http.get("/phone")).raise_for_status().json()
            codes = [CODE.search(one["text"]) for one in messages if one["recipient"] == phone]
            digits = ["".join(code.groups()) for code in codes if code]
            return digits[-1] if len(digits) > after else ""

        code: str = await until(f"a code for ••{phone[-3:]}", found)
        return code


@dataclass
class Kiosk:
    """A citizen at the kiosk's screen."""

    http: httpx.AsyncClient
    visit: str = ""

    async def arrive(self) -> None:
        (await self.http.get("/", follow_redirects=True)).raise_for_status()

    async def snapshot(self) -> dict[str, Any]:
        seen: dict[str, Any] = (await self.http.get("/api/kiosk/snapshot")).raise_for_status().json()
        return seen

    async def type_code(self, digits: str, *, second: str | None = None) -> httpx.Response:
        answer = await self.http.post(
            "/api/kiosk/codes", json={"digits": digits, "second": second, "visit": self.visit or None}
        )
        if answer.is_success:
            self.visit = answer.json()["visit"]
        return answer

    async def press(self, act: str, **body: Any) -> httpx.Response:
        return await self.http.post(f"/api/kiosk/visits/{self.visit}/{act}", json=body)

    async def door(self, stage: str) -> dict[str, Any]:
        """The visit's door that has reached this stage."""

        async def at_stage() -> dict[str, Any] | None:
            visit = (await self.snapshot())["visit"]
            doors: list[dict[str, Any]] = [] if visit is None else visit["doors"]
            return next((door for door in doors if door["stage"] == stage), None)

        door: dict[str, Any] = await until(f"the kiosk shows a door as {stage}", at_stage)
        return door

    async def waiting(self) -> int:
        visit = (await self.snapshot())["visit"]
        return 0 if visit is None else int(visit["waiting"])


@dataclass
class Clerk:
    """A clerk with the page open, standing at the cabinet."""

    http: httpx.AsyncClient
    person: Person
    kiosk: Kiosk
    headers: dict[str, str] = field(default_factory=dict)

    async def post(self, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        origin = str(self.http.base_url).rstrip("/")
        return await self.http.post(
            f"/api/clerk/{path}",
            json=body or {},
            headers={"X-Requested-With": "dossier-locker", "Origin": origin},
        )

    async def sign_in(self) -> None:
        """Sign in with the authenticator's code, waiting for a fresh one if the last was used."""
        person = self.person

        async def signed_in() -> bool:
            answer = await self.post(
                "sign-in", {"user": person.user, "password": person.password, "code": person.code()}
            )
            return answer.is_success

        await until("the sign-in is accepted", signed_in, within_s=40)

    async def show_presence(self) -> None:
        """Ask for the number, read it on the kiosk, type it."""
        (await self.post("presence/request")).raise_for_status()

        async def shown() -> str:
            number = (await self.kiosk.snapshot())["presence_number"]
            return number["number"] if number else ""

        number = await until("the kiosk shows a number", shown)
        (await self.post("presence", {"number": number})).raise_for_status()

    async def snapshot(self) -> dict[str, Any]:
        seen: dict[str, Any] = (await self.http.get("/api/clerk/snapshot")).raise_for_status().json()
        return seen

    async def load(self, scan: str, steel: Steel) -> int:
        """Scan an envelope, put it in the door that opens, and see it loaded; the compartment's number."""
        answer = (await self.post("loads", {"scan": scan})).raise_for_status().json()
        number, hand_over = int(answer["compartment"]), answer["hand_over"]
        await steel.put_in(number, scan)

        async def loaded() -> bool:
            inside = (await self.snapshot())["in_cabinet"]
            return any(one["hand_over"] == hand_over and one["stage"] == "loaded" for one in inside)

        await until(f"compartment {number} is loaded", loaded)
        return number

    async def close_round(self) -> None:
        (await self.post("round/close")).raise_for_status()


@dataclass
class Centre:
    """The central side's staff."""

    http: httpx.AsyncClient

    async def announce(self, announcement: dict[str, Any]) -> None:
        (await self.http.post("/v1/results", json=announcement)).raise_for_status()

    async def result(self, result: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = (await self.http.get("/v1/results")).raise_for_status().json()
        return next(one for one in found if one["result"] == result)

    async def until_stage(self, result: str, stage: str) -> dict[str, Any]:
        """Wait until the centre knows the result at this stage."""

        async def known() -> dict[str, Any] | None:
            one = await self.result(result)
            return one if one["stage"] == stage else None

        one: dict[str, Any] = await until(f"the centre knows {result} as {stage}", known)
        return one
