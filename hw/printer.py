"""The receipt printer: ESC/POS over a printer device or a serial port.

Every line is drawn as an image: printers lack the Vietnamese code pages, or name them differently. Paper is asked for
before each sheet (DLE EOT 4, Epson's ESC/POS reference) and in between; a printer that does not answer counts as
offline. All of it runs in a thread of its own with a time limit, so that nothing ever waits for paper.
"""

from __future__ import annotations

import asyncio
import os
import select
import stat
import termios
import time
import tty
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal

import segno
from escpos.printer import Dummy  # type: ignore[import-untyped]  # no types
from PIL import Image, ImageDraw, ImageFont

from hw.errors import PaperOut, PrinterOffline

FONT: Final = Path("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
ASK_PAPER: Final = b"\x10\x04\x04"
FIXED_BITS: Final = 0x93
FIXED: Final = 0x12
NEAR_END_BITS: Final = 0x0C
END_BITS: Final = 0x60
ANSWERS_WITHIN_S: Final = 1.0
WRITTEN_WITHIN_S: Final = 15.0
TITLE_PX, TEXT_PX, GAP_PX, QR_MODULE_PX = 28, 22, 6, 5
QR_QUIET_MODULES: Final = 4


class Paper(StrEnum):
    ENOUGH = "enough"
    LOW = "low"
    OUT = "out"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is on one piece of paper; `code` is drawn as a QR code, empty: none."""

    title: str
    lines: tuple[str, ...]
    code: str = ""
    foot: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PrinterPort:
    """Where the printer is: `/dev/usb/lp0` or a serial port. `width_dots`: 384 for 58 mm paper, 576 for 80 mm."""

    device: Path
    baud: Literal[9600, 19200, 38400, 115200] = 19200
    width_dots: int = 576
    font: Path = FONT


def draw(sheet: Sheet, *, width_dots: int, font: Path = FONT) -> Image.Image:
    """The sheet in black and white, as wide as the paper. Raises PrinterOffline when the font is not there."""
    try:
        large, small = ImageFont.truetype(font, TITLE_PX), ImageFont.truetype(font, TEXT_PX)
    except OSError as error:
        raise PrinterOffline(f"the font {font} cannot be read; install fonts-dejavu-core") from error
    rows = [(line, large) for line in _wrapped(sheet.title, large, width_dots)]
    rows += [(line, small) for text in sheet.lines for line in _wrapped(text, small, width_dots)]
    foot = [(line, small) for text in sheet.foot for line in _wrapped(text, small, width_dots)]
    code = _qr(sheet.code, width_dots) if sheet.code else None
    heights = [_height(kind) for _line, kind in (*rows, *foot)]
    whole = Image.new("1", (width_dots, sum(heights) + (code.height if code else 0) + GAP_PX), 1)
    pen, at = ImageDraw.Draw(whole), 0
    for line, kind in rows:
        pen.text((0, at), line, font=kind, fill=0)
        at += _height(kind)
    if code is not None:
        whole.paste(code, ((width_dots - code.width) // 2, at))
        at += code.height
    for line, kind in foot:
        pen.text((0, at), line, font=kind, fill=0)
        at += _height(kind)
    return whole


def _height(font: ImageFont.FreeTypeFont) -> int:
    ascent, descent = font.getmetrics()
    return ascent + descent + GAP_PX


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """Lines that fit; a word that is too long for one is cut."""
    lines, line = [], ""
    for word in text.split():
        rest = word
        joined = f"{line} {rest}".strip()
        if font.getlength(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        while font.getlength(rest) > width:
            fits = next(n for n in range(len(rest) - 1, 0, -1) if font.getlength(rest[:n]) <= width or n == 1)
            lines.append(rest[:fits])
            rest = rest[fits:]
        line = rest
    return [*lines, line] if line else lines


def _qr(text: str, width: int) -> Image.Image:
    code = segno.make(text, error="m", micro=False)
    modules = int(code.symbol_size(border=QR_QUIET_MODULES)[0])
    scale = max(1, min(QR_MODULE_PX, width // modules))
    image = Image.new("1", (modules, modules), 1)
    for y, row in enumerate(code.matrix_iter(border=QR_QUIET_MODULES)):
        for x, is_dark in enumerate(row):
            image.putpixel((x, y), 0 if is_dark else 1)
    return image.resize((modules * scale, modules * scale), Image.Resampling.NEAREST)


def encode(image: Image.Image) -> bytes:
    """The image as raster bits (GS v 0), fed and cut."""
    printer = Dummy()
    printer.profile.profile_data["media"]["width"]["pixels"] = image.width  # or it warns that it does not know it
    printer.hw("INIT")
    printer.image(image, impl="bitImageRaster", center=False)
    printer.cut()
    return bytes(printer.output)


class Printer:
    """Owns one printer; its device is opened for each exchange, so that a replugged one is found again."""

    def __init__(self, place: PrinterPort) -> None:
        self._place = place
        self._turn = asyncio.Lock()

    async def paper(self) -> Paper:
        """How much paper there is. Raises PrinterOffline."""
        async with self._turn:
            return await asyncio.to_thread(self._exchange, None)

    async def print(self, sheet: Sheet) -> Paper:
        """Print one sheet, after asking for paper; what paper there was. Raises PaperOut, PrinterOffline."""
        async with self._turn:
            return await asyncio.to_thread(self._exchange, sheet)

    def _exchange(self, sheet: Sheet | None) -> Paper:
        octets = None
        if sheet is not None:
            octets = encode(draw(sheet, width_dots=self._place.width_dots, font=self._place.font))
        try:
            device = os.open(self._place.device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError as error:
            raise PrinterOffline(
                f"{self._place.device} cannot be opened ({error.strerror}); check the printer's plug and power"
            ) from error
        try:
            return self._talk(device, octets)
        except (OSError, termios.error) as error:
            raise PrinterOffline("the printer went away; check its plug and power") from error
        finally:
            os.close(device)

    def _talk(self, device: int, octets: bytes | None) -> Paper:
        self._set_up(device)
        paper = self._ask_paper(device)
        if octets is not None:
            if paper is Paper.OUT:
                raise PaperOut("the printer has no paper; put in a new roll")
            self._write(device, octets, within_s=WRITTEN_WITHIN_S)
        return paper

    def _set_up(self, device: int) -> None:
        if not stat.S_ISCHR(os.fstat(device).st_mode):
            raise PrinterOffline(f"{self._place.device} is no device; correct [printer] device")
        if os.isatty(device):
            tty.setraw(device, termios.TCSANOW)
            how = termios.tcgetattr(device)
            how[4] = how[5] = getattr(termios, f"B{self._place.baud}")
            termios.tcsetattr(device, termios.TCSANOW, how)

    def _ask_paper(self, device: int) -> Paper:
        while select.select([device], [], [], 0)[0] and os.read(device, 64):
            pass  # what an earlier question still had to say
        self._write(device, ASK_PAPER, within_s=ANSWERS_WITHIN_S)
        until = time.monotonic() + ANSWERS_WITHIN_S
        while (left := until - time.monotonic()) > 0:
            if not select.select([device], [], [], left)[0]:
                break
            for octet in os.read(device, 1):
                if octet & FIXED_BITS == FIXED:
                    return Paper.OUT if octet & END_BITS else Paper.LOW if octet & NEAR_END_BITS else Paper.ENOUGH
        raise PrinterOffline("the printer does not answer; check its power and cable")

    def _write(self, device: int, octets: bytes, *, within_s: float) -> None:
        until = time.monotonic() + within_s
        while octets:
            left = until - time.monotonic()
            if left <= 0 or not select.select([], [device], [], left)[1]:
                raise PrinterOffline("the printer takes nothing; is its lid open?")
            octets = octets[os.write(device, octets) :]
