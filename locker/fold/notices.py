"""Messages on their way."""

from __future__ import annotations

from msgspec.structs import replace

from locker import events as ev
from locker.fold.change import drop, open_incident, put, touch_hand_over, touch_notice, without_failed_notice
from locker.fold.self_check import canary_ended
from locker.model import Cabinet, Notice


def notice_queued(cabinet: Cabinet, event: ev.NoticeQueued, recorded: ev.Recorded) -> Cabinet:
    notice = Notice(
        notice=event.notice,
        template=event.template,
        person=event.person,
        bundle=event.bundle,
        code=event.code,
        results=event.results,
        intake=event.intake,
        queued_utc_ms=recorded.moment.utc_ms,
        incident=event.incident,
        count=event.count,
        phone=event.phone,
        is_call=event.is_call,
    )
    changed = replace(cabinet, notices=put(cabinet.notices, event.notice, notice))
    if event.template == "REMIND":
        for one in changed.hand_overs.values():
            if not set(one.results).isdisjoint(event.results):
                changed = touch_hand_over(changed, one.hand_over, reminded=event.step)
    bundle = cabinet.bundles.get(event.bundle)
    if bundle is None or not event.code:
        return changed
    for one in changed.hand_overs.values():
        if not one.is_announced and not set(one.results).isdisjoint(event.results):
            changed = touch_hand_over(changed, one.hand_over, is_announced=True)
    announced = tuple(sorted({*bundle.announced, *event.results}))
    return replace(changed, bundles=put(changed.bundles, event.bundle, replace(bundle, announced=announced)))


def notice_attempted(cabinet: Cabinet, event: ev.NoticeAttempted, recorded: ev.Recorded) -> Cabinet:
    return touch_notice(
        cabinet,
        event.notice,
        stage="attempted",
        gateway=event.gateway,
        attempts=event.attempt,
        touched_uptime_ms=recorded.moment.uptime_ms,
    )


def notice_sent(cabinet: Cabinet, event: ev.NoticeSent, recorded: ev.Recorded) -> Cabinet:
    return touch_notice(
        cabinet,
        event.notice,
        stage="sent",
        gateway=event.gateway,
        provider_id=event.provider_id,
        touched_uptime_ms=recorded.moment.uptime_ms,
    )


def notice_delivered(cabinet: Cabinet, event: ev.NoticeDelivered, _recorded: ev.Recorded) -> Cabinet:
    present = cabinet.notices.get(event.notice)
    changed = canary_ended(cabinet, event.notice, "delivered")
    if present is not None:
        for one in _named(changed, present):
            changed = without_failed_notice(changed, one)
    return replace(changed, notices=drop(cabinet.notices, event.notice))


def notice_dropped(cabinet: Cabinet, event: ev.NoticeDropped, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, notices=drop(cabinet.notices, event.notice))


def notice_failed(cabinet: Cabinet, event: ev.NoticeFailed, recorded: ev.Recorded) -> Cabinet:
    if not event.is_final:
        return touch_notice(cabinet, event.notice, stage="queued", touched_uptime_ms=recorded.moment.uptime_ms)
    present = cabinet.notices.get(event.notice)
    if present is None:
        return cabinet
    changed = replace(cabinet, notices=drop(cabinet.notices, event.notice))
    if present.template == "OTP":
        return changed
    if present.template == "STAFF_CANARY":
        return canary_ended(changed, event.notice, "failed")
    named = _named(cabinet, present)
    for one in named:
        changed = without_failed_notice(changed, one)
    return open_incident(changed, "notice_failed", recorded, hand_over=named[0] if named else "")


def _named(cabinet: Cabinet, notice: Notice) -> list[str]:
    """The hand-overs in the cabinet that a notice speaks of."""
    keys = [key for key, one in cabinet.hand_overs.items() if not set(one.results).isdisjoint(notice.results)]
    return [*keys, *([notice.intake] if notice.intake in cabinet.hand_overs else [])]
