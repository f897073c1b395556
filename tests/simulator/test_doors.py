"""Doors, locks, springs, hands and sensors as a pure model."""

import pytest

from simulator.doors import CannotReach, Door, LockFault, Position, SensorFault


def stands(door: Door) -> Position:
    return door.position


def pulsed(door: Door, at: float = 0.0, length: float = 0.5) -> Door:
    door.energise(at)
    door.release(at + length)
    door.advance(at + 3.0)
    return door


def test_every_good_door_springs_ajar_within_80_to_200_ms_of_a_free_bolt() -> None:
    for number in range(1, 201):
        door = Door(number)
        assert 0.08 <= door.spring_s <= 0.2
        door.energise(0.0)
        door.advance(0.03 + 0.079)
        assert stands(door) is Position.CLOSED
        door.advance(0.231)
        assert stands(door) is Position.AJAR
        assert not door.reads(0.231)


def test_a_pulse_shorter_than_the_bolt_needs_opens_nothing() -> None:
    assert pulsed(Door(1), length=0.02).position is Position.CLOSED


def test_a_jammed_lock_holds_and_the_key_opens_it() -> None:
    door = pulsed(Door(1, lock_fault=LockFault.JAMMED))
    assert stands(door) is Position.CLOSED
    door.force(4.0)
    assert stands(door) is Position.OPEN


def test_a_weak_lock_lets_go_at_the_second_pulse() -> None:
    door = pulsed(Door(1, lock_fault=LockFault.WEAK))
    assert stands(door) is Position.CLOSED
    assert pulsed(door, at=5.0).position is Position.AJAR


def test_a_worn_lock_needs_a_hand_that_pulls_meanwhile() -> None:
    door = pulsed(Door(1, lock_fault=LockFault.WORN))
    assert stands(door) is Position.CLOSED
    door.pull(9.0)
    assert pulsed(door, at=10.0).position is Position.OPEN


def test_a_worn_lock_opens_when_pulled_during_the_pulse() -> None:
    door = Door(1, lock_fault=LockFault.WORN)
    door.energise(0.0)
    door.pull(0.2)
    assert stands(door) is Position.OPEN


def test_a_hand_lets_go_after_three_seconds() -> None:
    door = Door(1, lock_fault=LockFault.WORN)
    door.pull(0.0)
    assert pulsed(door, at=3.1).position is Position.CLOSED


def test_a_locked_door_does_not_follow_the_hand() -> None:
    door = Door(1)
    door.pull(0.0)
    door.advance(10.0)
    assert stands(door) is Position.CLOSED
    with pytest.raises(CannotReach):
        door.push(10.0)


def test_a_door_pushed_against_a_live_coil_springs_back() -> None:
    door = Door(1)
    door.energise(0.0)
    door.advance(1.0)
    door.push(1.0)
    door.advance(2.0)
    assert stands(door) is Position.AJAR


def test_envelopes_go_in_and_out_only_through_an_open_door() -> None:
    door = pulsed(Door(1))
    with pytest.raises(CannotReach, match="pull it open"):
        door.put("HS-1", 4.0)
    door.pull(4.0)
    door.put("HS-1", 4.0)
    door.push(5.0)
    with pytest.raises(CannotReach):
        door.take(5.0)
    assert door.content == ["HS-1"]
    door.force(6.0)
    assert door.take(6.0) == ("HS-1",)
    assert door.content == []


@pytest.mark.parametrize(
    ("fault", "inverted", "closed_reads", "open_reads"),
    [
        (None, False, True, False),
        (None, True, False, True),
        (SensorFault.STUCK_CLOSED, False, True, True),
        (SensorFault.STUCK_OPEN, False, False, False),
        (SensorFault.STUCK_OPEN, True, True, True),
        (SensorFault.BROKEN_WIRE, False, False, False),
        (SensorFault.BROKEN_WIRE, True, False, False),
    ],
)
def test_what_the_input_reads(fault: SensorFault | None, inverted: bool, closed_reads: bool, open_reads: bool) -> None:
    door = Door(1, is_inverted=inverted, sensor_fault=fault)
    assert door.reads(0.0) is closed_reads
    door.force(1.0)
    assert door.reads(2.0) is open_reads


def test_a_bouncing_contact_chatters_and_settles() -> None:
    door = Door(1, sensor_fault=SensorFault.BOUNCING)
    door.force(1.0)
    moment, reads = 1.0, [door.reads(1.0)]
    while (upcoming := door.next_change(moment)) is not None:
        moment = upcoming
        reads.append(door.reads(moment))
    assert reads == [False, True] * 5 + [False]
    assert moment == pytest.approx(1.3)
