import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp.errors import MissingVariableError, TextError, UnknownTextError, UnknownVariableError
from otp.segments import Encoding, Segments, count_segments, unaccent
from otp.texts import read_texts, render

TEXTS = read_texts()
VALUES = {
    "office": "UBND P.Hoa Mai",
    "code": "4821 7390 5562",
    "dossier": "261008-0975",
    "address": "12 Hoa Mai",
    "until": "31/12/2026",
    "hotline": "02838291234",
    "count": "3",
    "at": "21:14 30/12/2026",
    "otp": "48217390",
    "bag": "HS-000123",
    "tail": "678",
    "ticket": "T-0417",
    "by": "09:00 04/01/2027",
    "day": "04/01/2027",
    "compartment": "124",
    "incident": "1048576",
    "tracking": "EA123456789VN",
    "place": "12 Hoa Mai",
}

# Septets of each text with the values above, as counted by the npm package sms-segments-calculator 1.3.0
# (all GSM-7, one part).
COUNTED = {
    ("READY", "vi"): 147,
    ("READY", "en"): 159,
    ("READY_BUNDLE", "vi"): 131,
    ("READY_BUNDLE", "en"): 140,
    ("NEWCODE", "vi"): 116,
    ("NEWCODE", "en"): 129,
    ("NEWCODE_REVOKED", "vi"): 138,
    ("NEWCODE_REVOKED", "en"): 151,
    ("COLLECTED", "vi"): 124,
    ("COLLECTED", "en"): 144,
    ("EXPIRED", "vi"): 123,
    ("EXPIRED", "en"): 134,
    ("POSTED", "vi"): 105,
    ("POSTED", "en"): 114,
    ("AT_COUNTER", "vi"): 131,  # these two by hand: every character is one septet
    ("AT_COUNTER", "en"): 141,
    ("LOWERED", "vi"): 128,
    ("LOWERED", "en"): 139,
    ("COUNTER_INSTEAD", "vi"): 145,
    ("COUNTER_INSTEAD", "en"): 148,
    ("WITHDRAWN", "vi"): 141,
    ("WITHDRAWN", "en"): 145,
    ("OTP", "vi"): 120,
    ("OTP", "en"): 128,
    ("INTAKE_EMPTY", "vi"): 133,
    ("INTAKE_EMPTY", "en"): 133,
    ("REMIND", "vi"): 128,
    ("REMIND", "en"): 135,
    ("TICKET", "vi"): 143,
    ("TICKET", "en"): 140,
    ("DELEGATE", "vi"): 159,
    ("DELEGATE", "en"): 156,
    ("DELEGATED", "vi"): 143,
    ("DELEGATED", "en"): 147,
    ("DROPPED", "vi"): 142,
    ("DROPPED", "en"): 153,
    ("ACCEPTED", "vi"): 107,
    ("ACCEPTED", "en"): 109,
    ("SUPPLEMENT", "vi"): 128,
    ("SUPPLEMENT", "en"): 113,
    ("APOLOGY_LATE", "vi"): 102,
    ("APOLOGY_LATE", "en"): 96,
    ("APOLOGY_FAULT", "vi"): 132,
    ("APOLOGY_FAULT", "en"): 139,
    ("LEADER_LOW", "vi"): 114,
    ("LEADER_LOW", "en"): 121,
    ("STAFF_DOOR", "vi"): 102,
    ("STAFF_DOOR", "en"): 109,
    ("STAFF_STUCK", "vi"): 122,
    ("STAFF_STUCK", "en"): 121,
    ("STAFF_TAMPER", "vi"): 131,
    ("STAFF_TAMPER", "en"): 138,
    ("STAFF_WRONG", "vi"): 121,
    ("STAFF_WRONG", "en"): 136,
    ("STAFF_GLASS", "vi"): 132,
    ("STAFF_GLASS", "en"): 134,
    ("STAFF_CASE", "vi"): 140,
    ("STAFF_CASE", "en"): 138,
    ("STAFF_LATE", "vi"): 124,
    ("STAFF_LATE", "en"): 125,
    ("STAFF_DIGEST", "vi"): 117,
    ("STAFF_DIGEST", "en"): 121,
    ("STAFF_CANARY", "vi"): 123,
    ("STAFF_CANARY", "en"): 124,
    ("MOVED", "vi"): 129,
    ("MOVED", "en"): 122,
}

# The agreed wording, whole.
AGREED = {
    ("READY", "vi"): "UBND P.Hoa Mai: MA MO TU 4821 7390 5562. Ket qua ho so 261008-0975 o tu 24/7, 12 Hoa Mai, "
    "nhan ca dem. Han 31/12/2026. Giu kin ma. Hoi: 02838291234",
    ("READY_BUNDLE", "vi"): "UBND P.Hoa Mai: MA MO TU 4821 7390 5562, nhan 3 ket qua o tu 24/7, 12 Hoa Mai, ca dem. "
    "Han 31/12/2026. Giu kin ma. Hoi: 02838291234",
    ("READY", "en"): "UBND P.Hoa Mai: LOCKER CODE 4821 7390 5562. Result of dossier 261008-0975 is in the 24/7 "
    "cabinet, 12 Hoa Mai, until 31/12/2026. Keep it secret. Tel 02838291234",
    ("NEWCODE", "vi"): "UBND P.Hoa Mai: MA MO TU MOI 4821 7390 5562 cho ho so 261008-0975, tu 24/7, 12 Hoa Mai. "
    "Giu kin ma. Hoi: 02838291234",
    ("NEWCODE_REVOKED", "vi"): "UBND P.Hoa Mai: MA MO TU MOI 4821 7390 5562 cho ho so 261008-0975, tu 24/7, "
    "12 Hoa Mai. Ma cu khong dung nua. Giu kin ma. Hoi: 02838291234",
    ("OTP", "vi"): "UBND P.Hoa Mai: Ma xac nhan so dien thoai tai tu ho so: 48217390, het han sau 5 phut. "
    "Khong dua ma cho ai, ke ca can bo.",
    ("REMIND", "vi"): "UBND P.Hoa Mai: Ket qua ho so 261008-0975 con trong tu 24/7 den het 31/12/2026. "
    "Sau ngay nay xin nhan tai quay. Hoi: 02838291234",
    ("INTAKE_EMPTY", "vi"): "UBND P.Hoa Mai: Tu 24/7 can kiem tra lai. Tui HS-000123 gui luc 21:14 30/12/2026 "
    "khong tim thay giay to. Moi lien he ngay 02838291234",
}


def values_of(name: str, language: str) -> dict[str, str]:
    return {key: VALUES[key] for key in TEXTS[name, language].variables}


VALUES_READY = values_of("READY", "vi")


def test_each_text_is_there_in_both_languages() -> None:
    assert TEXTS.keys() == COUNTED.keys()


@pytest.mark.parametrize(("name", "language"), COUNTED)
def test_a_text_with_real_values_fits_one_segment(name: str, language: str) -> None:
    rendered = render(TEXTS, name, language, values_of(name, language))
    assert rendered.segments == Segments(Encoding.GSM7, COUNTED[name, language], 1)
    assert not rendered.is_shortened


@pytest.mark.parametrize(("name", "language"), AGREED)
def test_a_text_reads_as_agreed(name: str, language: str) -> None:
    assert render(TEXTS, name, language, values_of(name, language)).text == AGREED[name, language]


@pytest.mark.parametrize(("name", "language"), [key for key in COUNTED if "address" in TEXTS[key].variables])
def test_a_long_address_goes_before_a_second_segment_is_paid_for(name: str, language: str) -> None:
    long = values_of(name, language) | {"address": "Số 123/45/6 đường Nguyễn Thị Minh Khai nối dài, khu phố 7"}
    rendered = render(TEXTS, name, language, long)
    assert rendered.is_shortened
    assert rendered.segments.parts == 1
    assert "Nguyen" not in rendered.text
    assert "[" not in rendered.text
    assert "  " not in rendered.text


def test_a_text_that_is_too_long_without_the_address_says_how_many_segments() -> None:
    rendered = render(TEXTS, "READY", "vi", VALUES_READY | {"dossier": "000.00.01.H29-260310-0420" * 3})
    assert rendered.is_shortened
    assert rendered.segments.parts == 2


def test_an_unknown_address_leaves_no_stray_comma() -> None:
    assert "tu 24/7, nhan ca dem" in render(TEXTS, "READY", "vi", VALUES_READY | {"address": ""}).text


def test_marks_in_values_do_not_turn_a_message_into_ucs_2() -> None:
    rendered = render(
        TEXTS, "READY", "vi", VALUES_READY | {"office": "UBND P.Đống Đa", "address": "12 Hoàng Cầu –\n A"}
    )
    assert rendered.segments.encoding is Encoding.GSM7
    assert "UBND P.Dong Da" in rendered.text
    assert "12 Hoang Cau - A" in rendered.text


def test_marks_stay_where_the_unit_wants_them() -> None:
    rendered = render(TEXTS, "READY", "vi", VALUES_READY | {"address": "12 Hoàng Cầu"}, is_accented=True)
    assert rendered.is_shortened or "Hoàng Cầu" in rendered.text
    assert unicodedata.is_normalized("NFC", rendered.text)


def test_a_missing_and_an_unknown_value_are_named() -> None:
    with pytest.raises(MissingVariableError, match="code"):
        render(TEXTS, "READY", "vi", {key: value for key, value in VALUES_READY.items() if key != "code"})
    with pytest.raises(UnknownVariableError, match="name"):
        render(TEXTS, "READY", "vi", VALUES_READY | {"name": "Nguyen Van A"})
    with pytest.raises(UnknownTextError, match="GREETING"):
        render(TEXTS, "GREETING", "vi", {})


def test_a_language_without_a_text_reads_vietnamese() -> None:
    assert render(TEXTS, "READY", "ko", VALUES_READY).language == "vi"


def test_a_value_that_looks_like_a_place_is_not_filled_again() -> None:
    assert "{code}" in render(TEXTS, "READY", "vi", VALUES_READY | {"dossier": "{code}"}).text


def test_a_rendered_message_does_not_show_its_code_when_printed() -> None:
    assert "4821" not in repr(render(TEXTS, "READY", "vi", VALUES_READY))


@pytest.mark.parametrize(
    "content", ["", "not toml [", '[A.vi]\ntext = "open [bracket"', '[A.vi]\ntext = "{Bad}"', "[A.vi]", "A = 1"]
)
def test_a_file_of_texts_that_cannot_be_used_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "texts.toml"
    path.write_text(content)
    with pytest.raises(TextError, match=str(path)):
        read_texts(path)


def test_a_registered_template_id_goes_with_the_message(tmp_path: Path) -> None:
    path = tmp_path / "texts.toml"
    path.write_text('[A.vi]\ntext = "chao {x}"\nprovider_template = "T-17"')
    assert render(read_texts(path), "A", "vi", {"x": "1"}).provider_template == "T-17"
    assert render(TEXTS, "READY", "vi", VALUES_READY).provider_template is None


@pytest.mark.parametrize(
    ("text", "encoding", "units", "parts"),
    [
        # Results of the npm package sms-segments-calculator 1.3.0.
        ("", Encoding.GSM7, 0, 1),
        ("a" * 160, Encoding.GSM7, 160, 1),
        ("a" * 161, Encoding.GSM7, 161, 2),
        ("a" * 306, Encoding.GSM7, 306, 2),
        ("a" * 307, Encoding.GSM7, 307, 3),
        ("a" * 152 + "€" + "a" * 153, Encoding.GSM7, 307, 3),
        ("€" * 80, Encoding.GSM7, 160, 1),
        ("€" * 81, Encoding.GSM7, 162, 2),
        ("{}[]", Encoding.GSM7, 8, 1),
        ("àèéùìò" * 20, Encoding.GSM7, 120, 1),
        ("Ç", Encoding.GSM7, 1, 1),
        ("ç", Encoding.UCS2, 1, 1),
        ("`", Encoding.UCS2, 1, 1),
        ("Mở tủ", Encoding.UCS2, 5, 1),
        ("ủ" * 70, Encoding.UCS2, 70, 1),
        ("ủ" * 71, Encoding.UCS2, 71, 2),
        ("a" * 68 + "😀", Encoding.UCS2, 70, 1),
        ("a" * 69 + "😀", Encoding.UCS2, 71, 2),
        ("a" * 66 + "😀" + "a" * 10, Encoding.UCS2, 78, 2),
    ],
)
def test_segments_are_counted_as_providers_count_them(text: str, encoding: Encoding, units: int, parts: int) -> None:
    assert count_segments(text) == Segments(encoding, units, parts)


@given(st.text(alphabet=st.characters(codec="utf-16"), max_size=400))
def test_every_unit_has_room_in_its_parts(text: str) -> None:
    counted = count_segments(text)
    room = 153 if counted.encoding is Encoding.GSM7 else 67
    if counted.encoding is Encoding.UCS2:
        assert counted.units == len(text.encode("utf-16-be")) // 2
    assert counted.parts == 1 or counted.parts * room >= counted.units > (counted.parts - 1) * (room - 1)


@pytest.mark.parametrize(
    ("accented", "plain"),
    [
        ("Đã có kết quả tại tủ", "Da co ket qua tai tu"),
        ("ưởng ƯỚC đường", "uong UOC duong"),
        (unicodedata.normalize("NFD", "Nguyễn Thị Ánh"), "Nguyen Thi Anh"),
        ("“12” – ‘A’…", "\"12\" - 'A'..."),
    ],
)
def test_vietnamese_loses_its_marks_and_nothing_else(accented: str, plain: str) -> None:
    assert unaccent(accented) == plain
    assert count_segments(plain).encoding is Encoding.GSM7
