"""The notices worker: makes codes that are due, sends messages, follows them to their outcome.

The intent is on record before a gateway hears of a message. A retry sends the same code with the same reference. An
unknown outcome, also one a power cut left behind, is looked up before it is sent again. A gateway that fails for
good is followed by the next one in the configuration's order. Texts are made at the moment of sending and never
kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import apsw
import msgspec
import structlog

from locker import rows
from locker.config import CabinetSection
from locker.journal import Journal
from locker.model import Bundle, Cabinet, Notice
from locker.refusals import WrongStage
from locker.rules import notices as rules
from otp import codes, sealing
from otp.errors import Final, OtpError, OutcomeUnknown, Retryable, SmsError, TextError
from otp.gateway import DeliveryState, Outgoing, SmsGateway
from otp.texts import Texts, render

LOOK_UP_AFTER_MS = 30_000
LOOK_UP_IDEMPOTENT_AFTER_MS = 1_000
ASK_DELIVERY_MS = (2_000, 10_000, 60_000, 300_000, 1_800_000)
GIVE_UP_DELIVERY_MS = 24 * 3600 * 1000
VALID_SECONDS = 36_000
log = structlog.get_logger()


class Material(msgspec.Struct, frozen=True):
    """What a text needs and the journal keeps apart from the facts; empty parts are erased or were never there."""

    phone: str
    dossiers: tuple[str, ...]
    selector: str
    sealed: bytes


class Notices:
    """Owns no more than the asking times of one run; everything else is in the journal."""

    def __init__(
        self,
        *,
        journal: Journal[Cabinet],
        gateways: Sequence[SmsGateway],
        texts: Texts,
        device_key: bytes,
        cabinet: CabinetSection,
        uptime_ms: Callable[[], int],
        draw: Callable[[int], bytes],
        cost: sealing.Argon2Cost = sealing.CODE_COST,
    ) -> None:
        self._journal = journal
        self._gateways = {gateway.name: gateway for gateway in gateways}
        self._order = tuple(self._gateways)
        self._texts = texts
        self._device_key = device_key
        self._cabinet = cabinet
        self._uptime_ms = uptime_ms
        self._draw = draw
        self._cost = cost
        self._asked: dict[str, tuple[int, int]] = {}
        self._given_up: dict[str, set[str]] = {}
        self.is_online = True

    @property
    def insecure_gateways(self) -> tuple[str, ...]:
        """Names of gateways that keep codes in clear."""
        return tuple(name for name, one in self._gateways.items() if one.capabilities.is_insecure)

    async def run(self) -> None:
        """Until cancelled: do what is due, then wait for a fact or the next instant."""
        while True:
            cabinet = self._journal.cabinet
            for bundle in rules.due_bundles(cabinet):
                await self.mint(bundle)
            for notice in tuple(self._journal.cabinet.notices.values()):
                if self._due_at(notice) <= self._uptime_ms():
                    await self._advance(notice)
            present = self._journal.cabinet
            if present.seq != cabinet.seq:
                continue
            next_at = min((self._due_at(notice) for notice in present.notices.values()), default=None)
            wait_s = None if next_at is None else max(0.05, (next_at - self._uptime_ms()) / 1000)
            try:
                async with asyncio.timeout(wait_s):
                    await self._journal.changed(present.seq)
            except TimeoutError:
                continue

    async def close(self) -> None:
        """Let the gateways' connections go."""
        for gateway in self._gateways.values():
            await gateway.close()

    # --- codes

    async def mint(self, bundle: Bundle) -> None:
        """Make the owner's code of a bundle that is due, and queue its message."""
        fresh = await self._fresh(bundle)
        try:
            await self._journal.record(lambda cabinet, *_: rules.mint(cabinet, bundle.bundle, fresh))
        except WrongStage:
            log.debug("selector taken meanwhile; drawn again at the next turn")

    async def mint_again(self, bundle: str) -> None:
        """A person asked for a new code. Raises WrongStage when nothing announced waits for them."""
        present = self._journal.cabinet.bundles.get(bundle)
        if present is None:
            raise WrongStage("no announced result waits for this person")
        fresh = await self._fresh(present)
        await self._journal.record(lambda cabinet, *_: rules.mint_again(cabinet, bundle, fresh))

    async def _fresh(self, bundle: Bundle) -> rules.Fresh:
        salt = await self._journal.read(lambda connection: _salt(connection, bundle.bundle)) or self._draw(
            sealing.SALT_BYTES
        )
        secret = codes.secret_from(self._draw)
        code = f"c-{self._draw(8).hex()}"
        cabinet = self._journal.cabinet
        verifier = await asyncio.to_thread(sealing.verifier, self._device_key, secret, salt, cost=self._cost)
        return rules.Fresh(
            code=code,
            notice=f"n-{self._draw(8).hex()}",
            selector=codes.pick_selector(rules.taken_selectors(cabinet, cabinet.utc_ms), self._draw),
            salt=salt,
            verifier=verifier,
            sealed=sealing.seal(self._device_key, secret.encode(), context=code, draw=self._draw),
        )

    # --- messages

    def _due_at(self, notice: Notice) -> int:
        """Uptime in milliseconds at which something is to be done about this notice."""
        if notice.stage == "queued":
            return rules.ready_at_ms(notice)
        if notice.stage == "attempted":
            gateway = self._gateways.get(notice.gateway)
            # Where the same reference cannot go out twice, nothing is gained by waiting for a listing to catch up.
            is_safe = gateway is not None and gateway.capabilities.is_idempotent
            return notice.touched_uptime_ms + (LOOK_UP_IDEMPOTENT_AFTER_MS if is_safe else LOOK_UP_AFTER_MS)
        count, last = self._asked.get(notice.notice, (0, notice.touched_uptime_ms))
        return last + ASK_DELIVERY_MS[min(count, len(ASK_DELIVERY_MS) - 1)]

    async def _advance(self, notice: Notice) -> None:
        if notice.stage == "queued":
            await self._send(notice)
        elif notice.stage == "attempted":
            await self._look_up(notice)
        elif notice.stage == "sent":
            await self._ask_delivery(notice)

    def _gateway_for(self, notice: Notice) -> SmsGateway | None:
        refused = self._given_up.get(notice.notice, set())
        return next((self._gateways[name] for name in self._order if name not in refused), None)

    async def _send(self, notice: Notice) -> None:
        gateway = self._gateway_for(notice)
        if gateway is None:
            await self._failed(notice, "", "no gateway is left", is_final=True)
            return
        try:
            message = await self._message(notice)
        except (TextError, OtpError, LookupError) as error:
            await self._failed(notice, gateway.name, type(error).__name__, is_final=True)
            return
        await self._journal.record(lambda cabinet, *_: rules.attempt(cabinet, notice.notice, gateway=gateway.name))
        try:
            sent = await gateway.send(message)
        except OutcomeUnknown:
            log.warning("outcome of a message unknown; it is looked up", notice=notice.notice, gateway=gateway.name)
            return
        except SmsError as error:
            await self._refused(notice, gateway.name, error)
            return
        self.is_online = True
        await self._took(notice, gateway, sent.provider_id)

    async def _took(self, notice: Notice, gateway: SmsGateway, provider_id: str) -> None:
        is_final = not gateway.capabilities.has_delivery_reports
        await self._journal.record(
            lambda cabinet, *_: rules.sent(
                cabinet, notice.notice, gateway=gateway.name, provider_id=provider_id, is_final=is_final
            ),
            must_land=True,
        )

    async def _refused(self, notice: Notice, gateway: str, error: SmsError) -> None:
        is_over = False
        if isinstance(error, Final):
            self._given_up.setdefault(notice.notice, set()).add(gateway)
            is_over = self._gateway_for(notice) is None
        elif isinstance(error, Retryable):
            self.is_online = False
        (log.error if error.alarm else log.warning)("message refused", gateway=gateway, cause=type(error).__name__)
        await self._failed(notice, gateway, type(error).__name__, is_final=is_over)

    async def _failed(self, notice: Notice, gateway: str, cause: str, *, is_final: bool) -> None:
        await self._journal.record(
            lambda cabinet, *_: rules.failed(cabinet, notice.notice, gateway=gateway, cause=cause, is_final=is_final)
        )

    async def _look_up(self, notice: Notice) -> None:
        """An attempt without an answer: ask the gateway before anything is sent again."""
        gateway = self._gateways.get(notice.gateway)
        if gateway is None:
            await self._failed(notice, notice.gateway, "gateway removed", is_final=False)
            return
        try:
            found = await gateway.find(await self._message(notice), since_utc_ms=notice.queued_utc_ms or None)
        except (OtpError, LookupError) as error:
            log.warning("message not looked up", gateway=gateway.name, cause=type(error).__name__)
            found, is_known = None, not isinstance(error, Retryable)
            if not is_known:
                return
        if found is None:
            await self._failed(notice, gateway.name, "not taken", is_final=False)
        else:
            await self._took(notice, gateway, found.provider_id)

    async def _ask_delivery(self, notice: Notice) -> None:
        gateway = self._gateways.get(notice.gateway)
        count, _last = self._asked.get(notice.notice, (0, 0))
        self._asked[notice.notice] = (count + 1, self._uptime_ms())
        if gateway is None or self._uptime_ms() - notice.touched_uptime_ms > GIVE_UP_DELIVERY_MS:
            await self._journal.record(lambda cabinet, *_: rules.delivered(cabinet, notice.notice))
            return
        try:
            status = await gateway.status(notice.provider_id)
        except SmsError as error:
            log.warning("delivery not known yet", gateway=gateway.name, cause=type(error).__name__)
            return
        if status.state is DeliveryState.DELIVERED:
            await self._journal.record(lambda cabinet, *_: rules.delivered(cabinet, notice.notice))
            self._asked.pop(notice.notice, None)
        elif status.state is DeliveryState.FAILED and status.failure is not None:
            await self._refused(notice, gateway.name, status.failure)

    async def _message(self, notice: Notice) -> Outgoing:
        """The message as it goes out. Raises LookupError when its person or code is gone, TextError,
        SealBrokenError.
        """
        cabinet = self._journal.cabinet
        material = await self._journal.read(lambda connection: _material(connection, cabinet, notice))
        if not material.phone:
            raise LookupError("no phone")
        values = self._values(cabinet, notice, material)
        language = next((cabinet.results[key].language for key in notice.results if key in cabinet.results), "vi")
        wanted = self._texts.get((notice.template, language)) or self._texts[notice.template, "vi"]
        rendered = render(
            self._texts, notice.template, language, {key: values.get(key, "") for key in wanted.variables}
        )
        return Outgoing(
            reference=notice.notice,
            recipient=material.phone,
            text=rendered.text,
            valid_seconds=VALID_SECONDS,
            provider_template=rendered.provider_template,
        )

    def _values(self, cabinet: Cabinet, notice: Notice, material: Material) -> Mapping[str, str]:
        zone = ZoneInfo(self._cabinet.timezone)
        deadlines = [cabinet.results[key].deadline for key in notice.results if key in cabinet.results]
        values = {
            "office": self._cabinet.sms_name,
            "address": self._cabinet.address,
            "hotline": self._cabinet.hotline,
            "count": str(len(notice.results)),
            "dossier": _named(material.dossiers),
            "until": _day(min(deadlines)) if deadlines else "",
            "at": datetime.fromtimestamp(notice.queued_utc_ms / 1000, UTC).astimezone(zone).strftime("%H:%M %d/%m/%Y"),
        }
        if notice.code:
            if not material.sealed:
                raise LookupError("the code is over")
            secret = sealing.unseal(self._device_key, material.sealed, context=notice.code).decode()
            values["code"] = codes.group(codes.compose(material.selector, secret))
        return values


def _named(dossiers: tuple[str, ...]) -> str:
    """The dossier's tail as people know it; several are named by the first and a count."""
    if not dossiers:
        return ""
    parts = dossiers[0].rsplit("-", 2)
    tail = "-".join(parts[-2:]) if len(parts) == 3 else dossiers[0]  # noqa: PLR2004  (agency, date, number)
    return tail if len(dossiers) == 1 else f"{tail} va {len(dossiers) - 1} ho so khac"


def _day(deadline: str) -> str:
    year, month, day = deadline.split("-")
    return f"{day}/{month}/{year}"


def _salt(connection: apsw.Connection, bundle: str) -> bytes | None:
    found = connection.execute("SELECT salt FROM code WHERE bundle = ? LIMIT 1", (bundle,)).get
    return found if isinstance(found, bytes) else None


def _material(connection: apsw.Connection, cabinet: Cabinet, notice: Notice) -> Material:
    person = rows.personal(connection, notice.person) or {}
    dossiers = []
    for key in notice.results:
        result = cabinet.results.get(key)
        body = rows.personal(connection, result.dossier if result is not None else f"d-{key}")
        if body is not None:
            dossiers.append(body.get("code", ""))
    code = rows.code(connection, notice.code) if notice.code else None
    bundle = cabinet.bundles.get(notice.bundle)
    return Material(
        phone=person.get("phone", ""),
        dossiers=tuple(dossiers),
        selector=bundle.selector if bundle is not None else "",
        sealed=code.sealed if code is not None else b"",
    )
