"""Key switch, clock and the locks' current, over HTTP."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from api.panel import key_turned, panel_of, watch_of
from locker import events as ev
from locker.config import Config, PanelSection

Come = Callable[..., Awaitable[None]]


def kind(answer: httpx.Response) -> str:
    return str(answer.json()["type"]).rsplit(":", 1)[-1]


async def look(desk: httpx.AsyncClient) -> Any:
    return (await desk.get("/api/clerk/snapshot")).json()


async def record(cab: Any, *facts: ev.Event) -> None:
    await cab.journal.record(lambda *_: ev.Decision(events=facts))


async def test_the_key_proves_whoever_has_just_asked(
    cab: Any, desk: httpx.AsyncClient, sign_in: Callable[..., Any]
) -> None:
    await sign_in("lan")
    await key_turned(cab.running)()
    assert not (await look(desk))["me"]["is_present"]
    await desk.post("/api/clerk/presence/request")
    await key_turned(cab.running)()
    assert (await look(desk))["me"]["is_present"]
    assert await cab.facts(ev.PresenceProved) == 1
    cab.hands.forward(121)
    await key_turned(cab.running)()
    assert await cab.facts(ev.PresenceProved) == 1


async def test_a_present_person_sets_an_unset_clock(cab: Any, desk: httpx.AsyncClient, be_present: Come) -> None:
    await be_present("lan")
    wanted = {"local": "2026-12-24T18:30"}
    synced = await desk.post("/api/clerk/panel/clock", json=wanted)
    assert (synced.status_code, kind(synced)) == (409, "wrong-stage")
    await record(cab, ev.ClockTrusted(clock="unset"))
    assert (await look(desk))["clock"] == "unset"
    assert (await desk.post("/api/clerk/panel/clock", json=wanted)).status_code == 200
    asked = cab.running.config.storage.clock_request.read_text()
    assert int(asked) == int(datetime(2026, 12, 24, 18, 30, tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")).timestamp())
    assert await cab.facts(ev.ClockSet) == 1


async def test_the_current_comes_back_by_a_present_person_only(
    cab: Any, desk: httpx.AsyncClient, be_present: Come, sign_in: Callable[..., Any]
) -> None:
    await record(cab, ev.CoilStrayed(board="A1", coil=0, cleared=False), ev.LockSupplyCut(board="A1"))
    await sign_in("lan")
    assert (await look(desk))["panel"]["is_supply_cut"]
    absent = await desk.post("/api/clerk/panel/lock-supply", json={})
    assert (absent.status_code, kind(absent)) == (403, "presence-needed")
    cab.hands.forward(31)
    await be_present("lan")
    assert (await desk.post("/api/clerk/panel/lock-supply", json={})).status_code == 200
    assert not (await look(desk))["panel"]["is_supply_cut"]


async def test_below_the_reserve_the_kiosk_offers_no_intake_and_says_why(cab: Any, kiosk: httpx.AsyncClient) -> None:
    assert (await kiosk.get("/api/kiosk/snapshot")).json()["intake"]["is_offered"]
    await record(cab, ev.MainsLost(), ev.ReserveReached())
    assert not (await kiosk.get("/api/kiosk/snapshot")).json()["intake"]["is_offered"]
    wanted = {"kind": "new", "size": "S", "phone": "0912345678", "phone_again": "0912345678"}
    refused = await kiosk.post("/api/kiosk/intakes", json=wanted)
    assert (refused.status_code, kind(refused), refused.json()["reason"]) == (409, "intake-full", "power")
    await record(cab, ev.MainsReturned())
    assert (await kiosk.get("/api/kiosk/snapshot")).json()["intake"]["is_offered"]


def test_the_pins_of_the_configuration_become_a_panel(cab: Any) -> None:
    section = PanelSection.model_validate(
        {
            "case_pin": 17,
            "key_pin": 27,
            "lock_supply_pin": 24,
            "inverted": ["case", "lock_supply"],
            "door_light": [{"pin": 22, "compartments": [1, 2]}, {"pin": 23, "compartments": [3]}],
        }
    )
    assert panel_of(section).inputs == {"case", "key"}
    assert panel_of(section).outputs == {"lock_supply", "door_light_1", "door_light_2"}
    assert section.lights == {1: "door_light_1", 2: "door_light_1", 3: "door_light_2"}
    stopped: list[str] = []
    watch_of(cab.running, section, stop=lambda: stopped.append("stop"))._on_stop()
    assert stopped == ["stop"]
    assert cab.running.config.storage.poweroff_request.read_text() == "poweroff\n"


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ({"case_pin": 17, "buzzer_pin": 17}, "two things are wired to one pin"),
        ({"battery_minutes": 10, "reserve_minutes": 10}, "must be less"),
        ({"case_pin": 28}, "less than or equal to 27"),
    ],
)
def test_a_panel_that_cannot_be_is_refused(cab: Any, section: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Config.model_validate({**cab.running.config.model_dump(), "panel": section})
