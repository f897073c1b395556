"""Taking a new member of staff in: what goes into the configuration, and what the person gets."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field

from otp import staff
from otp.sealing import SALT_BYTES


@dataclass(frozen=True, slots=True)
class Enrolled:
    """`toml` is the [[staff]] block; secret and recovery codes (each good once) are for the person alone."""

    toml: str = field(repr=False)
    totp_secret: str = field(repr=False)
    recovery_codes: tuple[str, ...] = field(repr=False)


def enrol(
    user: str,
    *,
    name: str,
    role: str,
    password: str,
    device_key: bytes,
    totp_secret: str | None = None,
    draw: Callable[[int], bytes] = os.urandom,
) -> Enrolled:
    """Hash the password, draw a TOTP secret (unless given) and ten recovery codes. Raises WeakPasswordError."""
    password_hash = staff.hash_password(password, hasher=staff.password_hasher())
    secret = totp_secret or staff.new_totp_secret(draw)
    recovery_codes = staff.mint_recovery_codes(draw)
    kept = staff.keep_recovery_codes(device_key, recovery_codes, draw(SALT_BYTES))
    hashes = ", ".join(f'"{verifier.hex()}"' for _number, verifier in kept.verifiers)
    toml = "\n".join(
        (
            "[[staff]]",
            f'user = "{user}"',
            f"name = {_quoted(name)}",
            f'role = "{role}"',
            f'password_hash = "{password_hash}"',
            f'totp_secret = "{secret}"',
            f'recovery_salt = "{kept.salt.hex()}"',
            f"recovery_hashes = [{hashes}]",
            "",
        )
    )
    return Enrolled(toml=toml, totp_secret=secret, recovery_codes=recovery_codes)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
