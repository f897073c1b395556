"""An organisation with several phones: one bundle, one code, everybody hears."""

from __future__ import annotations

from locker import events as ev
from locker.rules import lost_codes, notices
from tests.locker.story import Story


def ready(story: Story) -> Story:
    story.announced("r1", phones=3).announced("r2", phones=3)
    return story.loaded("h1", ("r1",), 1).loaded("h2", ("r2",), 2).coded()


def test_every_phone_hears_of_one_bundle_with_one_code(story: Story) -> None:
    ready(story)
    queued = [fact for fact in story.facts if isinstance(fact, ev.NoticeQueued)]
    assert [(one.template, one.code, one.phone) for one in queued] == [("READY_BUNDLE", "c1", n) for n in range(3)]
    assert len({one.notice for one in queued}) == 3
    assert len(story.cabinet.bundles) == len(story.cabinet.codes) == 1


def test_a_new_code_that_one_of_them_asked_for_goes_to_all(story: Story) -> None:
    ready(story)
    story.then(lost_codes.ask(story.cabinet, {"p-an"}, story.moment))
    (bundle,) = notices.wanted_bundles(story.cabinet)
    facts = story.then(notices.mint_again(story.cabinet, bundle.bundle, story.fresh("c2")))
    assert [fact.phone for fact in facts if isinstance(fact, ev.NoticeQueued)] == [0, 1, 2]


def test_the_secret_is_kept_until_the_last_of_them_has_it(story: Story) -> None:
    ready(story)
    rows = []
    for key in list(story.cabinet.notices):
        decision = notices.delivered(story.cabinet, key, is_reported=True)
        rows.append(decision.rows)
        story.then(decision)
    assert rows == [(), (), (ev.EraseSealed(code="c1"),)]


def test_all_hear_of_the_collection(story: Story) -> None:
    ready(story)
    story.then(story.submit())
    story.opens()
    told = [fact for fact in story.closes() if isinstance(fact, ev.NoticeQueued)]
    assert [(one.template, one.phone) for one in told] == [("COLLECTED", 0), ("COLLECTED", 1), ("COLLECTED", 2)]


def test_changed_phones_count_for_every_result_of_the_recipient(story: Story) -> None:
    ready(story)
    story.given(ev.ResultAmended(wish=3, result="r1", person="p-new", phones=2))
    assert [(one.person, one.phones) for one in story.cabinet.results.values()] == [("p-new", 2)] * 2
