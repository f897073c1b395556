"""Codes, visits and collecting."""

from __future__ import annotations

from msgspec.structs import replace

from locker import events as ev
from locker.fold.change import drop, open_incident, put, quarantine, touch_hand_over, touch_visit
from locker.fold.custody import drop_idle_bundle, end_visit, forget_hand_over, results_of
from locker.model import ASKED_REST_MS, Bundle, Cabinet, Code, Right, Visit
from otp import throttle


def code_minted(cabinet: Cabinet, event: ev.CodeMinted, _recorded: ev.Recorded) -> Cabinet:
    bundle = cabinet.bundles.get(event.bundle) or Bundle(bundle=event.bundle, recipient=event.recipient)
    code = Code(code=event.code, bundle=event.bundle, holder=event.holder, delegate=event.delegate)
    is_owners = event.holder == "owner"
    tries = cabinet.tries if bundle.selector == event.selector else drop(cabinet.tries, event.selector)
    return replace(
        cabinet,
        tries=tries,
        bundles=put(
            cabinet.bundles,
            event.bundle,
            replace(
                bundle,
                selector=event.selector,
                was_revoked=bundle.was_revoked and not is_owners,
                is_code_wanted=bundle.is_code_wanted and not is_owners,
            ),
        ),
        codes=put(cabinet.codes, event.code, code),
    )


def codes_revoked(cabinet: Cabinet, event: ev.CodesRevoked, _recorded: ev.Recorded) -> Cabinet:
    notices = {key: one for key, one in cabinet.notices.items() if one.code not in event.codes}
    changed = replace(cabinet, codes=drop(cabinet.codes, *event.codes), notices=notices)
    bundle = changed.bundles.get(event.bundle)
    if bundle is None or event.cause in ("replaced", "delegate"):
        return changed
    revoked = replace(bundle, announced=(), was_revoked=True)
    return replace(changed, bundles=put(changed.bundles, event.bundle, revoked))


def attempt_failed(cabinet: Cabinet, event: ev.AttemptFailed, recorded: ev.Recorded) -> Cabinet:
    gate = throttle.Gate.EVALUATE_CHECKED if event.second_check else throttle.Gate.EVALUATE
    bucket, tries = throttle.fail(
        cabinet.bucket,
        cabinet.tries.get(event.selector, throttle.Tries()),
        gate=gate,
        uptime_ms=recorded.moment.uptime_ms,
    )
    return replace(cabinet, bucket=bucket, tries=put(cabinet.tries, event.selector, tries))


def paper_check_failed(cabinet: Cabinet, event: ev.PaperCheckFailed, _recorded: ev.Recorded) -> Cabinet:
    bundle = cabinet.bundles.get(event.bundle)
    if bundle is None:
        return cabinet
    failed = replace(bundle, paper_failures=bundle.paper_failures + 1)
    return replace(cabinet, bundles=put(cabinet.bundles, event.bundle, failed))


def new_code_asked(cabinet: Cabinet, event: ev.NewCodeAsked, recorded: ev.Recorded) -> Cabinet:
    bundles = dict(cabinet.bundles)
    for key in event.bundles:
        if (bundle := bundles.get(key)) is not None:
            now_ms = recorded.moment.uptime_ms
            lately = tuple(at for at in bundle.asked_uptime_ms if now_ms - at < ASKED_REST_MS)
            bundles[key] = replace(bundle, asked_uptime_ms=(*lately, now_ms), is_code_wanted=True)
    return replace(cabinet, bundles=bundles)


def code_accepted(cabinet: Cabinet, event: ev.CodeAccepted, recorded: ev.Recorded) -> Cabinet:
    bundle = cabinet.bundles.get(event.bundle)
    if bundle is None:
        return cabinet
    return _begin(cabinet, bundle, event.visit, cabinet.right_of(event.code), recorded)


def slip_accepted(cabinet: Cabinet, event: ev.SlipAccepted, recorded: ev.Recorded) -> Cabinet:
    bundle = cabinet.bundles.get(event.bundle)
    if bundle is None:
        return cabinet
    return _begin(cabinet, bundle, event.visit, Right(slip=event.results), recorded)


def _begin(cabinet: Cabinet, bundle: Bundle, visit: str, right: Right, recorded: ev.Recorded) -> Cabinet:
    changed = cabinet
    if cabinet.visit is not None and cabinet.visit.visit != visit:
        changed = end_visit(cabinet, recorded)
    begun = Visit(
        visit=visit,
        bundle=bundle.bundle,
        recipient=bundle.recipient,
        touched_uptime_ms=recorded.moment.uptime_ms,
        right=right,
    )
    return replace(changed, visit=begun)


def slip_check_failed(cabinet: Cabinet, event: ev.SlipCheckFailed, _recorded: ev.Recorded) -> Cabinet:
    results = dict(cabinet.results)
    for key in event.results:
        if (one := results.get(key)) is not None:
            results[key] = replace(one, slip_failures=one.slip_failures + 1)
    return replace(cabinet, results=results)


def collected(cabinet: Cabinet, event: ev.Collected, recorded: ev.Recorded) -> Cabinet:
    """The hand-over stays, as collected, until its visit ends: it may be re-opened or disputed."""
    one = cabinet.hand_overs.get(event.hand_over)
    if one is None:
        return cabinet
    changed = touch_hand_over(
        cabinet,
        event.hand_over,
        stage="collected",
        open_for="",
        uncertain="",
        dead_purpose="",
        is_asked=False,
        closed_uptime_ms=recorded.moment.uptime_ms,
    )
    if event.evidence == "none":
        changed = open_incident(changed, "collected_without_evidence", recorded, event.compartment, event.hand_over)
    changed = drop_idle_bundle(changed, one.recipient, recorded)
    if changed.visit is None or changed.visit.recipient != one.recipient:
        changed = forget_hand_over(changed, event.hand_over, recorded)
    return changed


def receipt_confirmed(cabinet: Cabinet, event: ev.ReceiptConfirmed, recorded: ev.Recorded) -> Cabinet:
    return forget_hand_over(cabinet, event.hand_over, recorded)


def disputed(cabinet: Cabinet, event: ev.Disputed, recorded: ev.Recorded) -> Cabinet:
    changed = quarantine(cabinet, event.compartment, "disputed")
    changed = touch_hand_over(changed, event.hand_over, disputed=event.kind, uncertain="disputed")
    return open_incident(changed, "disputed_" + event.kind, recorded, event.compartment, event.hand_over)


def left_for_later(cabinet: Cabinet, event: ev.LeftForLater, recorded: ev.Recorded) -> Cabinet:
    return _later(cabinet, event.hand_over, event.visit, recorded)


def reach_asked(cabinet: Cabinet, event: ev.ReachAsked, recorded: ev.Recorded) -> Cabinet:
    """From now on its results lie low, wherever they are loaded next."""
    one = cabinet.hand_overs.get(event.hand_over)
    if one is None:
        return cabinet
    results = dict(cabinet.results)
    for key in results_of(cabinet, event.hand_over):
        results[key] = replace(results[key], reach="low")
    changed = touch_hand_over(replace(cabinet, results=results), event.hand_over, is_out_of_reach=True)
    if not one.is_out_of_reach:
        changed = open_incident(changed, "out_of_reach", recorded, event.compartment, event.hand_over)
    return _later(changed, event.hand_over, event.visit, recorded)


def _later(cabinet: Cabinet, hand_over: str, visit: str, recorded: ev.Recorded) -> Cabinet:
    changed = touch_visit(cabinet, visit, recorded)
    if changed.visit is None or changed.visit.visit != visit:
        return changed
    return replace(changed, visit=replace(changed.visit, later=(*changed.visit.later, hand_over)))


def visit_ended(cabinet: Cabinet, event: ev.VisitEnded, recorded: ev.Recorded) -> Cabinet:
    if cabinet.visit is None or cabinet.visit.visit != event.visit:
        return cabinet
    gone = {key: replace(one, has_left=True) for key, one in cabinet.grants.items() if one.visit == event.visit}
    return end_visit(replace(cabinet, grants={**cabinet.grants, **gone}), recorded)


def more_time_asked(cabinet: Cabinet, event: ev.MoreTimeAsked, recorded: ev.Recorded) -> Cabinet:
    return touch_visit(cabinet, event.visit, recorded)


def practice_began(cabinet: Cabinet, event: ev.PracticeBegan, recorded: ev.Recorded) -> Cabinet:
    changed = end_visit(cabinet, recorded) if cabinet.visit is not None else cabinet
    now_ms = recorded.moment.uptime_ms
    begun = Visit(
        visit=event.visit,
        bundle="",
        recipient="",
        touched_uptime_ms=now_ms,
        practice=event.compartment,
        begun_uptime_ms=now_ms,
    )
    return replace(changed, visit=begun)


def ticket_taken(cabinet: Cabinet, event: ev.TicketTaken, recorded: ev.Recorded) -> Cabinet:
    touched = touch_visit(cabinet, event.visit, recorded)
    changed = open_incident(touched, "ticket", recorded, 0, event.hand_over)
    ticket = replace(changed.incidents[recorded.seq], person=event.person, due_utc_ms=event.due_utc_ms)
    return replace(changed, incidents=put(changed.incidents, recorded.seq, ticket))
