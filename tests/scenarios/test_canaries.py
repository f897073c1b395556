"""Names, phones, dossier codes, pickup codes and passwords are searched for where they must not be, on real processes.

One full scenario: a result with a slip, a wrong code, a lost one and a new one; papers that are left with a checked
phone, fetched and answered; and the days after which nothing of it may be left.
"""

from __future__ import annotations

import contextlib
import re
import zipfile
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from simulator.players import StoryBroken, until
from simulator.stack import ROOT
from tests.scenarios import memory, wall_clock
from tests.scenarios.office import Office, held_office, phone
from tests.scenarios.visits import collect_papers, configured, heard, leave, offer, put
from tests.scenarios.wall_clock import WallClock

NAME = "Hoàng Thị Chim Yến"
LEFT_DOSSIER = "H29.190.5-270203-0777"


def as_installed() -> dict[str, str]:
    """The environment that the unit gives the controller."""
    unit = (ROOT / "systemd/dossier-locker.service").read_text(encoding="utf-8")
    lines = re.findall(r"^Environment=(.+)$", unit, re.MULTILINE)
    pairs = dict(pair.split("=", 1) for line in lines for pair in line.split())
    return {name: value for name, value in pairs.items() if not value.startswith("/")}


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """An open office on the third of February 2027, whose controller runs as its unit runs it."""
    wall = WallClock(wall_clock.build(tmp_path), tmp_path / "ahead")
    wall.set("2027-02-03 09:00")
    wall.environment.update(as_installed())
    async with held_office(tmp_path / "desk", wall=wall) as office:
        configured(office, {"[kiosk]": "[kiosk]\naccepts_slips = true"})
        await office.open()
        yield office


def found(canaries: Iterable[str], texts: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Which canary is where."""
    return [
        (one, where) for one in canaries for where, raw in texts.items() if any(f in raw for f in memory.forms(one))
    ]


def files(*paths: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in paths if path.is_file()}


def journal(office: Office) -> dict[str, bytes]:
    """The database, its write-ahead log and everything beside them, copies aside."""
    return files(*(office.desk.state / "journal").rglob("*"))


def logs(office: Office) -> dict[str, bytes]:
    kept = files(*(log for log in office.desk.logs.iterdir() if log.name.startswith("controller")))
    assert kept, "there is a log to search"
    return kept


async def support_bundle(office: Office, file: Path) -> dict[str, bytes]:
    await office.run("support", str(file), *(f"--log={office.desk.logs / name}" for name in logs(office)))
    assert file.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(file) as bundle:
        parts = {name: bundle.read(name) for name in bundle.namelist()}
    assert {"health.json", "figures.txt", "bus.json", "facts.json", "configuration.json", "log.jsonl"} <= parts.keys()
    assert b'"type": "Collected"' in parts["facts.json"]
    assert parts["log.jsonl"]
    return parts


async def collects_with_a_slip_lost_and_wrong_codes(office: Office) -> dict[str, str]:
    """A result is announced, loaded and collected after all that can go wrong; the canaries of it."""
    person = {"name": NAME, "phone": phone(7), "key": "person-7", "id_last4": "4417"}
    minted = await office.centre.http.post("/v1/slips", json={"dossier_code": "H29.190.5-261008-0007"})
    token = minted.raise_for_status().json()["token"]
    announced = await office.announce(7, recipient=person)
    await office.load(announced)
    first = await office.steel.code_for(phone(7))
    await office.kiosk.type_code(first[:3] + first[4] + first[3] + first[5:])
    await office.kiosk.http.post("/api/kiosk/slips", json={"slip": token})
    local = "0" + phone(7)[3:]
    (await office.kiosk.http.post("/api/kiosk/lost-code", json={"phone": local})).raise_for_status()
    code = await office.steel.code_for(phone(7), after=1)
    assert await office.collect(code) == [announced["dossier_code"]]
    await office.centre.until_stage("r-7", "collected")
    return {
        "name": NAME, "phone": phone(7), "typed": local, "dossier": announced["dossier_code"], "slip": token,
        "code": code, "shown": f"{code[:4]} {code[4:8]} {code[8:]}", "secret": code[3:11],
        "first": first, "its secret": first[3:11],
    }  # fmt: skip


async def leaves_papers_with_a_checked_phone(office: Office) -> dict[str, str]:
    """A depositor's phone is checked by a code, papers are left, fetched and answered; the canaries of it."""
    typed: dict[str, Any] = {"phone": phone(8), "language": "vi"}
    begun = (await office.kiosk.http.post("/api/kiosk/phone-checks", json=typed)).raise_for_status().json()
    (text,) = await heard(office, phone(8), "")
    (digits,) = re.findall(r"\d{4} ?\d{4}", text)
    otp = digits.replace(" ", "")
    left = await offer(office, phone=phone(8), visit=begun["visit"], otp=otp, phone_again="")
    await put(office, left, "left")
    await leave(office)
    assert await collect_papers(office, left) == [left["bag"]]
    await office.clerk.done(f"intakes/{left['hand_over']}/report", bag=left["bag"], count=2)
    filed = {"outcome": "registered", "dossier": LEFT_DOSSIER, "appointment": "2030-12-30"}
    await office.clerk.done(f"intakes/{left['hand_over']}/answer", **filed)
    await heard(office, phone(8), LEFT_DOSSIER)
    return {"phone": phone(8), "dossier": LEFT_DOSSIER, "otp": otp}


async def test_canaries_are_found_nowhere_but_where_they_are_kept_and_nowhere_once_erased(
    office: Office, tmp_path: Path
) -> None:
    theirs = await collects_with_a_slip_lost_and_wrong_codes(office)
    left = await leaves_papers_with_a_checked_phone(office)
    await office.told()
    copy = Path(await office.run("backup"))
    kept = (NAME, phone(7), theirs["dossier"], phone(8), LEFT_DOSSIER)
    assert {one for one, _where in found(kept, files(copy))} == set(kept), "the search finds what is there"
    never = {*theirs.values(), *left.values(), office.clerk.person.password} - set(kept)
    assert found(never, {**journal(office), **files(copy)}) == [], "codes, slips and passwords are kept nowhere"
    everything = {*theirs.values(), *left.values(), office.clerk.person.password}
    assert found(everything, logs(office)) == []
    assert found(everything, await support_bundle(office, tmp_path / "support.zip")) == []

    await erased(office)
    assert 'kept": []' in await office.run("subject-report", theirs["dossier"])
    assert found(theirs.values(), journal(office)) == [], "erased, and yet in the journal or its log"

    await days_pass(office, "2027-02-11 09:00")

    async def over() -> bool:
        return found(everything, journal(office)) == []

    await until("what is over is erased eight days after", over)
    assert found(kept, files(copy)) != []
    await days_pass(office, "2027-03-14 09:00")

    async def expired() -> bool:
        return len([*copy.parent.iterdir()]) == 1

    await until("copies are gone after their thirty days", expired)
    assert found(everything, files(*copy.parent.iterdir()) | journal(office) | logs(office)) == []


@pytest.mark.proof
async def test_what_was_erased_is_overwritten_in_the_memory_of_the_controller(office: Office) -> None:
    """Two of some thirty runs found one all the same, a name among addresses of the stack; it says which."""
    theirs = await collects_with_a_slip_lost_and_wrong_codes(office)
    left = await leaves_papers_with_a_checked_phone(office)
    await erased(office)
    await forgotten(office, {*theirs.values(), left["otp"], office.clerk.person.password})


async def erased(office: Office) -> None:
    """The first person's records go, as soon as nothing needs them."""

    async def are_gone() -> bool:
        return (await office.run("erase", "--yes", phone(7))).startswith("2 records erased")

    await until("nothing needs them any more", are_gone)


async def days_pass(office: Office, local: str) -> None:
    """It is another day, a copy is made, and the controller is started again."""
    assert office.wall is not None
    office.wall.set(local)
    await office.run("backup")
    await office.stop("controller")
    await office.start("controller")


async def forgotten(office: Office, canaries: set[str]) -> None:
    """The running controller holds none of these in its memory, once the next requests have come."""
    process = office.parts["controller"].process
    held: list[tuple[str, str]] = []

    async def gone() -> bool:
        await office.clerk.snapshot()
        await office.kiosk.snapshot()
        held[:] = found(canaries, {"memory": memory.dump(process.pid)})
        return not held

    with contextlib.suppress(StoryBroken):
        await until("the memory of the controller holds nothing of them", gone)
    assert held == []
