"""A receipt printer behind a pty: tells of its paper, and keeps what was printed as images."""

from __future__ import annotations

import os
import threading
import tty

from PIL import Image

CUT = b"\x1dV\x00"
ASK_PAPER = b"\x10\x04\x04"
RASTER = b"\x1dv0"
HEADER = 8


class ReceiptPrinter:
    """Owns a pty and the thread that serves it. `status` is the answer to DLE EOT 4; None: it is switched off."""

    def __init__(self) -> None:
        self._own, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        self.device = os.ttyname(self._theirs)
        self.status: int | None = 0x12
        self.received = bytearray()
        self._is_cut = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        seen = bytearray()
        while True:
            try:
                chunk = os.read(self._own, 65536)
            except OSError:
                return
            self.received += chunk
            if self.received.endswith(CUT):
                self._is_cut.set()
            seen += chunk
            while (at := seen.find(ASK_PAPER)) >= 0:
                del seen[: at + len(ASK_PAPER)]
                if self.status is not None:
                    os.write(self._own, bytes([self.status]))
            del seen[: -len(ASK_PAPER)]

    def wait_for_cut(self, *, within_s: float = 5.0) -> bool:
        """Whether a sheet was cut off, waiting for it."""
        return self._is_cut.wait(within_s)

    def unplug(self) -> None:
        """Take the printer away."""
        os.close(self._theirs)
        self._thread.join(timeout=5)
        os.close(self._own)

    def sheets(self) -> list[Image.Image]:
        """Each raster image (GS v 0), decoded from the bytes that came."""
        found, octets, at = [], bytes(self.received), 0
        while (at := octets.find(RASTER, at)) >= 0:
            _mode, x_low, x_high, y_low, y_high = octets[at + 3 : at + HEADER]
            width, height = x_low + 256 * x_high, y_low + 256 * y_high
            bits = octets[at + HEADER : at + HEADER + width * height]
            if len(bits) < width * height:
                break
            found.append(Image.frombytes("1", (8 * width, height), bytes(255 - octet for octet in bits)))
            at += HEADER + width * height
        return found
