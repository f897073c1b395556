import random
import unicodedata

import pyotp
import pytest

from otp.errors import StaffRecordBrokenError, WeakPasswordError
from otp.sealing import Argon2Cost
from otp.staff import (
    check_totp,
    hash_password,
    is_password,
    is_presence,
    keep_recovery_codes,
    mint_recovery_codes,
    new_totp_secret,
    password_hasher,
    presence_number,
    totp_address,
    use_recovery_code,
)

KEY = bytes(range(32))
SALT = b"s" * 16
CHEAP = Argon2Cost(memory_kib=8, passes=1, lanes=1)
NOW_MS = 1_795_000_000_000


@pytest.fixture
def draws() -> random.Random:
    return random.Random(11)


def test_a_password_is_known_again_and_another_is_not() -> None:
    hasher = password_hasher()
    stored = hash_password("Tủ hồ sơ 24/7", hasher=hasher)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert is_password("Tủ hồ sơ 24/7", stored, hasher=hasher)
    assert not is_password("tu ho so 24/7", stored, hasher=hasher)


def test_a_password_is_the_same_from_a_keyboard_that_splits_accents() -> None:
    hasher = password_hasher(memory_kib=8, passes=1)
    stored = hash_password(unicodedata.normalize("NFC", "Tủ hồ sơ 24/7"), hasher=hasher)
    assert is_password(unicodedata.normalize("NFD", "Tủ hồ sơ 24/7"), stored, hasher=hasher)


def test_a_short_password_and_a_broken_record_are_named() -> None:
    hasher = password_hasher(memory_kib=8, passes=1)
    with pytest.raises(WeakPasswordError):
        hash_password("1234567", hasher=hasher)
    with pytest.raises(StaffRecordBrokenError, match="set a new one"):
        is_password("12345678", "not a hash", hasher=hasher)


def test_totp_agrees_with_rfc_6238() -> None:
    # RFC 6238 appendix B, SHA-1, T = 59 s: 94287082 with 8 digits, so 287082 with 6.
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert check_totp(secret, "287082", utc_ms=59_000, last_step=None) == 1


def test_a_totp_number_works_once_and_never_an_older_one(draws: random.Random) -> None:
    secret = new_totp_secret(draws.randbytes)
    totp = pyotp.TOTP(secret)
    number = totp.at(NOW_MS // 1000)
    step = check_totp(secret, f" {number[:3]} {number[3:]}", utc_ms=NOW_MS, last_step=None)
    assert step == NOW_MS // 30_000
    assert check_totp(secret, number, utc_ms=NOW_MS, last_step=step) is None
    assert check_totp(secret, totp.at(NOW_MS // 1000 - 30), utc_ms=NOW_MS, last_step=step) is None
    assert check_totp(secret, totp.at(NOW_MS // 1000 + 30), utc_ms=NOW_MS, last_step=step) == step + 1


@pytest.mark.parametrize("drift_s", [-90, -60, 60, 90])
def test_a_totp_number_two_steps_off_is_refused(draws: random.Random, drift_s: int) -> None:
    secret = new_totp_secret(draws.randbytes)
    assert check_totp(secret, pyotp.TOTP(secret).at(NOW_MS // 1000 + drift_s), utc_ms=NOW_MS, last_step=None) is None


@pytest.mark.parametrize("typed", ["", "12345", "abcdef", "１２", "1234567"])
def test_nonsense_is_no_totp_number(draws: random.Random, typed: str) -> None:
    assert check_totp(new_totp_secret(draws.randbytes), typed, utc_ms=NOW_MS, last_step=None) is None


def test_a_totp_secret_that_cannot_be_read_is_named() -> None:
    with pytest.raises(StaffRecordBrokenError, match="enrol"):
        check_totp("not base32!", "123456", utc_ms=NOW_MS, last_step=None)


def test_the_address_for_the_app_names_person_and_issuer(draws: random.Random) -> None:
    address = totp_address(new_totp_secret(draws.randbytes), person="lan", issuer="Tu ho so Hoa Mai")
    assert pyotp.parse_uri(address).name == "lan"
    assert pyotp.parse_uri(address).issuer == "Tu ho so Hoa Mai"


def test_each_of_ten_recovery_codes_works_once_however_it_is_typed(draws: random.Random) -> None:
    codes = mint_recovery_codes(draws.randbytes)
    assert len(set(codes)) == 10
    kept = keep_recovery_codes(KEY, codes, SALT, cost=CHEAP)
    for used, code in enumerate(codes, 1):
        typed = code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
        left = use_recovery_code(KEY, typed, kept, cost=CHEAP)
        assert left is not None
        assert len(left.verifiers) == 10 - used
        assert use_recovery_code(KEY, code, left, cost=CHEAP) is None
        kept = left


def test_a_wrong_recovery_code_uses_none(draws: random.Random) -> None:
    kept = keep_recovery_codes(KEY, mint_recovery_codes(draws.randbytes), SALT, cost=CHEAP)
    assert use_recovery_code(KEY, "AAAAA-AAAAA", kept, cost=CHEAP) is None


def test_a_presence_number_has_four_digits_and_only_itself_is_right(draws: random.Random) -> None:
    for _ in range(200):
        shown = presence_number(draws.randbytes)
        assert len(shown) == 4
        assert is_presence(f" {shown} ", shown)
        assert not is_presence(f"{(int(shown) + 1) % 10_000:04d}", shown)
    assert not is_presence("", "0000")
