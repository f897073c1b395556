"""How clerks, technicians and leaders show who they are: password, TOTP, recovery codes, and presence.

TOTP needs a clock; a recovery code does not and stands in when the clock is not trusted. The state (last time step,
codes left) is the caller's: what is passed in comes back changed. Password checks take some 150 ms on a desk and
several times that on a Pi: call them in a thread.
"""

import base64
import hmac
import unicodedata
from collections.abc import Callable
from typing import Final

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from pyotp.exceptions import OTPVerificationError

from otp.codes import uniform
from otp.errors import StaffRecordBrokenError, WeakPasswordError
from otp.sealing import CODE_COST, Argon2Cost, Candidates, Stretch, argon2id, prove, verifier

MIN_PASSWORD: Final = 8
RECOVERY_CODES: Final = 10
TOTP_WINDOW: Final = 1

_BASE32: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RECOVERY_SIGNS: Final = 10
_READ_ALIKE: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "U": "V"})


def password_hasher(*, memory_kib: int = 19 * 1024, passes: int = 2, lanes: int = 1) -> PasswordHasher:
    """Argon2id at OWASP's minimum: 19 MiB, two passes, one lane."""
    return PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=lanes)


def hash_password(password: str, *, hasher: PasswordHasher) -> str:
    """The PHC string to store. Raises WeakPasswordError below 8 signs (NIST SP 800-63B-4, with a second factor)."""
    typed = _typed_password(password)
    if len(typed) < MIN_PASSWORD:
        raise WeakPasswordError("the password has fewer than 8 signs; choose a longer one")
    return hasher.hash(typed)


def is_password(password: str, stored: str, *, hasher: PasswordHasher) -> bool:
    """Compare a typed password with a stored PHC string. Raises StaffRecordBrokenError."""
    try:
        return hasher.verify(stored, _typed_password(password))
    except VerifyMismatchError:
        return False
    except (InvalidHashError, VerificationError) as error:
        raise StaffRecordBrokenError("a stored password cannot be read; set a new one for this person") from error


def _typed_password(password: str) -> str:
    # Vietnamese keyboards produce composed or decomposed accents; both are the same password.
    return unicodedata.normalize("NFKC", password)


def new_totp_secret(draw: Callable[[int], bytes]) -> str:
    """A base32 secret of 160 bits (RFC 4226, section 4)."""
    return base64.b32encode(draw(20)).decode("ascii")


def totp_address(secret: str, *, person: str, issuer: str) -> str:
    """The otpauth:// address that authenticator apps read as a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=person, issuer_name=issuer)


def check_totp(secret: str, typed: str, *, utc_ms: int, last_step: int | None) -> int | None:
    """The time step that six digits belong to, or None for a wrong or replayed number.

    One 30 s step to either side is taken (RFC 6238). Store the result and pass it as `last_step` next time: only later
    steps count, so no number works twice. Raises StaffRecordBrokenError.
    """
    try:
        step = pyotp.TOTP(secret).verify_and_get_timecode(
            "".join(unicodedata.normalize("NFKC", typed).split()), for_time=utc_ms // 1000, valid_window=TOTP_WINDOW
        )
    except OTPVerificationError:
        return None
    except ValueError as error:
        raise StaffRecordBrokenError("a stored TOTP secret cannot be read; enrol this person again") from error
    return step if last_step is None or step > last_step else None


def mint_recovery_codes(draw: Callable[[int], bytes]) -> tuple[str, ...]:
    """Ten codes of 50 bits as people write them down: `7K3QD-XW9M2`. Shown once, never stored."""
    codes = []
    for _ in range(RECOVERY_CODES):
        signs = "".join(_BASE32[uniform(32, draw)] for _ in range(_RECOVERY_SIGNS))
        codes.append(f"{signs[:5]}-{signs[5:]}")
    return tuple(codes)


def keep_recovery_codes(
    device_key: bytes,
    codes: tuple[str, ...],
    salt: bytes,
    *,
    cost: Argon2Cost = CODE_COST,
    stretch: Stretch = argon2id,
) -> Candidates:
    """What is stored of recovery codes: ids `1` to `10` with their verifiers, under one 16-byte salt."""
    return Candidates(
        salt,
        tuple(
            (str(number), verifier(device_key, _typed_recovery(code), salt, cost=cost, stretch=stretch))
            for number, code in enumerate(codes, 1)
        ),
    )


def use_recovery_code(
    device_key: bytes,
    typed: str,
    kept: Candidates,
    *,
    cost: Argon2Cost = CODE_COST,
    stretch: Stretch = argon2id,
) -> Candidates | None:
    """The recovery codes left after using one, or None when `typed` is none of them."""
    number = prove(device_key, _typed_recovery(typed), kept, cost=cost, stretch=stretch)
    if number is None:
        return None
    return Candidates(kept.salt, tuple(pair for pair in kept.verifiers if pair[0] != number))


def _typed_recovery(typed: str) -> str:
    plain = unicodedata.normalize("NFKC", typed).upper()
    return "".join(sign for sign in plain if sign.isalnum()).translate(_READ_ALIKE)


def presence_number(draw: Callable[[int], bytes]) -> str:
    """Four digits for the kiosk's screen; typing them proves that a clerk stands at the cabinet."""
    return f"{uniform(10_000, draw):04d}"


def is_presence(typed: str, shown: str) -> bool:
    """Compare a typed number with the one shown, in constant time."""
    plain = "".join(unicodedata.normalize("NFKC", typed).split())
    return hmac.compare_digest(plain.encode(), shown.encode())
