"""How members of staff sign in and prove that they stand at the cabinet."""

from __future__ import annotations

import pytest

from locker import events as ev
from locker.refusals import NotAllowed, TooManyAttempts
from locker.rules import staff
from locker.rules.staff import Shown
from tests.locker.story import Story


def signs_in(story: Story, shown: Shown) -> bool:
    story.then(staff.sign_in(story.cabinet, shown))
    return story.refusal is None


def test_a_password_with_a_fresh_time_step_signs_in(story: Story) -> None:
    assert signs_in(story, Shown(user="lan", password_holds=True, totp_step=100))
    assert story.facts[-1] == ev.SignedIn(actor="lan", totp_step=100)


@pytest.mark.parametrize("step", [100, 99])
def test_a_time_step_is_never_accepted_again_nor_an_older_one(story: Story, step: int) -> None:
    signs_in(story, Shown(user="lan", password_holds=True, totp_step=100))
    story.restarted()
    assert not signs_in(story, Shown(user="lan", password_holds=True, totp_step=step))
    assert isinstance(story.refusal, NotAllowed)
    assert signs_in(story, Shown(user="lan", password_holds=True, totp_step=101))


def test_a_recovery_code_signs_in_once(story: Story) -> None:
    shown = Shown(user="lan", password_holds=True, recovery=0)
    assert signs_in(story, shown)
    assert not signs_in(story.restarted(), shown)
    assert signs_in(story, Shown(user="lan", password_holds=True, recovery=1))


@pytest.mark.parametrize(
    "shown",
    [
        Shown(user="lan", password_holds=False, totp_step=100),
        Shown(user="lan", password_holds=False, recovery=3),
        Shown(user="lan", password_holds=True),
    ],
)
def test_one_factor_alone_is_a_failure_that_is_on_record(story: Story, shown: Shown) -> None:
    assert not signs_in(story, shown)
    assert story.cabinet.staff["lan"].failures == 1


def test_a_wrong_password_does_not_use_up_the_other_factor(story: Story) -> None:
    signs_in(story, Shown(user="lan", password_holds=False, totp_step=100, recovery=2))
    assert signs_in(story, Shown(user="lan", password_holds=True, totp_step=100))


@pytest.mark.parametrize(("failures", "wait_s"), [(4, 0), (5, 30), (6, 60), (9, 480), (40, 3600)])
def test_each_failure_after_the_fifth_waits_longer_also_over_a_restart(
    story: Story, failures: int, wait_s: int
) -> None:
    for _ in range(failures):
        signs_in(story, Shown(user="lan", password_holds=False))
    story.restarted()
    if wait_s:
        with pytest.raises(TooManyAttempts) as refused:
            staff.check_wait(story.cabinet, "lan", waited_ms=wait_s * 1000 - 1)
        assert refused.value.retry_after_s == 1
    staff.check_wait(story.cabinet, "lan", waited_ms=wait_s * 1000)
    staff.check_wait(story.cabinet, "hoa", waited_ms=0)


def test_a_success_clears_the_failures(story: Story) -> None:
    signs_in(story, Shown(user="lan", password_holds=False))
    signs_in(story, Shown(user="lan", password_holds=True, totp_step=7))
    assert story.cabinet.staff["lan"].failures == 0


@pytest.mark.parametrize(("way", "kept"), [("key_switch", "key_switch"), ("kiosk_number", "kiosk_number")])
def test_presence_is_put_on_record(way: str, kept: str) -> None:
    assert staff.prove_presence("lan", way).events == (ev.PresenceProved(actor="lan", way=kept),)  # type: ignore[arg-type]  # parametrized
