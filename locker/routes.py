"""Which gateway a message goes by, and when it may be asked: the memory of one run.

A gateway that cannot be reached, is busy or has met a limit rests as a whole, and the next message that is due asks it
again; meanwhile the other gateways of the configuration's order carry what is due. One that refuses a message for good,
or fails it more often than that failure bears, gets this message no more. A restart forgets all this: each gateway is
asked once more, and refuses once more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence

from locker.model import Notice
from otp.errors import Final, HandsetUnreachable, Retryable, SmsError
from otp.gateway import SmsGateway

REST_MS = (5_000, 15_000, 60_000, 300_000)
HANDSET_MS = 60_000


class Routes:
    """The gateways in the order they are tried."""

    def __init__(self, gateways: Sequence[SmsGateway], *, uptime_ms: Callable[[], int]) -> None:
        self._gateways = {gateway.name: gateway for gateway in gateways}
        self._uptime_ms = uptime_ms
        self._rests_until: dict[str, int] = {}
        self._failures: Counter[str] = Counter()
        self._waits_until: dict[str, int] = {}
        self._refused_by: dict[str, set[str]] = {}
        self._tries: Counter[tuple[str, str, str]] = Counter()

    @property
    def gateways(self) -> tuple[SmsGateway, ...]:
        return tuple(self._gateways.values())

    @property
    def is_online(self) -> bool:
        """Whether a message handed over now has a way out."""
        now = self._uptime_ms()
        return any(self._rests_until.get(name, 0) <= now for name in self._gateways)

    def by_name(self, name: str) -> SmsGateway | None:
        return self._gateways.get(name)

    def _left(self, notice: Notice) -> list[str]:
        """Gateways that may still carry it.

        Who asks for a new code got nothing by the first one: it comes last, and a call after it. Who asks again is
        called first. Nothing else is ever called out.
        """
        calls = [name for name, gateway in self._gateways.items() if gateway.capabilities.is_call]
        order = [name for name in self._gateways if name not in calls]
        if notice.template == "NEWCODE":
            order = order[1:] + order[:1]
            order = calls + order if notice.is_call else order + calls
        refused = self._refused_by.get(notice.notice, set())
        return [name for name in order if name not in refused]

    def has_any(self, notice: Notice) -> bool:
        """Whether a gateway is left for it."""
        return bool(self._left(notice))

    def open_at(self, notice: Notice) -> int:
        """Uptime in milliseconds from which a gateway may be asked to carry it; 0 when none is left, to say so."""
        left = self._left(notice)
        if not left:
            return 0
        return max(self._waits_until.get(notice.notice, 0), min(self._rests_until.get(name, 0) for name in left))

    def pick(self, notice: Notice) -> SmsGateway | None:
        """The first gateway left for it that does not rest, else the one that is back first; None: none is left."""
        left = self._left(notice)
        if not left:
            return None
        now = self._uptime_ms()
        name = min(left, key=lambda each: max(self._rests_until.get(each, 0), now))
        return self._gateways[name]

    def answered(self, gateway: str) -> None:
        """It took a message or spoke about one: it does not rest any more."""
        self._rests_until.pop(gateway, None)
        self._failures.pop(gateway, None)

    def failed(self, notice: Notice, gateway: str, error: SmsError) -> None:
        """Note what a failure means for this message and for all others by this gateway."""
        now = self._uptime_ms()
        if isinstance(error, Final):
            self._refused_by.setdefault(notice.notice, set()).add(gateway)
            self.answered(gateway)
        elif isinstance(error, Retryable):
            asked_ms = error.retry_after_ms or 0
            if isinstance(error, HandsetUnreachable):
                self.answered(gateway)
                self._waits_until[notice.notice] = now + max(asked_ms, HANDSET_MS)
            else:
                own_ms = REST_MS[min(self._failures[gateway], len(REST_MS) - 1)]
                self._rests_until[gateway] = now + max(asked_ms, own_ms)
                self._failures[gateway] += 1
            self._count_tries(notice, gateway, error)

    def _count_tries(self, notice: Notice, gateway: str, error: Retryable) -> None:
        key = (notice.notice, gateway, type(error).__name__)
        self._tries[key] += 1
        if error.tries is not None and self._tries[key] > error.tries:
            self._refused_by.setdefault(notice.notice, set()).add(gateway)
            self._waits_until.pop(notice.notice, None)

    def keep_only(self, notices: Collection[str]) -> None:
        """Forget messages that are over."""
        for memory in (self._waits_until, self._refused_by):
            for gone in [key for key in memory if key not in notices]:
                del memory[gone]
        for key in [key for key in self._tries if key[0] not in notices]:
            del self._tries[key]

    async def close(self) -> None:
        """Let the gateways' connections go."""
        for gateway in self._gateways.values():
            await gateway.close()
