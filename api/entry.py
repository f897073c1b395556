"""How the kiosk browser shows that it is the kiosk: a one-time key buys a cookie.

The key lies in a file that only the kiosk browser's unit receives. Using it puts a new one there, so a key seen later
opens nothing. The cookie is a keyed hash under the device key: it outlives a restart of the controller, and the page
on the screen goes on. Without a key file (on a desk) the first page sets the cookie by itself.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from pathlib import Path

from otp import sealing

COOKIE = "kiosk"
NONCE_BYTES = 16


class KioskEntry:
    """Owns the key file. Raises OSError where the file cannot be written."""

    def __init__(self, *, device_key: bytes, key_file: Path | None, draw: Callable[[int], bytes]) -> None:
        self._cookie_key = sealing.derive(device_key, "kiosk cookie")
        self._key_file = key_file
        self._draw = draw
        self._key = ""
        self._renew()

    @property
    def is_open(self) -> bool:
        """Without a key file everybody on the loopback is the kiosk."""
        return self._key_file is None

    def use(self, key: str) -> str | None:
        """The cookie for the right key, which is then spent; None for any other."""
        if self._key_file is None or not hmac.compare_digest(key.encode(), self._key.encode()):
            return None
        self._renew()
        return self.cookie()

    def cookie(self) -> str:
        """A new cookie."""
        nonce = self._draw(NONCE_BYTES).hex()
        return f"{nonce}.{self._mac(nonce)}"

    def is_kiosk(self, cookie: str) -> bool:
        """Whether this cabinet made the cookie."""
        nonce, _, mac = cookie.partition(".")
        return hmac.compare_digest(self._mac(nonce).encode(), mac.encode())

    def _mac(self, nonce: str) -> str:
        return hmac.digest(self._cookie_key, nonce.encode(), hashlib.sha256).hex()

    def _renew(self) -> None:
        if self._key_file is None:
            return
        self._key = self._draw(NONCE_BYTES).hex()
        part = self._key_file.with_name(self._key_file.name + ".part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(self._key)
        part.replace(self._key_file)
