"""SMS through a GSM modem on a serial port: AT commands in PDU mode (3GPP TS 27.005, 27.007).

The modem keeps no list of what it took: after an answer that never came only this run's memory tells which parts
went out, and the rest is sent again with the same concatenation number. Delivery reports are routed straight to the
port, so a report for a message of an earlier run is not known. Nothing is read from the SIM; what people answer is
deleted unread at each start.
"""

import asyncio
import contextlib
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from zlib import crc32

import structlog

from otp import errors, pdu
from otp.gateway import Capabilities, DeliveryState, DeliveryStatus, Outgoing, Sent
from otp.modem_errors import delivery_of
from otp.modem_line import ModemLine, ModemSilent

REMEMBERED: Final = 500
EARLY: Final = 10
LONGEST_TEXT: Final = 1530
HANDED_OVER_WITHIN_S: Final = 65.0
REGISTERED: Final = frozenset({1, 5})
DENIED: Final = 3
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ModemPort:
    """Where the modem is. `pin_file` holds the SIM's PIN (None: it asks for none)."""

    port: str
    baud: int = 115200
    pin_file: Path | None = None
    handed_over_within_s: float = HANDED_OVER_WITHIN_S


@dataclass(slots=True)
class _Known:
    """One message of this run: the modem's number of each part, in order, and what was reported of each."""

    recipient: str
    provider_id: str
    numbers: list[int] = field(default_factory=list)
    reports: dict[int, DeliveryStatus] = field(default_factory=dict)
    is_whole: bool = False


class ModemGateway:
    """Owns one modem's port, opened at the first use; `close` it in the same loop."""

    name = "modem"
    capabilities = Capabilities(
        is_idempotent=False, has_delivery_reports=True, needs_templates=False, max_length=LONGEST_TEXT
    )

    def __init__(self, place: ModemPort, *, draw: Callable[[int], bytes]) -> None:
        """`draw(n)` gives n random bytes. Nothing is opened before the first message."""
        self._place = place
        self._run = draw(4).hex()
        self._line: ModemLine | None = None
        self._turn = asyncio.Lock()
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._early: deque[pdu.Report] = deque(maxlen=EARLY)
        self._is_pin_wrong = False

    async def send(self, message: Outgoing) -> Sent:
        """Hand every part to the modem, once each in this run. Raises Retryable, Final, OutcomeUnknown."""
        async with self._turn:
            known = self._remember(message)
            parts = pdu.submits(
                message.recipient,
                message.text,
                valid_seconds=message.valid_seconds,
                group=crc32(message.reference.encode()) & 0xFF,
            )
            line = await self._ready()
            for part in parts[len(known.numbers) :]:
                known.numbers.append(await self._submit(line, part))
                self._match_early()
            known.is_whole = True
            return Sent(known.provider_id)

    async def status(self, provider_id: str) -> DeliveryStatus:
        """What the centre reported of this run's messages; `WAITING` until every part is told of."""
        known = next((one for one in self._known.values() if one.provider_id == provider_id), None)
        if known is None:
            return DeliveryStatus(DeliveryState.WAITING)
        for report in known.reports.values():
            if report.state is DeliveryState.FAILED:
                return report
        told = [known.reports.get(number) for number in known.numbers]
        is_delivered = all(one is not None and one.state is DeliveryState.DELIVERED for one in told)
        return DeliveryStatus(DeliveryState.DELIVERED if is_delivered else DeliveryState.WAITING)

    async def find(self, message: Outgoing, *, since_utc_ms: int | None) -> Sent | None:  # noqa: ARG002  no list kept
        """What this run knows it handed over whole; a modem cannot tell more."""
        known = self._known.get(message.reference)
        return Sent(known.provider_id) if known is not None and known.is_whole else None

    async def erase(self, provider_id: str) -> None:
        """A modem keeps no text of what AT+CMGS took."""

    async def close(self) -> None:
        """Let the port go; harmless when it was never opened."""
        self._hang_up()

    def _hang_up(self) -> None:
        line, self._line = self._line, None
        if line is not None:
            line.close()

    def _remember(self, message: Outgoing) -> _Known:
        known = self._known.get(message.reference)
        if known is None or known.is_whole:
            known = _Known(recipient=message.recipient, provider_id=f"{self._run}-{message.reference}")
            self._known[message.reference] = known
        while len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return known

    async def _submit(self, line: ModemLine, part: pdu.Submit) -> int:
        """The modem's number of the part. A refusal before the octets left is not an unknown outcome."""
        has_left = False
        try:
            await line.ask(f"AT+CMGS={part.length}", until_prompt=True)
            has_left = True
            answer = await line.hand_over(part.octets, within_s=self._place.handed_over_within_s)
            return next(int(one.removeprefix("+CMGS:").split(",")[0]) for one in answer if one.startswith("+CMGS:"))
        except ModemSilent as silent:
            self._hang_up()
            if has_left:
                raise errors.OutcomeUnknown("the modem took the message and said nothing more") from silent
            raise errors.GatewayUnreachable(f"{silent}; check its power and cable") from silent
        except (StopIteration, ValueError) as error:
            self._hang_up()
            raise errors.OutcomeUnknown("the modem's answer cannot be read; it may have taken the message") from error
        except asyncio.CancelledError:
            self._hang_up()
            raise

    async def _ready(self) -> ModemLine:
        """An open line to a modem that may send now."""
        if self._line is not None and not self._line.is_open:
            self._hang_up()
        try:
            if self._line is None:
                self._line = await ModemLine.open(self._place.port, baud=self._place.baud, on_report=self._on_report)
                await self._set_up(self._line)
            await self._require_network(self._line)
        except ModemSilent as silent:
            self._hang_up()
            raise errors.GatewayUnreachable(f"{silent}; check the modem's power, cable and baud") from silent
        except BaseException:
            self._hang_up()
            raise
        return self._line

    async def _set_up(self, line: ModemLine) -> None:
        line.interrupt()
        for last in (False, True):
            try:
                await line.ask("AT", within_s=1.0)
                break
            except (ModemSilent, errors.SmsError):
                if last:
                    raise
        for command in ("ATE0", "AT+CMEE=1"):
            await line.ask(command)
        await self._unlock(line)
        for command in ("AT+CMGF=0", "AT+CNMI=2,0,0,1,0"):
            await line.ask(command)
        centre = " ".join(await line.ask("AT+CSCA?"))
        if '""' in centre or "+CSCA:" not in centre:
            raise errors.GatewayMisconfigured("the SIM names no message centre; set it once with AT+CSCA")
        with contextlib.suppress(errors.SmsError):
            await line.ask("AT+CMGD=1,4", within_s=20.0)

    async def _unlock(self, line: ModemLine) -> None:
        state = " ".join(await line.ask("AT+CPIN?"))
        if "READY" in state:
            return
        if "SIM PIN" not in state or self._place.pin_file is None or self._is_pin_wrong:
            raise errors.GatewayMisconfigured(
                "the SIM asks for a PIN or PUK; give the right pin_file in [notices.modem], or unlock it in a phone"
            )
        try:
            pin = (await asyncio.to_thread(self._place.pin_file.read_text, encoding="utf-8")).strip()
        except OSError as error:
            raise errors.GatewayMisconfigured("pin_file of [notices.modem] cannot be read; correct it") from error
        try:
            await line.ask(f'AT+CPIN="{pin}"', within_s=20.0)
        except errors.SmsError:
            # A third wrong PIN locks the SIM: this one is not tried again before a restart.
            self._is_pin_wrong = True
            raise

    async def _require_network(self, line: ModemLine) -> None:
        answer = " ".join(await line.ask("AT+CREG?"))
        _, _, state = answer.partition(",")
        registered = int(state[:1]) if state[:1].isdecimal() else 0
        if registered == DENIED:
            raise errors.LimitReached("the mobile network refuses this SIM; ask its operator")
        if registered not in REGISTERED:
            raise errors.GatewayUnreachable("the modem has no network; check aerial and SIM")

    def _on_report(self, octets: str) -> None:
        try:
            report = pdu.read_report(octets)
        except pdu.PduError as error:
            log.debug("a delivery report cannot be read", reason=str(error))
            return
        if not self._match(report):
            self._early.append(report)

    def _match_early(self) -> None:
        """A report may stand on the line right behind the answer that gives the part its number."""
        self._early = deque((one for one in self._early if not self._match(one)), maxlen=EARLY)

    def _match(self, report: pdu.Report) -> bool:
        for known in reversed(self._known.values()):
            if report.number in known.numbers and _is_same(known.recipient, report.recipient):
                known.reports[report.number] = delivery_of(report.status)
                return True
        return False


def _is_same(sent_to: str, reported: str) -> bool:
    """Networks report a number as it was dialled or in its national form."""
    return sent_to.removeprefix("+")[-8:] == reported.removeprefix("+")[-8:]
