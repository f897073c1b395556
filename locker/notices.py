"""The notices worker: makes codes that are due, sends messages, follows them to their outcome.

The intent is on record before a gateway hears of a message. A retry sends the same code with the same reference. An
unknown outcome, also one a power cut left behind, is looked up before it is sent again. A gateway that fails for
good is followed by the next one in the configuration's order; when none is left, or after a day, a clerk is told. Once
the outcome is known the provider deletes the text, before that outcome is on record; a text it does not delete within
the day is in the log. While the disk is full nothing is sent, because nothing could be put on record. What can wait
goes by day only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import apsw
import structlog

from locker import events as ev
from locker import messages, patience
from locker.clock import is_plausible
from locker.config import CabinetSection
from locker.journal import Journal
from locker.messages import NoText, Writer
from locker.model import Bundle, Cabinet, Notice
from locker.refusals import WrongStage
from locker.routes import Routes
from locker.rules import notices as rules
from locker.rules import quiet_hours
from otp import codes, sealing
from otp.errors import Final, OutcomeUnknown, Retryable, SmsError
from otp.gateway import DeliveryState, Outgoing, SmsGateway
from otp.phone_checks import PhoneChecks
from otp.texts import Texts

DAY_MS = 24 * 3600 * 1000
LOOK_UP_MS = (30_000, 60_000, 300_000)
# Where one reference cannot go out twice, nothing is gained by waiting for a listing to catch up.
LOOK_UP_IDEMPOTENT_MS = (1_000, 60_000, 300_000)
ASK_DELIVERY_MS = (2_000, 10_000, 60_000, 300_000, 1_800_000)
REDRAW_AFTER_MS = 60_000
log = structlog.get_logger()


class Notices:
    """Owns the gateways, and the memory of one run: what was asked when. Everything else is in the journal."""

    def __init__(  # noqa: PLR0913  the collaborators, by keyword
        self,
        *,
        journal: Journal[Cabinet],
        gateways: Sequence[SmsGateway],
        texts: Texts,
        device_key: bytes,
        cabinet: CabinetSection,
        clock: Callable[[], ev.Moment],
        draw: Callable[[int], bytes],
        day: quiet_hours.Daytime | None = None,
        staff_phones: Mapping[str, str] | None = None,
        needs_registration: bool = False,
        cost: sealing.Argon2Cost = sealing.CODE_COST,
        pause_s: float = patience.PAUSE_S,
    ) -> None:
        self._journal = journal
        self.phone_checks = PhoneChecks(uptime_ms=lambda: clock().uptime_ms, draw=draw)
        self._writer = Writer(
            texts=texts,
            device_key=device_key,
            cabinet=cabinet,
            staff_phones=staff_phones or {},
            otp_of=self.phone_checks.digits,
            needs_registration=needs_registration,
        )
        self._device_key = device_key
        self._clock = clock
        self._draw = draw
        self._day = day
        self._cost = cost
        self._pause_s = pause_s
        self._routes = Routes(gateways, uptime_ms=self._uptime_ms)
        self._asked: dict[str, tuple[int, int]] = {}
        self._seen: dict[str, int] = {}
        self._redraw_at = 0

    @property
    def is_online(self) -> bool:
        """Whether a message handed over now has a way out."""
        return self._routes.is_online

    async def run(self) -> None:
        """Until cancelled: do what is due, then wait for a fact or the next instant."""
        while True:
            before = self._journal.cabinet.seq
            await patience.persist(self.turn, what="notices", pause_s=self._pause_s)
            present = self._journal.cabinet
            if present.seq != before:
                continue
            at = self._next_at(present)
            try:
                async with asyncio.timeout(None if at is None else max(0, at - self._uptime_ms()) / 1000):
                    await self._journal.changed(present.seq)
            except TimeoutError:
                continue

    async def close(self) -> None:
        """Let the gateways' connections go."""
        await self._routes.close()

    def _uptime_ms(self) -> int:
        return self._clock().uptime_ms

    async def turn(self) -> None:
        """Everything that is due now, once. Raises RetryableStorageFault; what was left is due again."""
        if self._redraw_at <= self._uptime_ms():
            for bundle in rules.due_bundles(self._journal.cabinet):
                await self._mint(bundle, rules.mint)
            for bundle in rules.wanted_bundles(self._journal.cabinet):
                await self._mint(bundle, rules.mint_again)
            for result in rules.due_delegates(self._journal.cabinet):
                bundle_of = self._journal.cabinet.bundle_of(result.recipient)
                if bundle_of is not None:
                    await self._mint(bundle_of, partial(_mint_delegates, result.result))
        live = self._journal.cabinet.notices
        self._routes.keep_only(live)
        for memory in (self._asked, self._seen):
            for gone in memory.keys() - live.keys():
                del memory[gone]
        for key in live:
            notice, now = self._journal.cabinet.notices.get(key), self._clock()
            if notice is not None and self._due_at(notice, now) <= now.uptime_ms:
                await self._advance(notice)

    def _next_at(self, cabinet: Cabinet) -> int | None:
        now = self._clock()
        instants = [self._due_at(notice, now) for notice in cabinet.notices.values()]
        if rules.due_bundles(cabinet) or rules.wanted_bundles(cabinet) or rules.due_delegates(cabinet):
            instants.append(self._redraw_at)
        return min(instants, default=None)

    # --- codes

    async def _mint(self, bundle: Bundle, rule: Callable[[Cabinet, str, rules.Fresh], ev.Decision]) -> None:
        """Make the owner's code of a bundle that is due, and queue its message."""
        try:
            fresh = await self._fresh(bundle)
            await self._journal.record(lambda cabinet, *_: rule(cabinet, bundle.bundle, fresh))
        except WrongStage:
            log.debug("selector taken meanwhile; drawn again")
            self._redraw_at = self._uptime_ms() + 1_000
        except codes.NoFreeSelectorError as error:
            log.warning("no code can be made", reason=str(error))
            self._redraw_at = self._uptime_ms() + REDRAW_AFTER_MS

    async def mint_again(self, bundle: str) -> None:
        """A person asked for a new code. Raises WrongStage when nothing announced waits for them."""
        present = self._journal.cabinet.bundles.get(bundle)
        if present is None:
            raise WrongStage("no announced result waits for this person")
        fresh = await self._fresh(present)
        await self._journal.record(lambda cabinet, *_: rules.mint_again(cabinet, bundle, fresh))

    async def _fresh(self, bundle: Bundle) -> rules.Fresh:
        """Raises NoFreeSelectorError."""
        cabinet = self._journal.cabinet
        selector = codes.pick_selector(rules.taken_selectors(cabinet, cabinet.utc_ms), self._draw)
        kept = await self._journal.read(lambda connection: _salt(connection, bundle.bundle))
        salt = kept or self._draw(sealing.SALT_BYTES)
        secret = codes.secret_from(self._draw)
        code = f"c-{self._draw(8).hex()}"
        verifier = await asyncio.to_thread(sealing.verifier, self._device_key, secret, salt, cost=self._cost)
        return rules.Fresh(
            code=code,
            notice=f"n-{self._draw(8).hex()}",
            selector=selector,
            salt=salt,
            verifier=verifier,
            sealed=sealing.seal(self._device_key, secret.encode(), context=code, draw=self._draw),
        )

    # --- messages

    def _due_at(self, notice: Notice, now: ev.Moment) -> int:
        """Uptime in milliseconds at which something is to be done about this notice."""
        over_at = self._over_at(notice, now)
        if notice.stage == "queued":
            return min(over_at, max(self._routes.open_at(notice), self._morning_at(notice, now)))
        count, last = self._asked.get(notice.notice, (0, notice.touched_uptime_ms))
        waits: tuple[int, ...] = ASK_DELIVERY_MS
        if notice.stage == "attempted":
            waits = LOOK_UP_IDEMPOTENT_MS if self._is_idempotent(notice.gateway) else LOOK_UP_MS
        return min(over_at, last + waits[min(count, len(waits) - 1)])

    def _morning_at(self, notice: Notice, now: ev.Moment) -> int:
        """Uptime from which this message may go without waking anybody."""
        return 0 if self._day is None else now.uptime_ms + quiet_hours.held_ms(notice.template, now, self._day)

    def _is_idempotent(self, gateway: str) -> bool:
        return any(one.name == gateway and one.capabilities.is_idempotent for one in self._routes.gateways)

    def _over_at(self, notice: Notice, now: ev.Moment) -> int:
        """Uptime at which nobody waits for its outcome any more: a day after it was queued.

        By wall time if that is believed, and by this run's own time in any case.
        """
        age_ms = now.uptime_ms - self._seen.setdefault(notice.notice, now.uptime_ms)
        if now.clock != "unset" and is_plausible(notice.queued_utc_ms):
            age_ms = max(age_ms, now.utc_ms - notice.queued_utc_ms)
        return now.uptime_ms + DAY_MS - age_ms

    async def _advance(self, notice: Notice) -> None:
        try:
            now = self._clock()
            if self._over_at(notice, now) <= now.uptime_ms:
                await self._give_up(notice)
            elif notice.stage == "queued":
                await self._send(notice)
            elif notice.stage == "attempted":
                await self._look_up(notice)
            else:
                await self._ask_delivery(notice)
        except WrongStage:
            log.debug("notice over meanwhile", notice=notice.notice)

    async def _give_up(self, notice: Notice) -> None:
        if notice.stage == "sent":
            gateway = self._routes.by_name(notice.gateway)
            if gateway is not None:
                await self._is_erased(notice, gateway)
            await self._delivered(notice, is_reported=False)
        else:
            await self._failed(notice, notice.gateway, "too_old", is_final=True)

    async def _send(self, notice: Notice) -> None:
        gateway = self._routes.pick(notice)
        if gateway is None:
            await self._failed(notice, notice.gateway, "no_gateway_left", is_final=True)
            return
        try:
            message = await self._write(notice)
        except NoText as reason:
            await self._has_no_text(notice, gateway.name, reason)
            return
        await self._journal.record(lambda cabinet, *_: rules.attempt(cabinet, notice.notice, gateway=gateway.name))
        self._asked.pop(notice.notice, None)
        try:
            sent = await gateway.send(message)
        except OutcomeUnknown:
            log.warning("outcome of a message unknown; it is looked up", notice=notice.notice, gateway=gateway.name)
        except SmsError as error:
            await self._refused(notice, gateway.name, error)
        else:
            await self._took(notice, gateway, sent.provider_id)

    async def _took(self, notice: Notice, gateway: SmsGateway, provider_id: str) -> None:
        self._routes.answered(gateway.name)
        self._asked.pop(notice.notice, None)
        is_final = not gateway.capabilities.has_delivery_reports
        await self._journal.record(
            lambda cabinet, *_: rules.sent(
                cabinet, notice.notice, gateway=gateway.name, provider_id=provider_id, is_final=is_final
            ),
            must_land=True,
        )

    async def _refused(self, notice: Notice, gateway: str, error: SmsError) -> None:
        was_online = self._routes.is_online
        self._routes.failed(notice, gateway, error)
        speak = log.error if error.alarm else log.warning if was_online else log.debug
        speak("message refused", gateway=gateway, cause=type(error).__name__, code=error.code, reason=str(error))
        is_over = not self._routes.has_any(notice)
        await self._failed(notice, gateway, type(error).__name__, is_final=is_over)

    async def _failed(self, notice: Notice, gateway: str, cause: str, *, is_final: bool) -> None:
        self._asked.pop(notice.notice, None)
        await self._journal.record(
            lambda cabinet, *_: rules.failed(cabinet, notice.notice, gateway=gateway, cause=cause, is_final=is_final)
        )

    async def _has_no_text(self, notice: Notice, gateway: str, reason: NoText) -> None:
        if not reason.is_over:
            await self._failed(notice, gateway, reason.cause, is_final=True)
            return
        self._asked.pop(notice.notice, None)
        await self._journal.record(lambda cabinet, *_: rules.dropped(cabinet, notice.notice, cause=reason.cause))

    async def _delivered(self, notice: Notice, *, is_reported: bool) -> None:
        await self._journal.record(lambda cabinet, *_: rules.delivered(cabinet, notice.notice, is_reported=is_reported))

    async def _look_up(self, notice: Notice) -> None:
        """An attempt without an answer: ask the gateway before anything is sent again."""
        gateway = self._routes.by_name(notice.gateway)
        if gateway is None:
            await self._failed(notice, notice.gateway, "gateway_removed", is_final=False)
            return
        since = notice.queued_utc_ms if is_plausible(notice.queued_utc_ms) else None
        try:
            message = await self._write(notice)
            found = await gateway.find(message, since_utc_ms=since)
        except NoText as reason:
            await self._has_no_text(notice, gateway.name, reason)
        except Final as error:
            await self._refused(notice, gateway.name, error)
        except SmsError as error:
            count = self._ask_again_later(notice)
            (log.debug if count else log.warning)("message not looked up", gateway=gateway.name, reason=str(error))
        else:
            if found is not None:
                await self._took(notice, gateway, found.provider_id)
                return
            self._routes.answered(gateway.name)
            await self._failed(notice, gateway.name, "not_taken", is_final=False)

    async def _ask_delivery(self, notice: Notice) -> None:
        gateway = self._routes.by_name(notice.gateway)
        if gateway is None:
            await self._delivered(notice, is_reported=False)
            return
        count = self._ask_again_later(notice)
        try:
            status = await gateway.status(notice.provider_id)
        except SmsError as error:
            (log.debug if count else log.warning)("delivery not known yet", gateway=gateway.name, reason=str(error))
            return
        if status.state is DeliveryState.DELIVERED:
            if await self._is_erased(notice, gateway):
                await self._delivered(notice, is_reported=True)
        elif status.failure is not None:
            await self._is_erased(notice, gateway)
            await self._refused(notice, gateway.name, status.failure)

    async def _is_erased(self, notice: Notice, gateway: SmsGateway) -> bool:
        """Have the provider delete the text; False when that is to be asked again."""
        try:
            await gateway.erase(notice.provider_id)
        except SmsError as error:
            log.warning("text not deleted at the provider", gateway=gateway.name, reason=str(error))
            return not isinstance(error, Retryable)
        return True

    def _ask_again_later(self, notice: Notice) -> int:
        """Note that it is asked about now; how often it was asked before since its stage began."""
        count, _last = self._asked.get(notice.notice, (0, 0))
        self._asked[notice.notice] = (count + 1, self._uptime_ms())
        return count

    async def _write(self, notice: Notice) -> Outgoing:
        cabinet = self._journal.cabinet
        material = await self._journal.read(lambda connection: messages.gather(connection, cabinet, notice))
        return self._writer.write(cabinet, notice, material)


def _mint_delegates(result: str, cabinet: Cabinet, _bundle: str, fresh: rules.Fresh) -> ev.Decision:
    return rules.mint_delegates(cabinet, result, fresh)


def _salt(connection: apsw.Connection, bundle: str) -> bytes | None:
    found = connection.execute("SELECT salt FROM code WHERE bundle = ? LIMIT 1", (bundle,)).get
    return found if isinstance(found, bytes) else None
