"""What several folds do to hand-overs, bundles and visits: begin, forget, unsettle."""

from __future__ import annotations

from msgspec.structs import replace

from locker import events as ev
from locker.fold import moving
from locker.fold.change import drop, put, touch, touch_hand_over, without_failed_notice
from locker.model import SELECTOR_REST_MS, Bundle, Cabinet, Rateable


def grants_died(cabinet: Cabinet, why: str) -> Cabinet:
    """No grant is live any more; what each was for is unsettled until its door is seen, or a person acts (I4)."""
    changed = cabinet
    for grant in cabinet.grants.values():
        changed = unsettle(changed, grant.hand_over, grant.purpose, why)
    return replace(changed, grants={})


def unsettle(cabinet: Cabinet, hand_over: str, purpose: ev.Purpose, why: str) -> Cabinet:
    one = cabinet.hand_overs.get(hand_over)
    if one is None or one.stage == "collected":
        return cabinet
    return touch_hand_over(cabinet, hand_over, uncertain=one.uncertain or why, dead_purpose=purpose)


def ensure_bundle(cabinet: Cabinet, recipient: str, recorded: ev.Recorded) -> Cabinet:
    if cabinet.bundle_of(recipient) is not None:
        return cabinet
    bundle = Bundle(bundle=f"b{recorded.epoch}-{recorded.seq}", recipient=recipient)
    return replace(cabinet, bundles=put(cabinet.bundles, bundle.bundle, bundle))


def free_results(cabinet: Cabinet, hand_over: str) -> Cabinet:
    """A hand-over did not come about: its results are expected again, or gone if the centre withdrew them meanwhile."""
    results = dict(cabinet.results)
    others = [one for one in cabinet.hand_overs.values() if one.hand_over != hand_over]
    for key in results_of(cabinet, hand_over):
        other = next((one.hand_over for one in others if key in one.results), "")
        if results[key].is_cancelled and not other:
            results.pop(key)
        else:
            results[key] = replace(results[key], hand_over=other)
    return replace(cabinet, results=results)


def results_of(cabinet: Cabinet, hand_over: str) -> list[str]:
    """The live results that lie in this hand-over, and not by now in another one."""
    one = cabinet.hand_overs.get(hand_over)
    keys = () if one is None else one.results
    return [key for key in keys if key in cabinet.results and cabinet.results[key].hand_over == hand_over]


def forget_hand_over(cabinet: Cabinet, hand_over: str, recorded: ev.Recorded) -> Cabinet:
    """The hand-over is over: its compartment is free unless quarantined, its bundle ends with its last one."""
    one = cabinet.hand_overs.get(hand_over)
    if one is None:
        return cabinet
    changed = without_failed_notice(moving.end(cabinet, hand_over, recorded), hand_over)
    changed = replace(changed, hand_overs=drop(changed.hand_overs, hand_over))
    if one.stage == "collected":
        changed = replace(changed, results=drop(changed.results, *results_of(cabinet, hand_over)))
    if changed.compartment(one.compartment).hand_over == hand_over:
        changed = touch(changed, one.compartment, hand_over="")
    return drop_idle_bundle(changed, one.recipient, recorded)


def drop_idle_bundle(cabinet: Cabinet, recipient: str, recorded: ev.Recorded) -> Cabinet:
    """A bundle without live pickups ends: its selector rests, so that nobody else's code is taken for it."""
    bundle = cabinet.bundle_of(recipient)
    if bundle is None or any(one.stage == "loaded" for one in cabinet.hand_overs_of(recipient)):
        return cabinet
    codes = [code.code for code in cabinet.codes_of(bundle.bundle)]
    now_ms = recorded.moment.utc_ms
    resting = {key: since for key, since in cabinet.resting.items() if now_ms - since < SELECTOR_REST_MS}
    if bundle.selector:
        resting[bundle.selector] = now_ms
    return replace(
        cabinet,
        bundles=drop(cabinet.bundles, bundle.bundle),
        codes=drop(cabinet.codes, *codes),
        resting=resting,
    )


def end_visit(cabinet: Cabinet, recorded: ev.Recorded) -> Cabinet:
    """Nobody stands at the kiosk any more: what was collected is over, and a question nobody answered stays open.

    Of a visit that lost facts tell of, the rest is still to come: it may end in a dispute.
    """
    changed = replace(cabinet, visit=None, rateable=_rateable(cabinet, recorded))
    told_of = None if cabinet.recount is None else cabinet.recount.visit
    for one in cabinet.hand_overs.values():
        if one.stage == "collected" and not one.disputed:
            if told_of is None or told_of.recipient != one.recipient:
                changed = forget_hand_over(changed, one.hand_over, recorded)
        elif one.last_purpose in ("collect", "intake"):
            uncertain = one.uncertain or ("not_seen_open" if one.is_asked else "")
            changed = touch_hand_over(changed, one.hand_over, trains=0, is_asked=False, uncertain=uncertain)
    return changed


def _rateable(cabinet: Cabinet, recorded: ev.Recorded) -> Rateable | None:
    """The visit that ends may be rated for a while, unless it was, or was for practice."""
    if cabinet.visit is None or cabinet.visit.is_rated or cabinet.visit.practice:
        return None
    return Rateable(
        visit=cabinet.visit.visit, is_intake=not cabinet.visit.bundle, ended_uptime_ms=recorded.moment.uptime_ms
    )
