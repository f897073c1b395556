"""What may be erased at once of what is kept about a person, and why the rest may not."""

from __future__ import annotations

import pytest

from locker import events as ev
from locker.rules import subjects
from locker.rules.retention import Kept, Policy, Stock
from locker.rules.subjects import Held, Verdict
from tests.locker.story import Story

LEFT = Kept(ref="p-an", result="r1", hand_over="h1", since_utc_ms=1, since_seq=7)


def judged(story: Story, *kept: Kept, acked: int = 7, needs_ack: bool = True, refs: tuple[str, ...] = ()) -> Verdict:
    return subjects.judge(
        story.cabinet,
        Stock(kept=kept, acked_through=acked),
        refs or tuple(one.ref for one in kept),
        moment=story.moment,
        policy=Policy(needs_ack=needs_ack),
    )


def test_what_has_left_and_the_centre_knows_of_is_free(story: Story) -> None:
    assert judged(story, LEFT) == Verdict(free=("p-an",), held={})


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("expected", "in_use"),
        ("inside", "in_use"),
        ("at the counter", "at_counter"),
        ("disputed", "incident"),
        ("disputed, and gone to the counter", "incident"),
        ("unknown to the centre", "unacknowledged"),
        ("expected, and unknown to the centre", "in_use"),
    ],
)
def test_a_row_is_held_while_it_is(story: Story, what: str, why: Held) -> None:
    if what.startswith("expected"):
        story.announced()
    elif what != "unknown to the centre":
        story.ready()
    if what.startswith("disputed"):
        story.given(ev.Disputed(hand_over="h1", compartment=1, kind="empty"))
    if what.endswith("counter"):
        story.given(ev.Reclaimed(hand_over="h1", compartment=1, results=("r1",), actor="lan"))
    acked = 6 if what.endswith("the centre") else 7
    assert judged(story, LEFT, acked=acked) == Verdict(free=(), held={"p-an": why})


def test_where_there_is_no_centre_nobody_waits_for_it(story: Story) -> None:
    assert judged(story, LEFT, acked=0, needs_ack=False).free == ("p-an",)


def test_an_incident_about_no_hand_over_or_another_one_holds_nobody(story: Story) -> None:
    story.given(ev.CoilStrayed(board="A1", coil=1, cleared=True))
    story.given(ev.Disputed(hand_over="h2", compartment=2, kind="empty"))
    assert judged(story, LEFT, Kept(ref="p-binh", result="r2")).held == {}


def test_one_held_row_does_not_hold_the_others_and_nobody_elses_are_judged(story: Story) -> None:
    story.announced("r2", "binh")
    rows = (Kept(ref="p-binh", result="r2"), Kept(ref="d-r1", result="r1"), LEFT, Kept(ref="p-cuc", result="r3"))
    verdict = judged(story, *rows, refs=("p-an", "d-r1", "p-binh", "p-unknown"))
    assert verdict == Verdict(free=("d-r1", "p-an"), held={"p-binh": "in_use"})


def test_what_is_free_goes_with_its_rows_and_is_on_record_as_asked_for(story: Story) -> None:
    story.announced("r2", "binh")
    stock = Stock(kept=(LEFT, Kept(ref="d-r1", result="r1"), Kept(ref="p-binh", result="r2")), acked_through=7)

    def erased(*refs: str) -> ev.Decision:
        return subjects.erase(story.cabinet, stock, refs, moment=story.moment, policy=Policy())

    assert erased("p-an", "d-r1", "p-binh") == ev.Decision(
        events=(ev.PersonalErased(refs=("d-r1", "p-an"), cause="asked"),),
        rows=(ev.ErasePersonal(ref="d-r1"), ev.ErasePersonal(ref="p-an")),
    )
    assert erased("p-binh") == ev.Decision()


def test_a_number_that_was_sent_a_code_today_is_in_use(story: Story) -> None:
    story.given(ev.PhoneCheckAsked(person="p-an", is_known=False))
    assert judged(story, LEFT).held == {"p-an": "in_use"}
    story.later(24 * 3600)
    assert judged(story, LEFT).free == ("p-an",)
