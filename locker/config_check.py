"""What contradicts between the sections of a configuration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from locker.config import LOOPBACK, Config

SELF_CHECK_MINUTES = 15


def problems(config: Config) -> Iterator[str]:
    """Every contradiction between or within the sections, the furniture aside, one sentence each."""
    if config.kiosk.host not in LOOPBACK:
        yield f"kiosk.host {config.kiosk.host}: the kiosk listener is for loopback only; use 127.0.0.1"
    if config.clerk.host not in LOOPBACK and config.clerk.certificate is None:
        yield f"clerk.host {config.clerk.host}: without clerk.certificate only loopback is served; give one"
    if (config.clerk.certificate is None) != (config.clerk.private_key is None):
        yield "clerk.certificate and clerk.private_key belong together; give both or neither"
    if config.kiosk.port == config.clerk.port != 0:
        yield f"kiosk.port and clerk.port are both {config.kiosk.port}; they are two listeners"
    if config.centre.url is not None and config.centre.key_file is None:
        yield "centre.key_file is missing: the centre knows the cabinet by its key"
    yield from _notices_problems(config)
    if config.panel is not None and (strange := config.panel.lights.keys() - config.by_number.keys()):
        yield f"panel.door_light names compartments that are not there: {', '.join(map(str, sorted(strange)))}"
    try:
        ZoneInfo(config.cabinet.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield f"cabinet.timezone {config.cabinet.timezone}: there is no such zone; write it as Asia/Ho_Chi_Minh"
    yield from _hours_problems(config)
    users = Counter(entry.user for entry in config.staff)
    yield from (f"staff user {user} stands {count} times" for user, count in users.items() if count > 1)


def _notices_problems(config: Config) -> Iterator[str]:
    for name in ("esms", "modem", "twilio"):
        if name in config.notices.gateways and getattr(config.notices, name) is None:
            yield f"notices.gateways names {name}, but [notices.{name}] is missing"
    if config.notices.modem is not None and config.notices.modem.port in {bus.port for bus in config.bus}:
        yield f"notices.modem.port {config.notices.modem.port} is also a bus; a modem has its own port"
    if "file" in config.notices.gateways and not config.notices.accept_codes_in_clear:
        yield (
            "notices.gateways names file, which writes codes in clear: name a real gateway, "
            "or set notices.accept_codes_in_clear = true on a desk"
        )
    if config.cabinet.training and set(config.notices.gateways) != {"file"}:
        yield 'cabinet.training is set, and a training cabinet writes to nobody: notices.gateways = ["file"]'
    calls = "twilio-calls" in config.notices.gateways
    if calls and config.notices.twilio is None:
        yield "notices.gateways names twilio-calls, but [notices.twilio] is missing"
    if calls and config.notices.twilio is not None and config.notices.twilio.caller is None:
        yield "notices.gateways names twilio-calls, but notices.twilio.caller is missing: the number that calls"
    if set(config.notices.gateways) == {"twilio-calls"}:
        yield "notices.gateways names calls only: a result that is ready is told by a message; name a gateway for them"


def _hours_problems(config: Config) -> Iterator[str]:
    if config.notices.day_starts > config.notices.day_ends:
        yield "notices.day_starts is after notices.day_ends; the day ends after it starts, or is equal for any hour"
    if _minutes(config.alerts.digest_at) - _minutes(config.self_check.at) < SELF_CHECK_MINUTES:
        yield (
            f"self_check.at {config.self_check.at} is less than {SELF_CHECK_MINUTES} minutes before alerts.digest_at "
            f"{config.alerts.digest_at}: what it finds would miss the morning's message; check earlier"
        )
    if config.alerts.leader and not config.alerts.duty:
        yield "alerts.leader is set without alerts.duty: name a duty phone; the leader hears only of what is grave"


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)
