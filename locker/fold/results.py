"""Results as the centre speaks of them."""

from __future__ import annotations

from msgspec.structs import replace

from locker import events as ev
from locker.fold.change import drop, open_incident, put, touch_hand_over
from locker.fold.custody import drop_idle_bundle, ensure_bundle
from locker.model import Cabinet, Result


def result_queued(cabinet: Cabinet, event: ev.ResultQueued, recorded: ev.Recorded) -> Cabinet:
    result = Result(
        **{field: getattr(event, field) for field in event.__struct_fields__ if field != "wish"},
        announced_utc_ms=recorded.moment.utc_ms if recorded.moment.clock != "unset" else 0,
    )
    if (present := cabinet.results.get(event.result)) is not None:
        result = replace(
            result, hand_over=present.hand_over, is_cancelled=present.is_cancelled, delegate=present.delegate
        )
    return replace(
        cabinet,
        wish_seq=event.wish,
        results=put(cabinet.results, event.result, result),
        counter=drop(cabinet.counter, event.result),
    )


def result_amended(cabinet: Cabinet, event: ev.ResultAmended, recorded: ev.Recorded) -> Cabinet:
    changed = replace(cabinet, wish_seq=event.wish)
    present = cabinet.results.get(event.result)
    if present is None:
        return changed
    fields = {
        field: value
        for field in event.__struct_fields__
        if field not in ("wish", "result") and (value := getattr(event, field)) is not None
    }
    if event.deadline is not None and event.deadline != present.deadline:
        fields["is_missed"] = False
    results = put(changed.results, event.result, replace(present, **fields))
    if event.person is not None:
        recipient = results[event.result].recipient
        # A recipient is one person with one phone: an old number must not hear of the others either.
        results = {
            key: replace(one, person=event.person, phones=results[event.result].phones)
            if one.recipient == recipient
            else one
            for key, one in results.items()
        }
    changed = replace(changed, results=results)
    if event.recipient is not None and event.recipient != present.recipient and present.hand_over:
        changed = _change_recipient(changed, present.hand_over, event.recipient, recorded)
    return changed


def _change_recipient(cabinet: Cabinet, hand_over: str, recipient: str, recorded: ev.Recorded) -> Cabinet:
    one = cabinet.hand_overs.get(hand_over)
    if one is None or one.stage == "collected":
        return cabinet
    owners = {cabinet.results[key].recipient for key in one.results if key in cabinet.results}
    if len(owners) > 1:
        changed = touch_hand_over(cabinet, hand_over, is_cancelled=True)
        return open_incident(changed, "recipients_differ", recorded, one.compartment, hand_over)
    changed = touch_hand_over(cabinet, hand_over, recipient=recipient, is_announced=False)
    changed = drop_idle_bundle(changed, one.recipient, recorded)
    return ensure_bundle(changed, recipient, recorded) if one.stage == "loaded" else changed


def delegate_named(cabinet: Cabinet, event: ev.DelegateNamed, _recorded: ev.Recorded) -> Cabinet:
    return _delegated(replace(cabinet, wish_seq=event.wish), event.result, event.delegate)


def delegate_revoked(cabinet: Cabinet, event: ev.DelegateRevoked, _recorded: ev.Recorded) -> Cabinet:
    changed = replace(cabinet, wish_seq=event.wish) if event.wish else cabinet
    return _delegated(changed, event.result, "")


def _delegated(cabinet: Cabinet, result: str, delegate: str) -> Cabinet:
    present = cabinet.results.get(result)
    if present is None:
        return cabinet
    return replace(cabinet, results=put(cabinet.results, result, replace(present, delegate=delegate)))


def result_not_loaded(cabinet: Cabinet, event: ev.ResultNotLoaded, _recorded: ev.Recorded) -> Cabinet:
    present = cabinet.results.get(event.result)
    if present is None:
        return cabinet
    return replace(cabinet, results=put(cabinet.results, event.result, replace(present, is_missed=True)))


def result_cancelled(cabinet: Cabinet, event: ev.ResultCancelled, _recorded: ev.Recorded) -> Cabinet:
    changed = replace(cabinet, wish_seq=event.wish)
    present = cabinet.results.get(event.result)
    if present is None:
        return changed
    if not present.hand_over:
        return replace(changed, results=drop(changed.results, event.result))
    changed = replace(changed, results=put(changed.results, event.result, replace(present, is_cancelled=True)))
    return touch_hand_over(changed, present.hand_over, is_cancelled=True)


def wish_answered(cabinet: Cabinet, event: ev.WishRefused | ev.CancelConflicted, _recorded: ev.Recorded) -> Cabinet:
    return replace(cabinet, wish_seq=event.wish)
