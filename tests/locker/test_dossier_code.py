"""Dossier codes in the shapes that live systems write."""

import unicodedata

import pytest

from locker import dossier_code


@pytest.mark.parametrize(
    ("code", "tail"),
    [
        ("000.00.01.H29-180601-0001", "1806010001"),
        ("000.00.01.H29-260310-0420", "2603100420"),
        ("38.98.H29-210519-0003", "2105190003"),
        ("H29.190.5-261008-0042", "2610080042"),
        ("H29.190-20261008-0042", "2610080042"),
        ("G09.20-20260609-0092637", "2606090092637"),
    ],
)
def test_every_live_shape_is_known_and_people_type_its_tail(code: str, tail: str) -> None:
    assert dossier_code.is_known_shape(code)
    assert dossier_code.tail(code) == tail


@pytest.mark.parametrize(
    "code",
    [
        "",
        "H29",
        "HS-17/UBND",
        "H29.190.5-261308-0042",
        "H29.190.5-260230-0042",
        "H29.190.5-261008-42",
        "H29.190.5-2610080-0042",
        "H29.1.2.3.4.5.6.7-261008-0042",
        "H29.190.5-261008-0042-1",
        "h29.190.5-261008-0042",
        "H29.190.5-२६१००८-0042",
        "H" * 64,
    ],
)
def test_anything_else_is_kept_as_text_of_unknown_shape(code: str) -> None:
    assert not dossier_code.is_known_shape(code)


@pytest.mark.parametrize(
    "written",
    [
        "H29.190.5-261008-0042",
        "  h29.190.5-261008-0042 ",
        "H29.190.5–261008–0042",
        "H29.190.5 - 261008 - 0042",
        "H29.190.5\u2212261008\u20110042",
        "H29.190.5--261008-0042",
        "H29.190.5\u200b-261008-0042",
        "\ufeffH29.190.5-261008-0042",
        "Ｈ２９.190.5-261008-0042",
    ],
)
def test_one_code_has_one_writing_however_it_was_typed_or_scanned(written: str) -> None:
    assert dossier_code.normalise(written) == "H29.190.5-261008-0042"


@pytest.mark.parametrize("text", ["hồ sơ 17/đất đai", "H29.190.5-261008-0042", "HS 17 – 2026", ""])
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = dossier_code.normalise(unicodedata.normalize("NFD", text))
    assert dossier_code.normalise(once) == once == unicodedata.normalize("NFC", text)


def test_the_tail_of_a_code_of_unknown_shape_is_its_last_digits() -> None:
    assert dossier_code.tail("HS-17/UBND-2026") == "172026"
    assert len(dossier_code.tail("1" * 64)) == 20
    assert dossier_code.tail("HS") == ""
