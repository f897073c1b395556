"""Tables for which facts continue the line. F(n, e) is fact n as recorded in epoch e."""

from typing import Any

import pytest

from hub.errors import ContradictsEarlierError, EpochError, GapError, HashMismatchError, InvalidError
from hub.line import Batch, Line, extend, first_numbers
from locker import wire
from locker.wire import Envelope


def start() -> Line:
    return Line(epoch=0, acked_through=0, head_hash=wire.GENESIS)


def envelopes(facts: list[dict[str, Any]]) -> list[Envelope]:
    return [Envelope.model_validate(fact) for fact in facts]


class Known:
    """Takes batches as the store would."""

    def __init__(self) -> None:
        self.line = start()
        self.begun: dict[int, int] = {}
        self.stored: dict[tuple[int, int], str] = {}

    def take(self, facts: list[dict[str, Any]], epoch: int | None = None) -> list[tuple[int, int]]:
        batch = Batch(cabinet="hoa-mai-01", events=envelopes(facts), epoch=epoch)
        line, fresh = extend(self.line, self.stored, batch)
        self.begun |= first_numbers(self.line, fresh)
        self.line = line
        self.stored |= {(one.epoch, one.event.cab_seq): one.event.hash for one in fresh}
        return [(one.epoch, one.event.cab_seq) for one in fresh]


def test_facts_in_order_are_new_once_and_taken_silently_again(chain: Any) -> None:
    known = Known()
    facts = chain.grow(5)
    assert known.take(facts[:3]) == [(1, 1), (1, 2), (1, 3)]
    assert known.take(facts[:3]) == []
    assert known.take(facts[1:]) == [(1, 4), (1, 5)]
    assert (known.line.acked_through, known.line.head_hash) == (5, facts[4]["hash"])


def test_a_gap_names_the_number_to_send_next(chain: Any) -> None:
    known = Known()
    facts = chain.grow(5)
    with pytest.raises(GapError) as first:
        known.take(facts[1:])
    assert first.value.expected == 1
    known.take(facts[:2])
    with pytest.raises(GapError) as later:
        known.take(facts[3:])
    assert (later.value.expected, later.value.epoch) == (3, 1)


def test_facts_out_of_order_inside_a_batch_are_a_gap(chain: Any) -> None:
    facts = chain.grow(3)
    with pytest.raises(GapError):
        Known().take([facts[0], facts[2], facts[1]])


def test_the_same_number_with_another_hash_contradicts(chain: Any, make_chain: Any) -> None:
    known = Known()
    known.take(chain.grow(3))
    other = make_chain()
    other.add("DoorClosed", compartment=9)
    with pytest.raises(ContradictsEarlierError):
        known.take(other.facts)


def test_a_fact_that_does_not_follow_the_last_one_asks_for_a_recount(chain: Any) -> None:
    known = Known()
    known.take(chain.grow(2))
    chain.head_hash = "ab" * 32
    with pytest.raises(EpochError):
        known.take([chain.add()])


def test_a_changed_fact_is_named_by_its_place(chain: Any) -> None:
    facts = chain.grow(3)
    facts[2] = {**facts[2], "body": {"compartment": 99}}
    with pytest.raises(HashMismatchError) as error:
        Known().take(facts)
    assert error.value.pointer == "/events/2/hash"


def test_facts_of_another_cabinet_are_refused(make_chain: Any) -> None:
    with pytest.raises(InvalidError) as error:
        Known().take(make_chain(cabinet="hoa-mai-02").grow(1))
    assert error.value.pointer == "/events/0/cabinet"


def test_a_tombstone_keeps_the_chain(chain: Any) -> None:
    known = Known()
    facts = chain.grow(3)
    tombstone = {**facts[1], "type": wire.PARKED, "body": {"cab_seq": 2, "reason": "invalid-request"}}
    assert known.take([facts[0], tombstone, facts[2]]) == [(1, 1), (1, 2), (1, 3)]


def test_a_new_epoch_may_follow_the_last_fact(chain: Any) -> None:
    known = Known()
    known.take(chain.grow(3))
    chain.epoch = 2
    assert known.take(chain.grow(2)) == [(2, 4), (2, 5)]
    assert known.begun == {1: 1, 2: 4}


def test_a_new_epoch_within_one_batch_and_its_resend_are_fine(chain: Any) -> None:
    known = Known()
    facts = chain.grow(3)
    chain.epoch = 7
    facts += chain.grow(2)
    known.take(facts)
    assert known.take(facts) == []
    assert known.take(facts[:2]) == []
    assert known.line.acked_through == 5


def test_a_restored_copy_forks_off_where_its_facts_end(chain: Any) -> None:
    known = Known()
    known.take(chain.grow(6))
    restored = chain.fork(at=3, epoch=2)
    assert known.take(restored.grow(2)) == [(2, 4), (2, 5)]
    assert (known.line.epoch, known.line.acked_through) == (2, 5)
    assert known.take(restored.grow(3)) == [(2, 6), (2, 7), (2, 8)]


def test_a_new_card_starts_again_at_one(chain: Any) -> None:
    known = Known()
    known.take(chain.grow(6))
    assert known.take(chain.fork(at=0, epoch=2).grow(1)) == [(2, 1)]


def test_an_old_copy_is_told_that_its_epoch_is_over(chain: Any) -> None:
    known = Known()
    known.take(chain.grow(6))
    known.take(chain.fork(at=3, epoch=2).grow(1))
    with pytest.raises(EpochError) as next_one:
        known.take([chain.add()])
    with pytest.raises(EpochError):
        known.take(chain.facts[4:5])
    assert known.take(chain.facts[:3]) == []
    assert next_one.value.epoch == 2


def test_a_new_epoch_that_follows_no_known_fact_is_refused(chain: Any) -> None:
    known = Known()
    known.take(chain.grow(3))
    stranger = chain.fork(at=2, epoch=2)
    stranger.head_hash = "cd" * 32
    with pytest.raises(EpochError):
        known.take(stranger.grow(1))
    beyond = chain.fork(at=3, epoch=2)
    beyond.head = 9
    with pytest.raises(GapError):
        known.take(beyond.grow(1))


def test_an_earlier_number_in_the_present_epoch_contradicts(chain: Any) -> None:
    known = Known()
    known.take(chain.grow(3))
    chain.epoch = 2
    known.take(chain.grow(1))
    with pytest.raises(ContradictsEarlierError):
        known.take(chain.fork(at=1, epoch=2).grow(1))


def test_a_second_fork_leaves_from_the_present_line_and_brings_what_the_first_left_behind(chain: Any) -> None:
    known = Known()
    known.take(chain.grow(6))
    known.take(chain.fork(at=2, epoch=2).grow(3))
    other = chain.fork(at=4, epoch=3)
    other.grow(1)
    with pytest.raises(EpochError):
        known.take(other.facts[4:])
    assert known.take(other.facts[2:], epoch=3) == [(3, 3), (3, 4), (3, 5)]
    assert known.take(other.facts) == []


def test_a_copy_that_went_on_unknowingly_sends_its_facts_under_its_new_epoch(chain: Any) -> None:
    known = Known()
    known.take(chain.grow(6))
    clone = chain.fork(at=3, epoch=1)
    clone.add("RunStarted", release="0.1.0")
    with pytest.raises(ContradictsEarlierError):
        known.take(clone.facts[3:])
    clone.epoch = 2
    clone.add("RecountStarted", epoch=2, cause="centre_ahead", forked_at=3)
    assert known.take(clone.facts[3:], epoch=2) == [(2, 4), (2, 5)]
    assert known.take(clone.facts[2:], epoch=2) == []
    assert known.take(clone.facts[2:4], epoch=2) == []
    assert known.take(clone.grow(1), epoch=2) == [(2, 6)]
    with pytest.raises(EpochError):
        known.take([chain.add()], epoch=1)


def test_a_fact_above_the_epoch_it_is_sent_under_is_refused(chain: Any) -> None:
    chain.epoch = 3
    with pytest.raises(InvalidError) as error:
        Known().take(chain.grow(1), epoch=2)
    assert error.value.pointer == "/events/0/epoch"
