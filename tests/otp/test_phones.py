import pytest
from hypothesis import given
from hypothesis import strategies as st

from otp.phones import Kind, last4, mask, parse_phone


@pytest.mark.parametrize(
    ("text", "e164", "kind"),
    [
        ("0912345678", "+84912345678", Kind.MOBILE),
        ("+84912345678", "+84912345678", Kind.MOBILE),
        ("84912345678", "+84912345678", Kind.MOBILE),
        ("0084912345678", "+84912345678", Kind.MOBILE),
        ("912345678", "+84912345678", Kind.MOBILE),
        ("0912 345 678", "+84912345678", Kind.MOBILE),
        ("0912.345.678", "+84912345678", Kind.MOBILE),
        ("(091) 234-5678", "+84912345678", Kind.MOBILE),
        ("０９１２３４５６７８", "+84912345678", Kind.MOBILE),
        ("028 3829 1234", "+842838291234", Kind.LANDLINE),
        ("+82 10 1234 5678", "+821012345678", Kind.FOREIGN),
        ("+1 212 555 0123", "+12125550123", Kind.FOREIGN),
        ("+82 2 312 3456", "+8223123456", Kind.INVALID),
        ("0500000000", "+84500000000", Kind.INVALID),
        ("123", None, Kind.INVALID),
        ("", None, Kind.INVALID),
        ("không có", None, Kind.INVALID),
        ("000000000000000000000000", None, Kind.INVALID),
    ],
)
def test_a_number_gets_its_form_and_kind(text: str, e164: str | None, kind: Kind) -> None:
    phone = parse_phone(text)
    assert (phone.e164, phone.kind) == (e164, kind)
    assert phone.takes_messages == (kind in {Kind.MOBILE, Kind.FOREIGN})


@given(st.text(max_size=60))
def test_any_text_is_answered_without_an_error(text: str) -> None:
    phone = parse_phone(text)
    assert parse_phone(phone.e164).e164 == phone.e164 if phone.takes_messages and phone.e164 else True


def test_a_number_is_masked_and_never_printed() -> None:
    phone = parse_phone("0912345678")
    assert phone.e164 is not None
    assert mask(phone.e164) == "••••• ••678"
    assert last4(phone.e164) == "5678"
    assert "345678" not in repr(phone)
