"""Everything beside HTTP and the bus that strangers' bytes come in by: the shape is kept, its parts are not."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from api.scans import typed
from locker import config_file, wire
from locker.centre import Address, CentreFault, CentreLine, CentreRefusedError
from locker.inbox import Inbox
from locker.refusals import ContradictsEarlier, OutOfOrder
from otp import errors, pdu
from otp.gateway import DeliveryState, Outgoing
from otp.modem_gateway import ModemGateway, ModemPort
from simulator.modem import Modem, plugged
from simulator.stack import ROOT
from tests.locker.conftest import hall, hand  # noqa: F401  fixtures
from tests.locker.test_inbox import PROCEDURE, announcement, wish


def tries(count: int) -> settings:
    """So many examples on one fixture, however long each takes."""
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=count, deadline=None, suppress_health_check=checks)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)

# --- the code of an ID card

NAME, ADDRESS, BIRTH = "TRẦN THỊ CHIM SẺ", "12 Đường Vàng Anh, Hoa Mai", "31121987"
CARD = ("079187001234", "023456789", NAME, BIRTH, "Nữ", ADDRESS, "01012021")


@given(
    order=st.lists(st.sampled_from(CARD), min_size=2, max_size=12) | st.just(list(CARD)),
    prefix=st.sampled_from(("", "]Q1", " ", "\ufeff", "x")),
    more=st.sampled_from(("", "|", "||", "|NGUYỄN VĂN CHA|", "\t")),
)
def test_no_card_however_it_is_read_lets_more_go_on_than_four_digits(order: list[str], prefix: str, more: str) -> None:
    goes_on = typed(prefix + "|".join(order) + more)
    assert re.fullmatch(r"(\d{4})?", goes_on), goes_on


# --- the modem

MESSAGE = Outgoing(reference="n-1", recipient="+84912345678", text="MA MO TU 4821 7390 5562", valid_seconds=3600)
NOISE = st.sampled_from(
    ("RING", "+CREG: 5", '+CMTI: "SM",3', "^RSSI: 12", "+CDS: 25", "+CMGS:", "+CMGS: x", "+CMGS: 99999999999999",
     "+CREG: 0,", "+CREG: ,,,", "+CSCA:", '+CSCA: ""', "+CPIN: ", "+CME ERROR: 9999", "+CMS ERROR: x", "NO CARRIER")
) | st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\x1a\x1b"), max_size=40)  # fmt: skip


class NoisyModem(Modem):
    """A modem between whose lines others stand. Its last word stays, so that nobody waits for a time-out."""

    def __init__(self, noise: Iterable[str]) -> None:
        super().__init__()
        self.noise = list(noise)

    def feed(self, received: bytes) -> tuple[bytes, bool]:
        said, is_cut = super().feed(received)
        if self.noise and said.rstrip().endswith((b"OK", b"ERROR")):
            said = b"\r\n" + self.noise.pop().encode("latin-1") + b"\r\n" + said
        return said, is_cut


@pytest.mark.parametrize("sets_up", [True, False])
@tries(12)
@given(noise=st.lists(NOISE, min_size=1, max_size=12))
async def test_whatever_stands_between_a_modems_lines_a_message_is_sent_or_refused_by_its_cause(
    noise: list[str], *, sets_up: bool
) -> None:
    modem = NoisyModem(noise if sets_up else [])
    with plugged(modem) as port:
        gateway = ModemGateway(ModemPort(port=port, handed_over_within_s=0.3), draw=bytes)
        told = ""
        try:
            if not sets_up:
                await gateway.send(MESSAGE)
                modem.noise = noise
            sent = await gateway.send(MESSAGE)
            assert (await gateway.status(sent.provider_id)).state in DeliveryState
        except errors.SmsError as refused:
            told = str(refused)
        finally:
            await gateway.close()
    assert "4821" not in told


REPORT = "07914889020000F006070B914819325476F8622112000000006221120000000000"


@given(
    st.tuples(st.integers(0, len(REPORT)), st.text("0123456789ABCDEFabcdef x+", max_size=12), st.integers(0, 40)).map(
        lambda cut: REPORT[: cut[0]] + cut[1] + REPORT[cut[0] + cut[2] :]
    )
    | st.text(max_size=60)
)
def test_a_changed_report_of_delivery_is_one_or_none(octets: str) -> None:
    try:
        report = pdu.read_report(octets)
    except pdu.PduError:
        return
    assert 0 <= report.number <= 255
    assert 0 <= report.status <= 255


# --- the configuration

DOCUMENTED = (ROOT / "docs/configuration.md").read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
WIRING = (ROOT / "simulator/cabinet-24.toml").read_text(encoding="utf-8")
CONFIGURATION = (DOCUMENTED + WIRING[WIRING.index("[[") :]).splitlines()
VALUES = st.sampled_from(
    ("0", "-1", "1e400", "nan", "true", '""', '"x"', "[]", "[[]]", "{}", "9" * 30, "1979-05-27", '"\\u0000"', '"/"',
     '"../../etc/shadow"', '"$HOME"', '"~nobody-there/x"', '"00:00"', '"24:00"', '"Asia/Nowhere"', '"127.0.0.1"')
)  # fmt: skip


def changed(line: str, way: str, value: str) -> str:
    if way == "value" and "=" in line:
        return f"{line.partition('=')[0]}= {value}"
    return {"gone": "", "twice": f"{line}\n{line}", "cut": line[: len(line) // 2]}.get(
        way, f"{line}\nsurplus = {value}"
    )


def test_the_configuration_that_is_changed_is_good(tmp_path: Path) -> None:
    (file := tmp_path / "cabinet.toml").write_text("\n".join(CONFIGURATION), encoding="utf-8")
    assert len(config_file.load(file).compartment) == 24


@tries(60)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(CONFIGURATION) - 1), st.sampled_from(("value", "value", "gone", "twice", "cut", "more")),
            VALUES,
        ),
        min_size=1,
        max_size=4,
    )
)  # fmt: skip
def test_a_changed_configuration_is_good_or_named_by_its_problems(
    tmp_path: Path, changes: list[tuple[int, str, str]]
) -> None:
    lines = list(CONFIGURATION)
    for at, way, value in changes:
        lines[at] = changed(lines[at], way, value)
    (file := tmp_path / "cabinet.toml").write_text("\n".join(lines), encoding="utf-8")
    problems: tuple[str, ...] = ("none",)
    try:
        config_file.load(file)
    except config_file.ConfigError as error:
        problems = error.problems
    assert problems
    assert all(problem.strip() for problem in problems)


# --- the wire between cabinet and centre

BODIES: dict[str, dict[str, Any]] = {
    "AnnounceResult": announcement(),
    "AmendResult": {"result_id": "r1", "recipient": {"key": "k1", "name": "Hoa", "phone": "0987654321"}},
    "CancelResult": {"result_id": "r1", "reason": "returned"},
    "NameDelegate": {"result_id": "r1", "name": "Bình", "phone": "0987654321"},
    "RevokeDelegate": {"result_id": "r1"},
}


@tries(60)
@given(
    kind=st.sampled_from(sorted(BODIES)),
    place=st.sampled_from([*announcement(), "recipient.phone", "recipient.name", "recipient.key", "newer"]),
    value=anything | st.sampled_from(("", "\u0000", "\ud800", "9" * 400, -(2**63), "0912345678", "2030-13-45")),
)
async def test_every_wish_that_can_be_read_is_executed_or_answered_with_what_is_wrong(
    hall: Any,  # noqa: F811  the fixture
    kind: str,
    place: str,
    value: Any,
) -> None:
    inbox = Inbox(journal=hall.journal, device_key=b"k" * 32, procedures=[PROCEDURE])
    body = json.loads(json.dumps(BODIES[kind]))
    target, name = (body.get("recipient", {}), place.partition(".")[2]) if "." in place else (body, place)
    target[name] = value
    seq = hall.cabinet.wish_seq + 1
    text = json.dumps({**wish(seq, kind, {}, f"w-{seq}").model_dump(mode="json"), "body": body})
    try:
        read = wire.Wish.model_validate_json(text)
    except ValidationError:
        return
    facts = hall.cabinet.seq
    try:
        assert await inbox.take(read) == seq
    except (OutOfOrder, ContradictsEarlier) as refused:
        pytest.fail(f"a next wish is neither: {refused!r}")
    assert hall.cabinet.seq > facts, "each wish has its answering fact"
    assert await inbox.take(read) == seq, "told again, it changes nothing"


@tries(60)
@given(
    path=st.sampled_from(("stand", "wishes", "give")),
    status=st.sampled_from((200, 200, 200, 204, 302, 400, 409, 500)),
    tree=st.dictionaries(
        st.sampled_from(("events", "epoch", "acked_through", "head_hash", "wishes", "head", "type", "title", "status")),
        anything,
    )
    | anything,
    after=st.sampled_from(("", "5", "-1", "9" * 50, "soon")),
)
async def test_whatever_the_centre_answers_is_an_answer_a_fault_or_a_refusal(
    path: str, status: int, tree: Any, after: str
) -> None:
    content = json.dumps(tree).encode("utf-8", "surrogatepass")
    headers = {"retry-after": after, "location": "http://elsewhere.example/"}
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(status, content=content, headers=headers)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        address = Address(url="https://centre.example", cabinet="hoa-mai-01", key="k")
        line = CentreLine(address=address, client=client, utc_ms=lambda: 1)
        wait_s, title = 0.0, "none"
        try:
            if path == "stand":
                await line.stand(after=0)
            elif path == "wishes":
                await line.wishes(after=0, wait_s=0)
            else:
                await line.give(b"{}")
        except CentreFault as fault:
            wait_s = fault.wait_s
        except CentreRefusedError as refused:
            title = refused.problem.title
    assert 0 <= wait_s <= 300
    assert title
    assert [request.url.host for request in asked] == ["centre.example"], "no redirect is followed"
