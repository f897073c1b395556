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
