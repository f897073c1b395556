"""What is done with the device key: codes are stored as verifiers, texts that wait are sealed, digits are hashed.

The key (32 bytes) is kept off the card. One key per purpose is derived from it by HKDF-SHA256 (RFC 5869), so that no
use weakens another. A code is stored as HMAC(key, Argon2id(secret, salt)) with the salt of its bundle; the small cost
(8 MiB, one pass) fits a Raspberry Pi and is lawful for random secrets (NIST SP 800-63B-4, 3.1.2), the key is what a
thief of the card lacks. Argon2 costs some 10 to 60 ms: call `verifier` and `prove` in a thread.
"""

import hashlib
import hmac
import os
import stat
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from otp.errors import DeviceKeyUnusableError, SealBrokenError

KEY_BYTES: Final = 32
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12

_COMPARED_AT_LEAST: Final = 8


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    """Cost of one Argon2id: memory in KiB, passes, lanes."""

    memory_kib: int = 8 * 1024
    passes: int = 1
    lanes: int = 1


CODE_COST: Final = Argon2Cost()

Stretch = Callable[[bytes, bytes, Argon2Cost], bytes]
"""(secret, salt, cost) -> 32 bytes; slow on purpose."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The live codes of one bundle: its salt (16 bytes) and (code id, verifier) pairs."""

    salt: bytes
    verifiers: tuple[tuple[str, bytes], ...] = field(repr=False)


def argon2id(secret: bytes, salt: bytes, cost: Argon2Cost) -> bytes:
    """Argon2id version 1.3 (RFC 9106), 32 bytes."""
    return hash_secret_raw(
        secret,
        salt,
        time_cost=cost.passes,
        memory_cost=cost.memory_kib,
        parallelism=cost.lanes,
        hash_len=32,
        type=Type.ID,
    )


def read_device_key(path: Path) -> bytes:
    """The device key from a credential file: 32 raw bytes, or 64 hex digits. Raises DeviceKeyUnusableError."""
    try:
        raw = path.read_bytes()
        mode = path.stat().st_mode
    except OSError as error:
        raise DeviceKeyUnusableError(
            f"cannot read the device key {path} ({error.strerror}); name the right file in [secrets], "
            "or make one with create_device_key when the cabinet is commissioned"
        ) from error
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        raise DeviceKeyUnusableError(f"every user may read the device key {path}; run: chmod 600 {path}")
    if len(raw) == KEY_BYTES:
        return raw
    try:
        key = bytes.fromhex(raw.decode("ascii").strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise DeviceKeyUnusableError(
            f"the device key {path} is not 32 bytes or 64 hex digits; restore it from its copy"
        )
    return key


def create_device_key(path: Path, *, draw: Callable[[int], bytes] = os.urandom) -> bytes:
    """Write a new device key (hex, mode 0600, synced); never overwrites. Raises DeviceKeyUnusableError."""
    key = draw(KEY_BYTES)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(key.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    except FileExistsError as error:
        raise DeviceKeyUnusableError(
            f"{path} exists; a second key would void every live code, move it away first"
        ) from error
    except OSError as error:
        raise DeviceKeyUnusableError(f"cannot write the device key {path} ({error.strerror})") from error
    return key


def derive(device_key: bytes, purpose: str) -> bytes:
    """The 32-byte key for one purpose. Raises DeviceKeyUnusableError for a device key of another length."""
    if len(device_key) != KEY_BYTES:
        raise DeviceKeyUnusableError("the device key is 32 bytes")
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"dossier-locker/" + purpose.encode()).derive(
        device_key
    )


def verifier(
    device_key: bytes, secret: str, salt: bytes, *, cost: Argon2Cost = CODE_COST, stretch: Stretch = argon2id
) -> bytes:
    """What is stored of a secret: HMAC-SHA256 under the device key of Argon2id(secret, 16-byte salt); 32 bytes."""
    if len(salt) != SALT_BYTES:
        raise ValueError("a salt is 16 random bytes")
    stretched = stretch(secret.encode(), salt, cost)
    return hmac.digest(derive(device_key, "code verifier"), stretched, hashlib.sha256)


def prove(
    device_key: bytes,
    secret: str,
    candidates: Candidates | None,
    *,
    cost: Argon2Cost = CODE_COST,
    stretch: Stretch = argon2id,
) -> str | None:
    """The id of the code that `secret` matches, or None.

    Exactly one Argon2 and the same walk over at least eight verifiers, whether or not there is such a bundle: time
    tells nothing. `candidates` is None for a selector nobody has.
    """
    salt = candidates.salt if candidates is not None else derive(device_key, "nobody's salt")[:SALT_BYTES]
    found = verifier(device_key, secret, salt, cost=cost, stretch=stretch)
    stored: tuple[tuple[str | None, bytes], ...] = candidates.verifiers if candidates is not None else ()
    stored += ((None, bytes(len(found))),) * max(0, _COMPARED_AT_LEAST - len(stored))
    matched: str | None = None
    for code_id, expected in stored:
        if hmac.compare_digest(found, expected):
            matched = code_id
    return matched


def seal(device_key: bytes, plaintext: bytes, *, context: str, draw: Callable[[int], bytes] = os.urandom) -> bytes:
    """Nonce and AES-256-GCM ciphertext; it opens only under the same `context` (the code's or notice's id)."""
    nonce = draw(NONCE_BYTES)
    return nonce + AESGCM(derive(device_key, "seal")).encrypt(nonce, plaintext, context.encode())


def unseal(device_key: bytes, sealed: bytes, *, context: str) -> bytes:
    """The plaintext of `seal`. Raises SealBrokenError."""
    nonce, ciphertext = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(derive(device_key, "seal")).decrypt(nonce, ciphertext, context.encode())
    except (InvalidTag, ValueError) as error:
        raise SealBrokenError("a sealed text does not open; mint a new code for this bundle") from error


def keyed_hash(key: bytes, text: str, *, context: str = "") -> bytes:
    """HMAC-SHA256 of a text as people type it: NFKC, case folded, letters and digits only; 32 bytes.

    `key` is the device key or a per-record key of 32 bytes; `context` (a bundle's id) makes equal digits of two
    records unequal.
    """
    typed = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    plain = "".join(mark for mark in typed if mark.isalnum())
    return hmac.digest(derive(key, "digits"), context.encode() + b"\0" + plain.encode(), hashlib.sha256)


def is_same(one: bytes, other: bytes) -> bool:
    """Compare two hashes in constant time."""
    return hmac.compare_digest(one, other)
