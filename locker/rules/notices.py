"""When codes are made and messages go out.

READY follows the loading round: when the loader says it is done, or ten minutes after its last close, each bundle
with a result no notice has named gets a code and one message. A later item, a person's request and a revocation
make a new code; the two latest of a holder open. A person who asks hears only of what was announced before; what is
uncertain is announced when a clerk has settled it. Who asks again within the day is called, where calls can be made.
A message's intent is on record before a gateway hears of it; a retry sends the same code; the sealed secret is erased
at the final outcome.
"""

from __future__ import annotations

import msgspec

from locker import events as ev
from locker.model import SELECTOR_REST_MS, Bundle, Cabinet, HandOver, Notice, Result
from locker.refusals import WrongStage
from locker.rules.doors import merged
from locker.rules.phones import to_each

LIVE_CODES_A_HOLDER = 2


class Fresh(msgspec.Struct, frozen=True):
    """A new secret, made outside: ids, the bundle's salt, the verifier, the sealed secret, and a selector drawn."""

    code: str
    notice: str
    selector: str
    salt: bytes
    verifier: bytes
    sealed: bytes


def unannounced(cabinet: Cabinet, bundle: Bundle) -> tuple[str, ...]:
    """Results in the cabinet that no notice has named yet."""
    return tuple(
        result
        for one in _waiting(cabinet, bundle)
        if not one.uncertain
        for result in one.results
        if result not in bundle.announced
    )


def _waiting(cabinet: Cabinet, bundle: Bundle) -> list[HandOver]:
    """Hand-overs that a code of this bundle opens."""
    return [one for one in cabinet.hand_overs_of(bundle.recipient) if _is_waiting(one)]


def _is_waiting(one: HandOver) -> bool:
    return one.stage == "loaded" and not one.is_cancelled and not one.disputed


def due_bundles(cabinet: Cabinet) -> tuple[Bundle, ...]:
    """Bundles that need a code and a message now; none while a round is open or a recount runs."""
    if cabinet.round is not None or _is_recounting(cabinet):
        return ()
    announced = {bundle.recipient: bundle.announced for bundle in cabinet.bundles.values()}
    due = {
        one.recipient
        for one in cabinet.hand_overs.values()
        if _is_waiting(one) and not one.uncertain and not set(one.results).issubset(announced.get(one.recipient, ()))
    }
    return tuple(bundle for bundle in cabinet.bundles.values() if bundle.recipient in due)


def mint(cabinet: Cabinet, bundle: str, fresh: Fresh) -> ev.Decision:
    """Make the owner's code and queue its message, if it is still due. Raises WrongStage if the selector was taken."""
    present = cabinet.bundles.get(bundle)
    if present is None or present not in due_bundles(cabinet):
        return ev.Decision()
    cause: ev.CodeCause = "revoked" if present.was_revoked else "later_item" if present.announced else "ready"
    template: ev.Template = "NEWCODE_REVOKED" if present.was_revoked else "READY"
    results = tuple(result for one in _waiting(cabinet, present) if not one.uncertain for result in one.results)
    return _minted(cabinet, present, fresh, results=results, cause=cause, template=template)


def due_delegates(cabinet: Cabinet) -> tuple[Result, ...]:
    """Results whose delegate needs a code now: announced to the owner, inside, and not taken yet."""
    if cabinet.round is not None or _is_recounting(cabinet):
        return ()
    return tuple(
        cabinet.results[key]
        for one in cabinet.hand_overs.values()
        if one.stage == "loaded" and one.is_announced and not (one.is_cancelled or one.disputed or one.uncertain)
        for key in one.results
        if key in cabinet.results and _lacks_code(cabinet, cabinet.results[key])
    )


def _lacks_code(cabinet: Cabinet, result: Result) -> bool:
    delegate = result.delegate
    return bool(delegate) and not any(code.delegate == delegate for code in cabinet.codes.values())


def mint_delegates(cabinet: Cabinet, result: str, fresh: Fresh) -> ev.Decision:
    """Make the code of a result's delegate and queue their message, if it is still due. Raises WrongStage."""
    present = cabinet.results.get(result)
    bundle = None if present is None else cabinet.bundle_of(present.recipient)
    if present is None or bundle is None or present not in due_delegates(cabinet):
        return ev.Decision()
    return _minted(
        cabinet, bundle, fresh, results=(result,), cause="ready", template="DELEGATE", delegate=present.delegate
    )


def mint_again(cabinet: Cabinet, bundle: str, fresh: Fresh) -> ev.Decision:
    """A person asked for a new code. Raises WrongStage if the bundle is over or was not announced yet."""
    present = cabinet.bundles.get(bundle)
    if present is None or _is_recounting(cabinet):
        raise WrongStage("no announced result waits for this person")
    results = renewable(cabinet, present)
    if not results:
        raise WrongStage("no announced result waits for this person")
    return _minted(
        cabinet, present, fresh, results=results, cause="asked", template="NEWCODE", is_call=_asked_again(present)
    )


def _asked_again(bundle: Bundle) -> bool:
    """Whether the message that followed an earlier request did not help."""
    return len(bundle.asked_uptime_ms) > 1


def renewable(cabinet: Cabinet, bundle: Bundle) -> tuple[str, ...]:
    """Results that a new code of this bundle may speak of: announced before, and still waiting."""
    waiting = [result for one in _waiting(cabinet, bundle) for result in one.results]
    return tuple(result for result in waiting if result in bundle.announced)


def wanted_bundles(cabinet: Cabinet) -> tuple[Bundle, ...]:
    """Bundles whose person asked for a new code at the kiosk and has not got it yet."""
    if _is_recounting(cabinet):
        return ()
    return tuple(one for one in cabinet.bundles.values() if one.is_code_wanted and renewable(cabinet, one))


def _is_recounting(cabinet: Cabinet) -> bool:
    return cabinet.recount is not None and not cabinet.recount.is_replayed


def _minted(
    cabinet: Cabinet,
    bundle: Bundle,
    fresh: Fresh,
    *,
    results: tuple[str, ...],
    cause: ev.CodeCause,
    template: ev.Template,
    delegate: str = "",
    is_call: bool = False,
) -> ev.Decision:
    selector = bundle.selector or fresh.selector
    if not bundle.selector and selector in taken_selectors(cabinet, cabinet.utc_ms):
        raise WrongStage("the selector was taken meanwhile; draw again")
    if template == "READY" and len(results) > 1:
        template = "READY_BUNDLE"
    old = [code.code for code in cabinet.codes_of(bundle.bundle) if code.holder == "owner"]
    dropped = () if delegate else tuple(old[: max(0, len(old) + 1 - LIVE_CODES_A_HOLDER)])
    minted = ev.CodeMinted(
        code=fresh.code,
        bundle=bundle.bundle,
        recipient=bundle.recipient,
        selector=selector,
        holder="delegate" if delegate else "owner",
        cause=cause,
        delegate=delegate,
    )
    owner = next((cabinet.results[key].person for key in reversed(results) if key in cabinet.results), "")
    queued = ev.NoticeQueued(
        notice=fresh.notice,
        template=template,
        person=delegate or owner,
        bundle=bundle.bundle,
        code=fresh.code,
        results=results,
        is_call=is_call,
    )
    kept = ev.PutCode(
        code=fresh.code, bundle=bundle.bundle, salt=fresh.salt, verifier=fresh.verifier, sealed=fresh.sealed
    )
    replaced = ev.Decision()
    if dropped:
        replaced = ev.Decision(
            events=(ev.CodesRevoked(bundle=bundle.bundle, codes=dropped, cause="replaced"),),
            rows=tuple(ev.EraseCode(code=code) for code in dropped),
        )
    return merged(replaced, ev.Decision(events=(minted, *to_each(cabinet, queued)), rows=(kept,)))


def taken_selectors(cabinet: Cabinet, utc_ms: int) -> frozenset[str]:
    """Selectors that live bundles hold, and those that rest for 24 h after theirs ended."""
    live = {bundle.selector for bundle in cabinet.bundles.values() if bundle.selector}
    resting = {key for key, since in cabinet.resting.items() if utc_ms - since < SELECTOR_REST_MS}
    return frozenset(live | resting)


def attempt(cabinet: Cabinet, notice: str, *, gateway: str) -> ev.Decision:
    """Record the intent to send. Raises WrongStage if the notice is gone or already on its way."""
    present = cabinet.notices.get(notice)
    if present is None or present.stage != "queued":
        raise WrongStage("this notice is not waiting")
    return ev.Decision(events=(ev.NoticeAttempted(notice=notice, gateway=gateway, attempt=present.attempts + 1),))


def sent(cabinet: Cabinet, notice: str, *, gateway: str, provider_id: str, is_final: bool) -> ev.Decision:
    """A gateway took the message; with `is_final` it reports no delivery and this is the outcome."""
    present = cabinet.notices.get(notice)
    if present is None:
        return ev.Decision()
    facts: tuple[ev.Event, ...] = (ev.NoticeSent(notice=notice, gateway=gateway, provider_id=provider_id),)
    if is_final:
        return merged(ev.Decision(events=facts), delivered(cabinet, notice, is_reported=False))
    return ev.Decision(events=facts)


def delivered(cabinet: Cabinet, notice: str, *, is_reported: bool) -> ev.Decision:
    """The good outcome, or with `is_reported` false that nobody will ever tell: the sealed secret is erased."""
    present = cabinet.notices.get(notice)
    if present is None:
        return ev.Decision()
    rows = _seal_over(cabinet, present)
    return ev.Decision(events=(ev.NoticeDelivered(notice=notice, is_reported=is_reported),), rows=rows)


def dropped(cabinet: Cabinet, notice: str, *, cause: str) -> ev.Decision:
    """What the message speaks of is over before it went out; nobody is told, and the secret is erased."""
    present = cabinet.notices.get(notice)
    if present is None:
        return ev.Decision()
    rows = _seal_over(cabinet, present)
    return ev.Decision(events=(ev.NoticeDropped(notice=notice, cause=cause),), rows=rows)


def failed(cabinet: Cabinet, notice: str, *, gateway: str, cause: str, is_final: bool) -> ev.Decision:
    """An attempt failed; after the last one, or for a final cause, a clerk must act and the secret is erased."""
    present = cabinet.notices.get(notice)
    if present is None:
        return ev.Decision()
    rows = _seal_over(cabinet, present) if is_final else ()
    fact = ev.NoticeFailed(notice=notice, gateway=gateway, cause=cause, is_final=is_final)
    return ev.Decision(events=(fact,), rows=rows)


def _seal_over(cabinet: Cabinet, present: Notice) -> tuple[ev.Row, ...]:
    """The secret is erased with the last message that carries it."""
    others = (one for one in cabinet.notices.values() if one.notice != present.notice)
    if not present.code or any(one.code == present.code for one in others):
        return ()
    return (ev.EraseSealed(code=present.code),)
