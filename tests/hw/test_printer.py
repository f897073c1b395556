"""The printer at the wire: bytes to a pty, images decoded from them, the QR code read by zxing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageChops

from hw.errors import PaperOut, PrinterOffline
from hw.printer import Paper, Printer, PrinterPort, Sheet, draw, encode
from simulator.printer import ReceiptPrinter

SHEET = Sheet(
    title="Phiếu ghi nhận gửi hồ sơ qua tủ",
    lines=("UBND Phường Hoa Mai", "Túi: TUI-000451", "Thời điểm gửi: 21:14 22/11/2026", "x" * 200),
    code="DLR1." + "a" * 300,
    foot=("Đây chưa phải giấy tiếp nhận hồ sơ (mẫu 01).",),
)


@pytest.fixture
def wire() -> Iterator[ReceiptPrinter]:
    wire = ReceiptPrinter()
    yield wire
    wire.unplug()


def printer_on(wire: ReceiptPrinter) -> Printer:
    return Printer(PrinterPort(device=Path(wire.device), width_dots=384))


def whole(images: list[Image.Image]) -> Image.Image:
    """Long images go out in pieces."""
    sheet = Image.new("1", (images[0].width, sum(one.height for one in images)), 1)
    at = 0
    for one in images:
        sheet.paste(one, (0, at))
        at += one.height
    return sheet


async def test_what_is_printed_is_what_was_drawn_and_its_code_reads(wire: ReceiptPrinter) -> None:
    assert await printer_on(wire).print(SHEET) is Paper.ENOUGH
    assert wire.wait_for_cut()
    drawn = draw(SHEET, width_dots=384)
    assert wire.received.index(b"\x10\x04\x04") < wire.received.index(b"\x1dv0")
    printed = whole(wire.sheets())
    assert printed.size == drawn.size
    assert ImageChops.difference(printed.convert("L"), drawn.convert("L")).getbbox() is None
    [found] = zxingcpp.read_barcodes(printed.convert("L"))
    assert found.text == SHEET.code


def test_accents_are_drawn_and_nothing_leaves_the_paper() -> None:
    for width in (384, 576):
        plain = draw(Sheet(title="Phieu", lines=("x" * 200,)), width_dots=width)
        marked = draw(Sheet(title="Phiếu", lines=("x" * 200,)), width_dots=width)
        assert plain.width == marked.width == width
        assert plain.tobytes() != marked.tobytes()
        assert len(encode(marked)) > width // 8 * marked.height


@pytest.mark.parametrize(
    ("status", "paper"), [(0x12, Paper.ENOUGH), (0x1E, Paper.LOW), (0x72, Paper.OUT), (0x7E, Paper.OUT)]
)
async def test_paper_is_read_from_the_sensor_bits(wire: ReceiptPrinter, status: int, paper: Paper) -> None:
    wire.status = status
    assert await printer_on(wire).paper() is paper


async def test_without_paper_nothing_is_printed(wire: ReceiptPrinter) -> None:
    wire.status = 0x72
    with pytest.raises(PaperOut):
        await printer_on(wire).print(SHEET)
    assert not wire.sheets()
    wire.status = 0x12
    await printer_on(wire).print(SHEET)
    assert wire.wait_for_cut()
    assert wire.sheets()


async def test_a_printer_that_is_off_or_gone_is_offline(wire: ReceiptPrinter, tmp_path: Path) -> None:
    wire.status = None
    with pytest.raises(PrinterOffline, match="does not answer"):
        await printer_on(wire).print(SHEET)
    with pytest.raises(PrinterOffline, match="cannot be opened"):
        await Printer(PrinterPort(device=tmp_path / "none")).paper()
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(PrinterOffline, match="no device"):
        await Printer(PrinterPort(device=file)).paper()
    with pytest.raises(PrinterOffline, match="fonts-dejavu-core"):
        draw(SHEET, width_dots=384, font=tmp_path / "none.ttf")
