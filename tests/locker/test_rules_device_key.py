"""Which codes another device key ends, and who gets new ones."""

from __future__ import annotations

import pytest

from locker import events as ev
from locker.rules import device_key, notices
from tests.locker.story import Story


def run(story: Story, key: str) -> list[str]:
    """A run begins under this key; the kinds of facts it began with."""
    begun = device_key.begin(story.cabinet, key=key)
    facts = story.then(ev.Decision(events=(*begun.events, ev.RunStarted(release="t", key=key)), rows=begun.rows))
    return [type(one).__name__ for one in facts]


@pytest.mark.parametrize(
    ("before", "now", "ends"),
    [("one", "other", True), ("one", "one", False), ("", "one", False), ("one", "", False), ("", "", False)],
)
def test_a_key_in_place_of_another_ends_every_code(story: Story, before: str, now: str, ends: bool) -> None:
    story.ready()
    run(story, before)
    assert run(story, now) == ["CodesRevoked"] * ends + ["RunStarted"]
    assert ("c1" in story.cabinet.codes) is not ends
    assert ("device_key_changed" in story.incidents()) is ends


def test_what_ended_is_erased_and_its_owner_is_due_a_new_code_that_says_why(story: Story) -> None:
    story.ready()
    run(story, "one")
    assert device_key.begin(story.cabinet, key="other").rows == (ev.EraseDigests(), ev.EraseCode(code="c1"))
    run(story, "other")
    (bundle,) = notices.due_bundles(story.cabinet)
    minted, queued = notices.mint(story.cabinet, bundle.bundle, story.fresh("c2")).events
    assert isinstance(minted, ev.CodeMinted)
    assert isinstance(queued, ev.NoticeQueued)
    assert (minted.cause, queued.template) == ("revoked", "NEWCODE_REVOKED")


def test_a_run_that_signs_nothing_does_not_make_the_journal_forget_its_key(story: Story) -> None:
    story.ready()
    run(story, "one")
    run(story, "")
    assert run(story, "other") == ["CodesRevoked", "RunStarted"]


def test_a_copy_that_is_restored_under_another_key_begins_both_a_recount_and_a_key(story: Story) -> None:
    story.ready()
    run(story, "one")
    begun = device_key.begin(story.cabinet, key="other")
    story.given(ev.RecountStarted(epoch=2, cause="restored", forked_at=story.cabinet.seq))
    story.given(*begun.events, ev.RunStarted(release="t", key="other"))
    assert story.cabinet.codes == {}
    assert {"recount", "device_key_changed"} <= {*story.incidents()}
    assert notices.due_bundles(story.cabinet) == (), "not before the centre has told what is missing"
