"""Taking a member of staff in: what is kept of how they sign in, and what the person alone gets."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from argon2 import PasswordHasher

from locker.config import CabinetSection, StaffEntry
from locker.refusals import WeakPassword
from otp import passwords, sealing, staff
from otp.sealing import SALT_BYTES


@dataclass(frozen=True, slots=True)
class Enrolled:
    """`entry` is kept; its TOTP secret and the recovery codes (each good once) are for the person alone."""

    entry: StaffEntry = field(repr=False)
    recovery_codes: tuple[str, ...] = field(repr=False)

    @property
    def toml(self) -> str:
        """The [[staff]] block of a configuration."""
        entry = self.entry
        hashes = ", ".join(f'"{one}"' for one in entry.recovery_hashes)
        return "\n".join(
            (
                "[[staff]]",
                f'user = "{entry.user}"',
                f"name = {_quoted(entry.name)}",
                f'role = "{entry.role}"',
                f'password_hash = "{entry.password_hash}"',
                f'totp_secret = "{entry.totp_secret}"',
                f'recovery_salt = "{entry.recovery_salt}"',
                f"recovery_hashes = [{hashes}]",
                f"password_is_initial = {str(entry.password_is_initial).lower()}",
                "",
            )
        )


def require_good(password: str, *, user: str, name: str, cabinet: CabinetSection) -> None:
    """Raise WeakPassword unless a member of this name may choose this password at this cabinet."""
    words = (user, name, cabinet.id, cabinet.office_vi, cabinet.address)
    if (flaw := passwords.flaw(password, words=words)) is not None:
        raise WeakPassword(flaw)


def enrol(
    user: str,
    *,
    name: str,
    role: str,
    password: str,
    is_initial: bool,
    device_key: bytes,
    hasher: PasswordHasher | None = None,
    draw: Callable[[int], bytes] = os.urandom,
) -> Enrolled:
    """Hash the password, draw a TOTP secret and ten recovery codes. Slow. Raises WeakPasswordError.

    `is_initial`: the member must choose another password before it is good for anything.
    """
    password_hash = staff.hash_password(password, hasher=hasher or staff.password_hasher())
    known = {"user": user, "name": name, "role": role, "password_is_initial": is_initial}
    entry = StaffEntry.model_validate({**known, "password_hash": password_hash, "totp_secret": ""})
    return renew(entry, device_key=device_key, draw=draw)


def renew(entry: StaffEntry, *, device_key: bytes, draw: Callable[[int], bytes] = os.urandom) -> Enrolled:
    """The same person and password with a new TOTP secret and new recovery codes."""
    recovery_codes = staff.mint_recovery_codes(draw)
    kept = staff.keep_recovery_codes(device_key, recovery_codes, draw(SALT_BYTES))
    changed = {
        "totp_secret": staff.new_totp_secret(draw),
        "recovery_salt": kept.salt.hex(),
        "recovery_hashes": tuple(verifier.hex() for _number, verifier in kept.verifiers),
    }
    return Enrolled(entry=entry.model_copy(update=changed), recovery_codes=recovery_codes)


def as_kept(entry: StaffEntry, record: str, *, device_key: bytes) -> dict[str, str]:
    """What the erasable row `record` holds; the TOTP secret is sealed under the device key."""
    sealed = sealing.seal(device_key, entry.totp_secret.encode(), context=record)
    return {
        "user": entry.user,
        "name": entry.name,
        "role": entry.role,
        "password_hash": entry.password_hash,
        "totp_sealed": base64.b64encode(sealed).decode(),
        "recovery_salt": entry.recovery_salt,
        "recovery_hashes": " ".join(entry.recovery_hashes),
        **({"initial": "yes"} if entry.password_is_initial else {}),
    }


def from_kept(body: Mapping[str, str], record: str, *, device_key: bytes) -> StaffEntry:
    """The entry of such a row. Raises SealBrokenError."""
    sealed = base64.b64decode(body["totp_sealed"])
    return StaffEntry.model_validate(
        {
            **{key: body[key] for key in ("user", "name", "role", "password_hash", "recovery_salt")},
            "totp_secret": sealing.unseal(device_key, sealed, context=record).decode(),
            "recovery_hashes": body["recovery_hashes"].split(),
            "password_is_initial": "initial" in body,
        }
    )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
