"""Messages in the unit's own words: what must stay in them, what goes out, what is only a draft."""

from __future__ import annotations

import pytest

from locker import events as ev
from locker.refusals import TextUnusable, UnknownText
from locker.rules import texts
from otp.texts import read_texts
from tests.locker.story import Story

ORIGINALS = read_texts()
GIVEN = {"office": "UBND P.Hoa Mai", "address": "12 Hoa Mai", "place": "12 Hoa Mai", "hotline": "02838291234"}
OWN = "{office} xin báo: mã {code}, hồ sơ {dossier}, hạn {until}."


def write(story: Story, pattern: str = OWN, name: str = "READY") -> list[ev.Event]:
    return story.then(texts.change(ORIGINALS, name, "vi", pattern, actor="minh", given=GIVEN))


def goes_out(story: Story, *, needs_registration: bool = False) -> str:
    return texts.in_use(ORIGINALS, story.cabinet, needs_registration=needs_registration)["READY", "vi"].pattern


@pytest.mark.parametrize(
    ("pattern", "reason", "names"),
    [
        ("", "length", ()),
        ("x" * 601, "length", ()),
        ("Ma {code", "brackets", ()),
        ("Ma {code}, {dossier}, {until} [tu", "brackets", ()),
        ("Ma {code}, {dossier}, {until} cua {name}", "unknown", ("name",)),
        ("Moi den nhan {dossier}", "missing", ("code", "until")),
        ("[Ma {code}] {dossier} {until}", "missing", ("code",)),
        ("{code} {dossier} {until} " + "rat dai " * 40, "too_long", ()),
    ],
)
def test_a_text_that_cannot_be_used_says_why(story: Story, pattern: str, reason: str, names: tuple[str, ...]) -> None:
    with pytest.raises(TextUnusable) as refused:
        write(story, pattern)
    assert (refused.value.reason, refused.value.names) == (reason, names)


def test_a_message_that_does_not_exist_is_not_made(story: Story) -> None:
    with pytest.raises(UnknownText):
        write(story, name="HELLO")


def test_own_words_go_out_until_they_are_taken_back(story: Story) -> None:
    original = goes_out(story)
    write(story)
    assert goes_out(story) == OWN
    assert goes_out(story.restarted()) == OWN
    story.then(texts.restore(ORIGINALS, "READY", "vi", actor="minh"))
    assert goes_out(story) == original
    write(story)
    assert isinstance(write(story, original)[0], ev.TextRestored)


def test_under_a_brand_name_a_draft_waits_and_the_registered_text_goes_out(story: Story) -> None:
    original = goes_out(story)
    write(story)
    assert goes_out(story, needs_registration=True) == original
    story.then(texts.register(ORIGINALS, story.cabinet, "READY", "vi", provider_template="HX1", actor="minh"))
    used = texts.in_use(ORIGINALS, story.cabinet, needs_registration=True)["READY", "vi"]
    assert (used.pattern, used.provider_template) == (OWN, "HX1")
    write(story, OWN + " Hoi: {hotline}")
    assert goes_out(story, needs_registration=True) == OWN
    assert texts.in_use(ORIGINALS, story.cabinet, needs_registration=False)["READY", "vi"].provider_template is None
    state = {(one.name, one.language): one for one in texts.wordings(ORIGINALS, story.cabinet)}["READY", "vi"]
    assert (state.is_own, state.is_registered) == (True, False)
    assert state.required == ("code", "dossier", "until")
    assert state.allowed == ("address", "code", "dossier", "hotline", "office", "until")


@pytest.mark.parametrize(("name", "language"), sorted(ORIGINALS))
def test_the_preview_of_every_message_counts_one_segment_and_shows_no_code(name: str, language: str) -> None:
    shown = texts.preview(ORIGINALS, name, language, ORIGINALS[name, language].pattern, GIVEN)
    assert shown.segments.parts == 1
    if "code" in ORIGINALS[name, language].variables:
        assert "**** **** ****" in shown.text
    if name == "OTP":
        assert "********" in shown.text


def test_an_own_text_counts_as_registered_until_its_words_change_again(story: Story) -> None:
    def is_registered() -> bool:
        (found,) = (
            one for one in texts.wordings(ORIGINALS, story.cabinet) if (one.name, one.language) == ("READY", "vi")
        )
        return found.is_registered

    assert {
        (one.is_own, one.is_registered, one.provider_template) for one in texts.wordings(ORIGINALS, story.cabinet)
    } == {(False, False, "")}
    write(story)
    assert not is_registered()
    story.then(texts.register(ORIGINALS, story.cabinet, "READY", "vi", provider_template="4711", actor="minh"))
    assert is_registered()
    write(story, OWN.replace("xin", "kính"))
    assert not is_registered()
