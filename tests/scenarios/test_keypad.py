import asyncio
import random
from collections import Counter
from typing import Any

import httpx
from stdnum import damm

from tests.scenarios.cut import Cut, Side
from tests.scenarios.office import Office, phone

CAPACITY = 20


def well_formed(chance: random.Random, *, selector: str = "") -> str:
    """Twelve digits that could be a code."""
    digits = (selector or str(chance.randrange(100, 1000))) + f"{chance.randrange(10**8):08d}"
    return digits + str(damm.calc_check_digit(digits))


def told(answer: httpx.Response) -> tuple[int, str]:
    """What the keypad's user is told."""
    return answer.status_code, answer.json().get("type", "").rsplit(":", 1)[-1]


async def type_all(office: Office, codes: list[str], **body: Any) -> Counter[tuple[int, str]]:
    """Type them as fast as it goes, some at once; what was answered."""
    answers: Counter[tuple[int, str]] = Counter()
    waiting = iter(codes)

    async def stranger() -> None:
        for digits in waiting:
            answer = await office.kiosk.http.post("/api/kiosk/codes", json={"digits": digits, **body})
            answers[told(answer)] += 1

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(stranger())
    return answers


async def test_after_a_thousand_random_codes_the_owner_of_a_right_code_still_collects(office: Office) -> None:
    await office.load(await office.announce(1))
    code = await office.steel.code_for(phone(1))
    before = await office.pulses()
    chance = random.Random(1000)
    codes = [one for one in (well_formed(chance) for _ in range(1002)) if one != code][:1000]
    half = await type_all(office, codes[:500])
    await office.kill()
    await office.restart()
    answers = half + await type_all(office, codes[500:])
    assert answers[403, "code-refused"] == CAPACITY, "a restart gave new tries"
    assert answers[403, "second-check-needed"] == 1000 - CAPACITY
    assert await office.pulses() == before
    plain = await office.kiosk.type_code(code)
    assert told(plain) == (403, "second-check-needed")
    await office.collect(code, second=phone(1)[-4:])
    await office.centre.until_stage("r-1", "collected")


async def test_slips_of_the_finger_phone_numbers_and_dossier_codes_are_said_kindly_and_charge_nothing(
    office: Office,
) -> None:
    await office.load(await office.announce(1))
    code = await office.steel.code_for(phone(1))
    slips = {
        code[:11] + str((int(code[11]) + 1) % 10): "mistyped",
        code[1] + code[0] + code[2:]: "mistyped" if code[0] != code[1] else "",
        code[:11]: "too_short",
        "0903110001": "phone",
        "+84 903 110 001": "phone",
        "001099000001": "id_card",
        "261008-0001": "dossier",
        "H29.190.5-261008-0001": "dossier",
        "": "empty",
        "mười hai số": "letters",
    }
    for _ in range(3):
        for digits, looks_like in slips.items():
            if not looks_like:
                continue
            answer = await office.kiosk.http.post("/api/kiosk/codes", json={"digits": digits})
            assert told(answer) == (422, "code-malformed"), digits
            # A slip in a code that happens to begin like a phone or an ID number is taken for one; that is kind enough.
            by_chance = {"phone", "id_card"} if looks_like in {"mistyped", "too_short"} else set()
            assert answer.json()["looks_like"] in {looks_like} | by_chance
            assert set(answer.json()["hint"]) == {"vi", "en"}
    await office.collect(code)
    assert not [fact for fact in await office.told() if fact["type"] == "AttemptFailed"]


async def test_a_wrong_a_used_an_unknown_and_a_suspended_code_get_one_and_the_same_answer(office: Office) -> None:
    await office.load(*[await office.announce(number) for number in (1, 2, 3)])
    used, suspended, right = [await office.steel.code_for(phone(number)) for number in (1, 2, 3)]
    await office.collect(used)
    (await office.kiosk.type_code(suspended)).raise_for_status()
    door = await office.kiosk.door("open")
    await office.steel.until_sprung(int(door["compartment"]))
    await office.steel.act(int(door["compartment"]), "push")
    await office.kiosk.door("closed")
    said = await office.kiosk.press("answers", hand_over=door["hand_over"], said="not_mine")
    said.raise_for_status()
    (await office.kiosk.press("leave")).raise_for_status()
    chance = random.Random(4)
    taken = {used[:3], suspended[:3], right[:3]}
    unknown = next(str(one) for one in range(100, 1000) if str(one) not in taken)
    wrong = {
        "wrong": well_formed(chance, selector=right[:3]),
        "used": used,
        "unknown": well_formed(chance, selector=unknown),
        "suspended": suspended,
    }
    answers = {
        name: await office.kiosk.http.post("/api/kiosk/codes", json={"digits": digits})
        for name, digits in wrong.items()
    }
    shown = {
        name: (answer.status_code, answer.content, answer.headers["content-type"]) for name, answer in answers.items()
    }
    assert len(set(shown.values())) == 1, shown
    assert told(answers["wrong"]) == (403, "code-refused")


async def test_a_failure_is_charged_once_on_whichever_side_of_its_commit_the_power_goes(
    empty_office: Office, cut: Cut
) -> None:
    """Twenty answers in all, however often the power is cut while one is given."""
    await empty_office.start("simulator")
    await empty_office.start("centre")
    await empty_office.start("controller", environment=cut.environment)
    await empty_office.meet()
    await empty_office.stop("centre")
    chance = random.Random(20)
    answers: Counter[tuple[int, str]] = Counter()
    unanswered = 0
    for side in (Side.AFTER, Side.BEFORE, Side.AFTER):
        answers += await type_all(empty_office, [well_formed(chance) for _ in range(3)])
        cut.order(side, 1)
        try:
            answers[told(await empty_office.kiosk.type_code(well_formed(chance)))] += 1
        except httpx.TransportError:
            unanswered += 1
        async with asyncio.timeout(10):
            await empty_office.parts["controller"].process.wait()
        cut.cancel()
        await empty_office.restart(environment=cut.environment)
    answers += await type_all(empty_office, [well_formed(chance) for _ in range(40)])
    assert unanswered == 3
    assert answers[403, "code-refused"] == CAPACITY - 2, "one on each AFTER was charged though nobody heard"
    await empty_office.stop("controller")
    failures = [fact for fact in empty_office.facts() if fact["type"] == "AttemptFailed"]
    assert len(failures) == CAPACITY
