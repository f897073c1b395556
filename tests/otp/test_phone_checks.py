"""Eight digits by message prove a phone: once typed right, within five minutes, in their own visit."""

from __future__ import annotations

from otp.phone_checks import PhoneChecks

PHONE, OTHER = "+84912345678", "+84912345679"


class Watch:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.ms = 1_000

    def __call__(self) -> int:
        return self.ms


def checks(watch: Watch) -> PhoneChecks:
    made = PhoneChecks(uptime_ms=watch, draw=lambda count: bytes(range(count)))
    made.begin("v1", person="p1", phone=PHONE)
    return made


def wrong(digits: str) -> str:
    return f"{(int(digits) + 1) % 10**8:08d}"


def test_the_digits_of_the_message_are_good_in_their_visit_and_for_their_phone_alone() -> None:
    made = checks(Watch())
    digits = made.digits("p1")
    assert (len(digits), digits.isdigit()) == (8, True)
    assert made.verify("v2", phone=PHONE, typed=digits) == "over"
    assert made.verify("v1", phone=OTHER, typed=digits) == "over"
    assert made.verify("v1", phone=PHONE, typed=digits) == "good"


def test_three_wrong_tries_end_a_check() -> None:
    made = checks(Watch())
    digits = made.digits("p1")
    assert [made.verify("v1", phone=PHONE, typed=wrong(digits)) for _ in range(3)] == ["wrong", "wrong", "over"]
    assert made.verify("v1", phone=PHONE, typed=digits) == "over"


def test_after_five_minutes_neither_the_message_nor_the_digits_are_good() -> None:
    watch = Watch()
    made = checks(watch)
    digits = made.digits("p1")
    watch.ms += 299_999
    assert made.digits("p1") == digits
    watch.ms += 1
    assert made.digits("p1") == ""
    assert made.verify("v1", phone=PHONE, typed=digits) == "over"


def test_a_second_message_takes_the_place_of_the_first() -> None:
    made = checks(Watch())
    first = made.digits("p1")
    made.begin("v1", person="p2", phone=PHONE)
    assert made.digits("p1") == ""
    assert made.digits("p2") != first
    assert made.verify("v1", phone=PHONE, typed=first) == "wrong"
    assert made.verify("v1", phone=PHONE, typed=made.digits("p2")) == "good"
