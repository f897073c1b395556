import statistics
import time
from pathlib import Path

import pytest
from argon2.low_level import Type, hash_secret_raw
from hypothesis import given
from hypothesis import strategies as st

from otp.errors import DeviceKeyUnusableError, SealBrokenError
from otp.sealing import (
    CODE_COST,
    Argon2Cost,
    Candidates,
    argon2id,
    create_device_key,
    derive,
    is_same,
    keyed_hash,
    prove,
    read_device_key,
    seal,
    unseal,
    verifier,
)

KEY = bytes(range(32))
OTHER_KEY = bytes(32)
SALT = b"s" * 16
CHEAP = Argon2Cost(memory_kib=8, passes=1, lanes=1)


class Counted:
    """A stretch that remembers how often and with which salt it ran."""

    def __init__(self) -> None:
        self.salts: list[bytes] = []

    def __call__(self, secret: bytes, salt: bytes, cost: Argon2Cost) -> bytes:
        self.salts.append(salt)
        return argon2id(secret, salt, cost)


def candidates(*secrets: str) -> Candidates:
    return Candidates(
        SALT, tuple((f"code-{at}", verifier(KEY, s, SALT, cost=CHEAP)) for at, s in enumerate(secrets, 1))
    )


def test_argon2id_is_the_one_of_the_library_with_the_cost_asked_for() -> None:
    expected = hash_secret_raw(b"73905562", SALT, 1, 8192, 1, 32, Type.ID)
    assert argon2id(b"73905562", SALT, CODE_COST) == expected


def test_the_right_secret_names_its_code() -> None:
    assert prove(KEY, "73905562", candidates("11112222", "73905562"), cost=CHEAP) == "code-2"


@pytest.mark.parametrize(
    "found",
    [None, Candidates(SALT, ()), candidates("11112222"), candidates(*(f"{n:08d}" for n in range(12)))],
    ids=["no bundle", "no live code", "wrong", "many codes"],
)
def test_every_attempt_costs_exactly_one_argon2(found: Candidates | None) -> None:
    stretch = Counted()
    assert prove(KEY, "73905562", found, cost=CHEAP, stretch=stretch) is None
    assert len(stretch.salts) == 1
    assert len(stretch.salts[0]) == 16


def test_unknown_and_wrong_take_the_same_time() -> None:
    """Time of the processor, so that whatever else runs counts for neither."""
    kinds = {"unknown": None, "wrong": candidates("11112222", "33334444")}
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(21):
        for kind, found in kinds.items():
            start = time.thread_time()
            prove(KEY, "73905562", found)
            times[kind].append(time.thread_time() - start)
    assert statistics.median(times["unknown"]) == pytest.approx(statistics.median(times["wrong"]), rel=0.5, abs=0.005)


def test_a_code_does_not_verify_under_another_device_key() -> None:
    assert prove(OTHER_KEY, "73905562", candidates("73905562"), cost=CHEAP) is None


def test_the_verifier_does_not_hold_the_secret_and_needs_a_whole_salt() -> None:
    assert len(verifier(KEY, "73905562", SALT, cost=CHEAP)) == 32
    with pytest.raises(ValueError, match="16"):
        verifier(KEY, "73905562", b"short", cost=CHEAP)


def test_each_purpose_has_its_own_key() -> None:
    assert len({derive(KEY, purpose) for purpose in ("seal", "code verifier", "digits")}) == 3
    with pytest.raises(DeviceKeyUnusableError):
        derive(b"short", "seal")


@given(st.binary(max_size=200), st.text(max_size=40))
def test_what_is_sealed_is_unsealed(plaintext: bytes, context: str) -> None:
    assert unseal(KEY, seal(KEY, plaintext, context=context), context=context) == plaintext


@given(st.integers(0, 35), st.integers(1, 255))
def test_a_changed_byte_breaks_the_seal(at: int, flip: int) -> None:
    sealed = bytearray(seal(KEY, b"73905562", context="code-1", draw=lambda n: b"n" * n))
    sealed[at] ^= flip
    with pytest.raises(SealBrokenError):
        unseal(KEY, bytes(sealed), context="code-1")


@pytest.mark.parametrize(
    ("key", "context", "cut"), [(OTHER_KEY, "code-1", 99), (KEY, "code-2", 99), (KEY, "code-1", 5)]
)
def test_a_seal_opens_only_with_its_key_context_and_length(key: bytes, context: str, cut: int) -> None:
    with pytest.raises(SealBrokenError, match="mint a new code"):
        unseal(key, seal(KEY, b"73905562", context="code-1")[:cut], context=context)


@pytest.mark.parametrize("typed", ["5678", " 5678 ", "56-78", "５６７８", "5 6 7 8"])
def test_digits_are_the_same_however_they_are_typed(typed: str) -> None:
    assert is_same(keyed_hash(KEY, typed, context="b1"), keyed_hash(KEY, "5678", context="b1"))


def test_equal_digits_of_two_bundles_or_keys_do_not_look_equal() -> None:
    hashes = {keyed_hash(KEY, "5678", context="b1"), keyed_hash(KEY, "5678", context="b2")}
    hashes.add(keyed_hash(OTHER_KEY, "5678", context="b1"))
    assert len(hashes) == 3
    assert keyed_hash(KEY, "c12Ab") == keyed_hash(KEY, "C12AB")


def test_a_new_device_key_is_private_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "device-key"
    key = create_device_key(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_device_key(path) == key
    with pytest.raises(DeviceKeyUnusableError, match="void every live code"):
        create_device_key(path)


def test_a_raw_key_is_read_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "raw"
    path.write_bytes(KEY)
    path.chmod(0o400)
    assert read_device_key(path) == KEY


@pytest.mark.parametrize("content", [b"", b"too short", b"zz" * 32, b"00" * 31, b"\xff" * 33])
def test_a_key_of_another_shape_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(DeviceKeyUnusableError, match="32 bytes"):
        read_device_key(path)


def test_a_missing_key_and_one_everybody_may_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(DeviceKeyUnusableError, match="cannot read"):
        read_device_key(tmp_path / "none")
    with pytest.raises(DeviceKeyUnusableError, match="cannot write"):
        create_device_key(tmp_path / "none" / "key")
    path = tmp_path / "open"
    path.write_bytes(KEY)
    path.chmod(0o644)
    with pytest.raises(DeviceKeyUnusableError, match="chmod 600"):
        read_device_key(path)
