"""Who works here, and how a leader changes that at the desk."""

from __future__ import annotations

import pytest

from locker import events as ev
from locker.refusals import NotAllowed, UnknownMember, UserTaken
from locker.rules import enrolment
from locker.rules.loading import Actor
from tests.locker.story import Story

LEADER = Actor(user="minh", role="leader", is_present=False)
CONFIGURED = frozenset({"minh", "lan"})


def fact(user: str, record: str = "staff-1") -> tuple[ev.StaffEnrolled, ev.PutPersonal]:
    enrolled = ev.StaffEnrolled(user=user, role="clerk", record=record, actor="minh")
    return enrolled, ev.PutPersonal(ref=record, kind="staff", body={})


def _is_locked(story: Story) -> bool:
    return story.cabinet.staff["lan"].is_locked


def test_a_user_name_is_never_given_twice(story: Story) -> None:
    story.then(enrolment.add(story.cabinet, *fact("hoa"), configured=CONFIGURED))
    for user in ("hoa", "lan"):
        with pytest.raises(UserTaken):
            enrolment.add(story.cabinet, *fact(user, "staff-2"), configured=CONFIGURED)


def test_another_second_factor_erases_the_one_before_and_starts_its_counts_anew(story: Story) -> None:
    story.then(enrolment.add(story.cabinet, *fact("hoa"), configured=CONFIGURED))
    story.given(ev.SignedIn(actor="hoa", totp_step=7, recovery=-1), ev.SignInFailed(actor="hoa"))
    decided = enrolment.renew(story.cabinet, *fact("hoa", "staff-2"))
    assert decided.rows[0] == ev.ErasePersonal(ref="staff-1")
    story.then(decided)
    member = story.cabinet.staff["hoa"]
    assert (member.record, member.totp_step, member.failures) == ("staff-2", -1, 0)


def another(user: str, record: str) -> tuple[ev.PasswordChanged, ev.PutPersonal]:
    return ev.PasswordChanged(user=user, record=record), ev.PutPersonal(ref=record, kind="staff", body={})


def test_another_password_erases_the_record_before_and_keeps_what_was_used_up(story: Story) -> None:
    story.then(enrolment.change_password(story.cabinet, *another("lan", "staff-1"), before=""))
    story.given(ev.SignedIn(actor="lan", totp_step=7, recovery=-1), ev.SignedIn(actor="lan", totp_step=-1, recovery=3))
    decided = enrolment.change_password(story.cabinet, *another("lan", "staff-2"), before="staff-1")
    assert decided.rows[0] == ev.ErasePersonal(ref="staff-1")
    story.then(decided)
    member = story.cabinet.staff["lan"]
    assert (member.record, member.totp_step, member.recovery_used) == ("staff-2", 7, (3,))


def test_a_second_factor_renewed_or_a_lock_set_meanwhile_is_not_undone_by_another_password(story: Story) -> None:
    story.then(enrolment.renew(story.cabinet, *fact("lan", "staff-1")))
    with pytest.raises(NotAllowed, match="sign in again"):
        enrolment.change_password(story.cabinet, *another("lan", "staff-2"), before="")
    story.then(enrolment.lock(story.cabinet, "lan", LEADER))
    with pytest.raises(NotAllowed, match="sign in again"):
        enrolment.change_password(story.cabinet, *another("lan", "staff-2"), before="staff-1")


def test_sessions_that_end_are_a_fact_and_none_is_nothing_to_tell() -> None:
    assert enrolment.end_sessions("lan", "minh", count=2).events == (
        ev.SessionsEnded(user="lan", actor="minh", count=2),
    )
    assert enrolment.end_sessions("lan", "minh", count=0) == ev.Decision()


def test_one_of_the_configuration_gets_a_second_factor_without_anything_to_erase(story: Story) -> None:
    assert [type(row) for row in enrolment.renew(story.cabinet, *fact("lan")).rows] == [ev.PutPersonal]


def test_a_lock_outlives_a_new_second_factor_and_is_said_once(story: Story) -> None:
    story.then(enrolment.lock(story.cabinet, "lan", LEADER))
    assert story.then(enrolment.lock(story.cabinet, "lan", LEADER)) == []
    story.then(enrolment.renew(story.cabinet, *fact("lan")))
    assert _is_locked(story)
    story.then(enrolment.unlock(story.cabinet, "lan", LEADER))
    assert not _is_locked(story)
    assert story.then(enrolment.unlock(story.cabinet, "lan", LEADER)) == []


def test_signing_in_forgets_failures_and_keeps_how_it_is_done(story: Story) -> None:
    story.then(enrolment.add(story.cabinet, *fact("hoa"), configured=CONFIGURED))
    story.given(ev.SignInFailed(actor="hoa"), ev.SignedIn(actor="hoa", totp_step=7, recovery=-1))
    member = story.cabinet.staff["hoa"]
    assert (member.record, member.totp_step, member.failures) == ("staff-1", 7, 0)


@pytest.mark.parametrize(
    ("user", "role", "refusal"),
    [("lan", "clerk", NotAllowed), ("minh", "leader", NotAllowed), ("nobody", "leader", UnknownMember)],
)
def test_only_a_leader_changes_others_and_only_who_works_here(user: str, role: str, refusal: type[Exception]) -> None:
    actor = Actor(user="minh", role=role, is_present=True)
    with pytest.raises(refusal):
        enrolment.check(user, actor, known=CONFIGURED)
