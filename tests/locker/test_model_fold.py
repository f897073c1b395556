"""The fold: total, and indifferent to what it does not know."""

from __future__ import annotations

from typing import Any, get_args, get_origin

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from locker import events as ev
from locker.fold import APPLY, apply
from locker.model import Cabinet
from tests.locker.story import Story


def test_every_kind_of_fact_folds() -> None:
    assert set(APPLY) == set(ev.KINDS)


def example(kind: type[ev.EventBody]) -> Any:
    """A fact of this kind that speaks of nothing there is."""
    values: dict[str, Any] = {"fact": "{}"} if kind is ev.FactMerged else {}
    for field in msgspec.structs.fields(kind):
        if field.required and field.name not in values:
            plain = {int: 7, bool: False, str: "x"}.get(field.type)
            values[field.name] = plain if plain is not None else _first(field.type)
    return kind(**values)


def _first(hint: Any) -> Any:
    return () if get_origin(hint) is tuple else get_args(hint)[0]


@pytest.mark.parametrize("kind", ev.KINDS, ids=lambda kind: kind.__name__)
def test_a_fact_about_nothing_known_folds_into_any_cabinet(kind: type[ev.EventBody]) -> None:
    for story in (Story(), Story().ready(), Story().at_the_door(), Story().collected(), Story().unseen()):
        story.given(example(kind))


@pytest.mark.parametrize("kind", ev.KINDS, ids=lambda kind: kind.__name__)
def test_a_lost_fact_of_every_kind_merges(kind: type[ev.EventBody]) -> None:
    for story in (Story(), Story().ready(), Story().at_the_door()):
        story.given(ev.RecountStarted(epoch=2, cause="restored", forked_at=1))
        story.given(ev.FactMerged(epoch=1, cab_seq=2, utc_ms=5, fact=ev.encode(example(kind))))
        assert not story.cabinet.grants
        story.given(ev.RecountFinished(merged_through=2))


def test_the_state_survives_its_checkpoint() -> None:
    for story in (Story().ready(), Story().at_the_door(), Story().collected(), Story().unseen(3)):
        body = msgspec.msgpack.encode(story.cabinet)
        assert msgspec.msgpack.decode(body, type=Cabinet) == story.cabinet


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([example(kind) for kind in ev.KINDS]), max_size=12))
def test_facts_in_any_order_fold(facts: list[Any]) -> None:
    """Also those that make no sense: what was committed is true, and old journals fold for ever."""
    cabinet = Cabinet()
    for seq, fact in enumerate(facts, 1):
        moment = ev.Moment(utc_ms=seq, uptime_ms=seq, run_id="r")
        cabinet = apply(cabinet, ev.Recorded(seq=seq, epoch=1, moment=moment, event=fact))
    assert cabinet.seq == len(facts)


@pytest.mark.parametrize("kind", ev.KINDS, ids=lambda kind: kind.__name__)
def test_every_fact_leaves_a_state_that_its_checkpoint_brings_back(kind: type[ev.EventBody]) -> None:
    """A field of a wrong kind would be written and never read again."""
    fact = example(kind)
    named = {
        name: value
        for name, value in {"hand_over": "h1", "compartment": 1, "result": "r1", "results": ("r1",)}.items()
        if name in kind.__struct_fields__ and getattr(fact, name, None) != ()
    }
    for story in (Story().ready(), Story().at_the_door(), Story().collected()):
        story.given(msgspec.structs.replace(fact, **named))
        body = msgspec.msgpack.encode(story.cabinet)
        assert msgspec.msgpack.decode(body, type=Cabinet) == story.cabinet


def test_a_message_is_followed_until_it_is_over() -> None:
    story = Story().ready()
    (notice,) = story.cabinet.notices
    story.given(ev.NoticeAttempted(notice=notice, gateway="first", attempt=1))
    story.later(5).given(ev.NoticeSent(notice=notice, gateway="first", provider_id="77"))
    sent = story.cabinet.notices[notice]
    assert (sent.stage, sent.gateway, sent.provider_id) == ("sent", "first", "77")
    assert sent.touched_uptime_ms == story.uptime_ms
    story.given(ev.NoticeDropped(notice=notice, cause="over"))
    assert story.cabinet.notices == {}


def test_a_retired_cabinet_says_since_when_and_by_whom() -> None:
    story = Story().later(60)
    story.given(ev.CabinetRetired(actor="minh"))
    standing = story.cabinet.standing
    assert (standing.stage, standing.since_utc_ms, standing.actor) == ("retired", story.utc_ms, "minh")
