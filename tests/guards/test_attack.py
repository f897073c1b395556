"""Somebody at the keypad who should not be there: a year on a virtual clock, and the real path on a smaller scale."""

from __future__ import annotations

import asyncio
import random
import statistics
import time
from collections import Counter
from typing import Any

import httpx
import pytest

from bench.proof import attack, keypad
from locker import events as ev
from otp import codes, sealing, throttle
from tests.api.conftest import CHEAP, DEVICE_KEY

GOAL = 1e-3
"""Expected wrong openings of a cabinet-year."""


@pytest.mark.parametrize("name", keypad.ATTACKS)
def test_some_days_of_attack_open_nothing_to_speak_of_and_refuse_no_owner(name: str) -> None:
    days = 4 if keypad.ATTACKS[name].cuts_power_every_ms == 20_000 else 12
    assert not [*attack.wrong(name, keypad.play(name, days=days, seed=7), goal=GOAL)]


def test_an_attack_that_went_too_far_is_named() -> None:
    outcome = keypad.Outcome(days=365, let_through=40_000, expected_openings=0.002, owners=6_000, refused=1)
    assert len([*attack.wrong("every live bundle", outcome, goal=GOAL)]) == 3


# --- the real path, on a smaller scale


class Errand:
    """Bundles with one result each, whose secrets are drawn from few, so that guessing succeeds within a test."""

    def __init__(self, cab: Any, kiosk: httpx.AsyncClient, *, secrets: int, seed: int = 3) -> None:
        self.cab, self.kiosk, self.secrets = cab, kiosk, secrets
        self.rng = random.Random(seed)
        self.number = 0
        self.right = ""

    async def lay(self) -> str:
        """One more result in compartment 1, with a code; its selector."""
        self.number += 1
        name = f"r-{self.number}"
        await self.cab.announce(name, code=f"H29.190.5-261008-{self.number:04d}", recipient=f"k-{self.number}")
        await self.cab.load(name, number=1, hand_over=f"h-{self.number}")
        await self.cab.journal.record(lambda *_: ev.Decision(events=(ev.RoundClosed(actor="lan"),)))
        bundle = self.cab.now.bundle_of(f"k-{self.number}").bundle
        secret, salt = self.secret(), bundle.encode().ljust(16, b".")[:16]
        selector = str(100 + self.number % 900)
        code = f"c-{self.number}"
        kept = ev.PutCode(
            code=code,
            bundle=bundle,
            salt=salt,
            verifier=sealing.verifier(DEVICE_KEY, secret, salt, cost=CHEAP),
            sealed=b"",
        )
        minted = ev.CodeMinted(
            code=code,
            bundle=bundle,
            recipient=f"k-{self.number}",
            selector=selector,
            holder="owner",
            cause="ready",
        )
        await self.cab.journal.record(lambda *_: ev.Decision(events=(minted,), rows=(kept,)))
        self.right = codes.compose(selector, secret)
        return selector

    def secret(self) -> str:
        return f"{self.rng.randrange(self.secrets):08d}"

    async def type_code(self, digits: str, **more: str) -> httpx.Response:
        return await self.kiosk.post("/api/kiosk/codes", json={"digits": digits, **more})

    async def take(self, visit: str) -> None:
        await self.cab.open(1)
        await self.cab.close(1)
        assert (await self.kiosk.post(f"/api/kiosk/visits/{visit}/leave", json={})).status_code == 200

    async def guess(self, selector: str) -> bool:
        answer = await self.type_code(codes.compose(selector, self.secret()))
        if answer.status_code == 200:
            await self.take(answer.json()["visit"])
        else:
            assert answer.json()["type"].endswith(":code-refused")
        return answer.status_code == 200

    async def owner_takes(self) -> None:
        answer = await self.type_code(self.right, second="4678")
        assert answer.status_code == 200, answer.text
        await self.take(answer.json()["visit"])


async def guess_on(cab: Any, kiosk: httpx.AsyncClient, *, guesses: int, secrets: int) -> None:
    """So many guesses through HTTP, as fast as the bucket fills, and whether luck stays within three sigma."""
    errand = Errand(cab, kiosk, secrets=secrets)
    done = hits = 0
    while done < guesses:
        selector = await errand.lay()
        is_taken = False
        for _ in range(throttle.LIFE_FAILURES):
            cab.hands.forward(1200)
            done += 1
            if is_taken := await errand.guess(selector):
                hits += 1
                break
        if not is_taken:
            await errand.owner_takes()
    expected = done / secrets
    assert abs(hits - expected) <= 3 * (expected * (1 - 1 / secrets)) ** 0.5, (hits, expected)


async def test_a_guess_succeeds_as_often_as_its_digits_say(cab: Any, kiosk: httpx.AsyncClient) -> None:
    await guess_on(cab, kiosk, guesses=150, secrets=10)


@pytest.mark.proof
async def test_with_three_secret_digits_a_guess_succeeds_once_in_a_thousand(cab: Any, kiosk: httpx.AsyncClient) -> None:
    await guess_on(cab, kiosk, guesses=20_000, secrets=1000)


# --- one code, many hands


async def test_one_code_typed_64_times_at_once_is_one_grant(cab: Any, kiosk: httpx.AsyncClient) -> None:
    errand = Errand(cab, kiosk, secrets=10**8)
    for done in range(1, 4):
        await errand.lay()
        answers = await asyncio.gather(*(errand.type_code(errand.right) for _ in range(64)))
        told = Counter((one.status_code, one.json().get("visit")) for one in answers)
        assert len(told) == 1, told
        assert answers[0].status_code == 200
        assert await cab.facts(ev.GrantIssued) == done, "a door's pulse needs a grant, and there is one"
        assert cab.now.grant_on(1) is not None
        await errand.take(answers[0].json()["visit"])
        assert await cab.facts(ev.Collected) == done
    assert await cab.facts(ev.AttemptFailed) == 0


# --- what the clock tells


@pytest.mark.proof
async def test_unknown_wrong_and_used_codes_take_the_same_time(cab: Any, kiosk: httpx.AsyncClient) -> None:
    errand = Errand(cab, kiosk, secrets=10**8)
    await errand.lay()
    used = errand.right
    await errand.owner_takes()
    selector = await errand.lay()
    causes = {"unknown": codes.compose("999", "12345678"), "wrong": codes.compose(selector, "00000000"), "used": used}
    took: dict[str, list[float]] = {name: [] for name in causes}
    answered = Counter[str]()
    for turn in range(1500):
        name = list(causes)[turn % 3]
        cab.hands.forward(1200)
        if cab.now.tries.get(causes[name][:3], throttle.Tries()).failures >= throttle.LIFE_FAILURES:
            await cab.journal.record(lambda *_: ev.Decision(events=(ev.RunStarted(release="t"),)))
        began = time.perf_counter()
        answer = await errand.type_code(causes[name], second="0000")
        took[name].append(time.perf_counter() - began)
        answered[answer.text] += 1
    middle = {name: statistics.median(times) for name, times in took.items()}
    assert max(middle.values()) - min(middle.values()) < 0.002, middle
    assert len(answered) == 1, answered
