"""Typed digits against the live codes of a real journal: right, wrong and unknown cost the same."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

import pytest

from locker import events as ev
from locker import slips
from locker.proofs import Proofs
from otp import sealing
from otp.codes import Typed
from otp.throttle import PACE_MS

KEY = b"k" * 32
SALT = b"s" * 16
CHEAP = sealing.Argon2Cost(memory_kib=8)


class Counted:
    """Argon2id that counts how often it ran."""

    def __init__(self) -> None:
        self.runs = 0
        self._turn = threading.Lock()

    def __call__(self, secret: bytes, salt: bytes, cost: sealing.Argon2Cost) -> bytes:
        with self._turn:
            self.runs += 1
        return sealing.argon2id(secret, salt, cost)


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
def proofs(hall: Any, counted: Counted) -> Proofs:
    return Proofs(
        journal=hall.journal,
        device_key=KEY,
        uptime_ms=hall.clock.uptime_ms,
        cost=CHEAP,
        stretch=counted,
    )


@pytest.fixture
def minted(hall: Any) -> Callable[..., Any]:
    """Loads a result and mints codes of its bundle with the secrets given; the bundle's id."""

    async def mint(*secrets: str, selector: str = "482", number: int = 1, **person: Any) -> str:
        recipient = f"k{number}"
        await hall.load(await hall.announce(number, recipient=recipient, **person), compartment=number)
        bundle: str = hall.cabinet.bundle_of(recipient).bundle
        for place, secret in enumerate(secrets):
            code = f"c{number}-{place}"
            kept = ev.PutCode(
                code=code,
                bundle=bundle,
                salt=SALT,
                verifier=sealing.verifier(KEY, secret, SALT, cost=CHEAP),
                sealed=b"",
            )
            fact = ev.CodeMinted(
                code=code, bundle=bundle, recipient=recipient, selector=selector, holder="owner", cause="ready"
            )
            await hall.record(fact, rows=(kept,))
        return bundle

    return mint


async def test_each_live_code_of_a_bundle_is_proved_and_nothing_else(proofs: Proofs, minted: Any) -> None:
    await minted("11111111", "22222222")
    await minted("33333333", selector="591", number=2)
    assert (await proofs.prove(Typed("482", "11111111"), second=None)).code == "c1-0"
    assert (await proofs.prove(Typed("482", "22222222"), second=None)).code == "c1-1"
    assert (await proofs.prove(Typed("482", "33333333"), second=None)).code == ""
    assert (await proofs.prove(Typed("591", "33333333"), second=None)).code == "c2-0"


async def test_right_wrong_unknown_and_used_codes_cost_one_argon2_each(
    hall: Any, proofs: Proofs, minted: Any, counted: Counted
) -> None:
    bundle = await minted("11111111")
    attempts = [("482", "11111111"), ("482", "99999999"), ("777", "11111111")]
    for done, (selector, secret) in enumerate(attempts, start=1):
        await proofs.prove(Typed(selector, secret), second=None)
        assert counted.runs == done
    await hall.record(ev.CodesRevoked(bundle=bundle, codes=("c1-0",), cause="spent"), rows=(ev.EraseCode(code="c1-0"),))
    assert (await proofs.prove(Typed("482", "11111111"), second="5678")).code == ""
    assert counted.runs == 4


async def test_a_revoked_code_whose_keeping_place_is_still_there_proves_nothing(
    hall: Any, proofs: Proofs, minted: Any
) -> None:
    bundle = await minted("11111111", "22222222")
    await hall.record(ev.CodesRevoked(bundle=bundle, codes=("c1-0",), cause="replaced"))
    assert (await proofs.prove(Typed("482", "11111111"), second=None)).code == ""
    assert (await proofs.prove(Typed("482", "22222222"), second=None)).code == "c1-1"


async def test_a_code_that_is_over_with_another_salt_does_not_keep_the_live_one_from_opening(
    hall: Any, proofs: Proofs, minted: Any
) -> None:
    bundle = await minted("11111111")
    old = ev.PutCode(code="c-old", bundle=bundle, salt=b"o" * 16, verifier=b"v" * 32, sealed=b"")
    await hall.record(ev.CodesRevoked(bundle=bundle, codes=("c-old",), cause="recount"), rows=(old,))
    assert (await proofs.prove(Typed("482", "11111111"), second=None)).code == "c1-0"


async def test_many_at_once_each_get_their_own_answer(proofs: Proofs, minted: Any) -> None:
    await minted("11111111")
    typed = [Typed("482", "11111111" if number % 2 else f"{number:08}") for number in range(64)]
    answers = await asyncio.gather(*(proofs.prove(one, second=None) for one in typed))
    assert [answer.code for answer in answers] == ["c1-0" if number % 2 else "" for number in range(64)]


@pytest.mark.parametrize(
    ("person", "typed", "matches"),
    [
        ({}, "5678", True),
        ({}, " 56-78 ", True),
        ({}, "5679", False),
        ({}, "678", False),
        ({}, "", False),
        ({"id_last4": "4417"}, "4417", False),
        ({"phone": None, "id_last4": "4417"}, "4417", True),
        ({"phone": "02838291234", "id_last4": "4417"}, "4417", True),
        ({"phone": None}, "", False),
    ],
)
async def test_the_second_answer_is_the_end_of_the_phone_and_of_the_paper_only_without_a_phone(
    proofs: Proofs, minted: Any, person: dict[str, Any], typed: str, *, matches: bool
) -> None:
    await minted("11111111", **person)
    assert (await proofs.prove(Typed("482", "11111111"), second=typed)).second_matches is matches


async def test_a_selector_nobody_has_matches_no_second_answer(proofs: Proofs, minted: Any) -> None:
    await minted("11111111")
    assert (await proofs.prove(Typed("777", "11111111"), second="5678")).second_matches is False
    assert (await proofs.prove(Typed("777", "11111111"), second=None)).second_matches is None


@pytest.mark.parametrize("selector", ["482", "777"])
async def test_second_answers_are_looked_at_once_in_twenty_seconds_whether_or_not_somebody_is_there(
    hall: Any, proofs: Proofs, minted: Any, selector: str
) -> None:
    await minted("11111111")
    typed = Typed(selector, "99999999")
    started = hall.clock.uptime_ms()
    assert (await proofs.prove(typed, second="0000")).answered_uptime_ms is None
    hall.hand.pass_by(PACE_MS - 1)
    assert (await proofs.prove(typed, second="0001")).answered_uptime_ms == started
    hall.hand.pass_by(1)
    assert (await proofs.prove(typed, second="0002")).answered_uptime_ms == started
    hall.hand.pass_by(1)
    assert (await proofs.prove(typed, second="0003")).answered_uptime_ms == started + PACE_MS


async def test_nothing_that_was_typed_shows_in_what_a_log_would_print(proofs: Proofs, minted: Any) -> None:
    await minted("11111111")
    proof = await proofs.prove(Typed("482", "11111111"), second="5678")
    assert "11111111" not in repr(proof)
    assert "5678" not in repr(proof)


@pytest.mark.parametrize(("typed", "matches"), [("4417", True), ("4418", False), ("441", False), ("", False)])
async def test_the_end_of_the_id_paper_is_compared_by_its_keyed_hash(
    proofs: Proofs, minted: Any, hall: Any, typed: str, *, matches: bool
) -> None:
    await minted("11111111", id_last4="4417")
    kept = await hall.journal.read(lambda connection: str(connection.execute("SELECT body FROM personal").fetchall()))
    assert "id_hash" in kept
    assert "4417" not in kept
    proof = await proofs.prove(Typed("482", "11111111"), second=None, paper=typed)
    assert proof.paper_matches is matches


async def test_nobodys_paper_matches_where_none_is_known(proofs: Proofs, minted: Any) -> None:
    await minted("11111111")
    assert (await proofs.prove(Typed("482", "11111111"), second=None, paper="4417")).paper_matches is False
    assert (await proofs.prove(Typed("482", "11111111"), second=None)).paper_matches is None


@pytest.mark.parametrize(("former", "matches"), [(KEY, True), (None, False)])
async def test_papers_and_slips_under_the_former_key_stay_good_while_it_is_given(
    hall: Any, minted: Any, former: bytes | None, *, matches: bool
) -> None:
    token = "9" * 39
    await minted("11111111", id_last4="4417")
    slip = ev.PutPersonal(ref="d-r1", kind="dossier", body={"code": "x", "slip": slips.kept_of(KEY, token)})
    await hall.journal.record(lambda *_: ev.Decision(rows=(slip,)))
    after = Proofs(
        journal=hall.journal, device_key=b"n" * 32, former_key=former, uptime_ms=hall.clock.uptime_ms, cost=CHEAP
    )
    found = await after.prove_slip(token, paper="4417")
    assert (found.results, found.paper_matches) == ((("r1",), True) if matches else ((), False))
    assert (await after.prove(Typed("482", "11111111"), second=None)).code == "", "codes are void in any case"
