"""What citizens do at the cabinet and clerks on their round, in the small steps of which stories are made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from simulator.players import until
from tests.scenarios.office import Office


def slug(answer: httpx.Response) -> str:
    """The end of a problem's type."""
    return str(answer.json()["type"]).rsplit(":", 1)[-1]


def configured(office: Office, lines: Mapping[str, str], *, more: str = "") -> None:
    """Lines of the configuration that become others, and sections at its end; locks that bear many stories."""
    text = office.desk.config.read_text(encoding="utf-8")
    for ours, theirs in {"max_pulses_per_minute = 6": "max_pulses_per_minute = 30", **lines}.items():
        assert ours in text
        text = text.replace(ours, theirs, 1)
    office.desk.config.write_text(text + more, encoding="utf-8")


# --- collecting


async def take(office: Office, said: str = "received_all") -> list[str]:
    """What lies behind the door that opened for this visit; its door is shut and the question answered."""
    door = await office.kiosk.door("open")
    taken = await office.steel.take_out(int(door["compartment"]))
    closed = await office.kiosk.door("closed")
    (await office.kiosk.press("answers", hand_over=closed["hand_over"], said=said)).raise_for_status()
    return taken


async def leave(office: Office) -> None:
    (await office.kiosk.press("leave")).raise_for_status()
    office.kiosk.visit = ""


async def opens(office: Office, path: str, body: dict[str, Any]) -> list[str]:
    """A proof at the kiosk, and what its person takes."""
    begun = (await office.kiosk.http.post(f"/api/kiosk/{path}", json=body)).raise_for_status()
    office.kiosk.visit = begun.json()["visit"]
    taken = await take(office)
    await leave(office)
    return taken


# --- messages


async def read_on(office: Office, number: str) -> list[str]:
    messages = (await office.steel.http.get("/phone")).raise_for_status().json()
    return [one["text"] for one in messages if one["recipient"] == number]


async def heard(office: Office, number: str, words: str, *, times: int = 1) -> list[str]:
    """The messages with these words, once that many have come to the number."""

    async def found() -> list[str]:
        texts = [text for text in await read_on(office, number) if words in text]
        return texts if len(texts) >= times else []

    texts: list[str] = await until(f"••{number[-3:]} reads {words!r} {times} time(s)", found)
    return texts


# --- leaving papers


async def wants(office: Office, **typed: Any) -> httpx.Response:
    """What the kiosk answers to somebody with papers."""
    return await office.kiosk.http.post("/api/kiosk/intakes", json={"kind": "new", "size": "S", **typed})


async def offer(office: Office, **typed: Any) -> dict[str, Any]:
    """The compartment that the kiosk offers to somebody with papers."""
    offered: dict[str, Any] = (await wants(office, **typed)).raise_for_status().json()
    office.kiosk.visit = offered["visit"]
    return offered


async def put(office: Office, offered: dict[str, Any], said: str, *, is_left: bool = True) -> None:
    """Behind the door with it, or not; and the answer, unless `said` is empty."""
    number = offered["compartment"]
    await office.steel.until_sprung(number)
    await office.steel.act(number, "pull")
    if is_left:
        await office.steel.act(number, "put", {"label": offered["bag"]})
    await office.steel.act(number, "push")
    await dropped(office, offered)
    if said:
        (await office.kiosk.press(f"intakes/{offered['hand_over']}/answers", said=said)).raise_for_status()


async def dropped(office: Office, offered: Mapping[str, Any]) -> None:
    async def asked() -> bool:
        visit = (await office.kiosk.snapshot())["visit"]
        shown = [] if visit is None else visit["intakes"]
        return any(one["stage"] == "dropped" for one in shown if one["hand_over"] == offered["hand_over"])

    await until("the kiosk asks what became of the papers", asked)


async def receipt(office: Office, offered: dict[str, Any]) -> httpx.Response:
    path = f"/api/kiosk/visits/{offered['visit']}/intakes/{offered['hand_over']}/receipt"
    return await office.kiosk.http.get(path)


async def collect_papers(office: Office, offered: dict[str, Any]) -> list[str]:
    """The clerk opens the door of an intake and takes everything out, to be reported."""
    await office.clerk.done(f"intakes/{offered['hand_over']}/collect")
    taken = await office.steel.take_out(offered["compartment"])

    async def emptied() -> bool:
        intakes = (await office.clerk.snapshot())["intakes"]
        return any(one["can_report"] for one in intakes if one["hand_over"] == offered["hand_over"])

    await until("the door of the round has closed", emptied)
    return taken


# --- facts


async def kinds(office: Office) -> list[str]:
    """The types of all facts that the centre has."""
    return [fact["type"] for fact in await office.told()]
