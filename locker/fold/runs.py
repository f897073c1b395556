"""A run starts, the clock is trusted, the journal is sealed, personal data are erased, a fact is parked."""

from __future__ import annotations

from msgspec.structs import replace

from locker import events as ev
from locker.fold import counter, panel
from locker.fold.change import drop, open_incident
from locker.fold.custody import end_visit, grants_died
from locker.model import Cabinet
from otp import throttle


def run_started(cabinet: Cabinet, event: ev.RunStarted, recorded: ev.Recorded) -> Cabinet:
    changed = end_visit(grants_died(cabinet, "restarted"), recorded)
    if event.key and cabinet.public_key not in ("", event.key):
        changed = open_incident(changed, "device_key_changed", recorded)
    hand_overs = {
        key: replace(one, train_ended_uptime_ms=0, closed_uptime_ms=0) for key, one in changed.hand_overs.items()
    }
    intakes = {key: replace(one, ended_uptime_ms=0) for key, one in changed.intakes.items()}
    utc_ms = 0 if recorded.moment.clock == "unset" else recorded.moment.utc_ms
    checks = {
        key: replace(one, asked_uptime_ms=0, asked_utc_ms=one.asked_utc_ms or utc_ms)
        for key, one in changed.phone_checks.items()
    }
    notices = {key: replace(one, touched_uptime_ms=0) for key, one in cabinet.notices.items()}
    bundles = {
        key: replace(one, asked_uptime_ms=(0,) * len(one.asked_uptime_ms)) if one.asked_uptime_ms else one
        for key, one in changed.bundles.items()
    }
    compartments = {
        number: replace(one, opened_uptime_ms=0, closed_uptime_ms=0) for number, one in changed.compartments.items()
    }
    return replace(
        changed,
        run_id=recorded.moment.run_id,
        public_key=event.key or cabinet.public_key,
        clock=recorded.moment.clock,
        hand_overs=hand_overs,
        intakes=intakes,
        phone_checks=checks,
        notices=notices,
        bundles=bundles,
        compartments=compartments,
        moves={key: replace(one, touched_uptime_ms=0) for key, one in changed.moves.items()},
        approvals={},
        panel=panel.run_started(cabinet.panel, recorded.moment),
        bucket=throttle.restart(cabinet.bucket),
        asked_bucket=throttle.restart(cabinet.asked_bucket),
        rateable=None,
        round=None if cabinet.round is None else replace(cabinet.round, touched_uptime_ms=0),
    )


def clock_trusted(cabinet: Cabinet, event: ev.ClockTrusted, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, clock=event.clock)


def journal_sealed(cabinet: Cabinet, event: ev.JournalSealed, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, sealed_year=event.year)


def personal_erased(cabinet: Cabinet, event: ev.PersonalErased, recorded: ev.Recorded) -> Cabinet:
    """Whose data are gone hears nothing more."""
    kept = {key: one for key, one in cabinet.notices.items() if one.person not in event.refs}
    changed = counter.erased(
        replace(cabinet, notices=kept, wrong_asks=drop(cabinet.wrong_asks, *event.refs)), event.refs
    )
    return open_incident(changed, "erased_unacknowledged", recorded) if event.cause == "cap" else changed


def parked(cabinet: Cabinet, _event: ev.Parked, recorded: ev.Recorded) -> Cabinet:
    return open_incident(cabinet, "fact_parked", recorded)
