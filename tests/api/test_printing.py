"""Receipts on paper and the cabinet's own scanner, over HTTP and at the wire."""

import asyncio
import dataclasses
import os
import tty
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import zxingcpp

from api.apps import create_kiosk_app
from api.printing import Printing, printing_of
from api.scans import typed
from hw.scanner import ScannerPort
from locker import receipts
from locker.config import PrinterSection
from simulator.printer import ReceiptPrinter


@pytest.fixture
def wire() -> Iterator[ReceiptPrinter]:
    wire = ReceiptPrinter()
    yield wire
    wire.unplug()


@pytest.fixture
def printing(cab: Any, wire: ReceiptPrinter) -> Printing:
    section = PrinterSection(device=Path(wire.device), width_dots=384)
    config = cab.running.config.model_copy(update={"printer": section})
    cab.running = dataclasses.replace(cab.running, printing=printing_of(config, on_change=cab.running.bell.ring))
    found: Printing = cab.running.printing
    return found


@pytest.fixture
async def screen(cab: Any, printing: Printing) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_kiosk_app(cab.running))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=10) as client:
        client.cookies.set("kiosk", cab.running.entry.cookie())
        yield client


async def left(cab: Any, screen: httpx.AsyncClient) -> str:
    """Papers are left; the path of their receipt."""
    wanted = {"kind": "new", "size": "S", "phone": "0912345678", "phone_again": "0912345678", "bag": "TUI-000451"}
    offered = (await screen.post("/api/kiosk/intakes", json=wanted)).json()
    await cab.open(offered["compartment"])
    await cab.close(offered["compartment"])
    path = f"/api/kiosk/visits/{offered['visit']}/intakes/{offered['hand_over']}"
    assert (await screen.post(f"{path}/answers", json={"said": "left"})).status_code == 200
    return path


async def test_a_receipt_is_printed_and_its_code_is_the_signed_one(
    cab: Any, screen: httpx.AsyncClient, wire: ReceiptPrinter
) -> None:
    path = await left(cab, screen)
    assert (await screen.post(f"{path}/receipt/print", json={"language": "vi"})).status_code == 200
    assert await asyncio.to_thread(wire.wait_for_cut)
    [found] = [code for sheet in wire.sheets() for code in zxingcpp.read_barcodes(sheet.convert("L"))]
    assert receipts.check(found.text, receipts.public_text(cab.running.receipt_key)).bag == "TUI-000451"
    assert (await screen.get("/api/kiosk/snapshot")).json()["printer"] == "ready"


async def test_a_ticket_is_printed_with_number_and_time_and_no_name(
    screen: httpx.AsyncClient, wire: ReceiptPrinter
) -> None:
    ticket = (await screen.post("/api/kiosk/tickets", json={"phone": "0912345678"})).json()
    assert (await screen.post(f"/api/kiosk/tickets/{ticket['number']}/print", json={})).status_code == 200
    assert await asyncio.to_thread(wire.wait_for_cut)
    assert wire.sheets()
    gone = await screen.post("/api/kiosk/tickets/999/print", json={})
    assert (gone.status_code, gone.json()["type"].rsplit(":", 1)[-1]) == (409, "wrong-stage")


async def test_without_paper_the_screen_says_so_and_nothing_else_waits(
    cab: Any, screen: httpx.AsyncClient, wire: ReceiptPrinter
) -> None:
    wire.status = 0x72
    path = await left(cab, screen)
    refused = await screen.post(f"{path}/receipt/print", json={"language": "en"})
    assert (refused.status_code, refused.json()["type"].rsplit(":", 1)[-1]) == (503, "paper-out")
    assert (await screen.get("/api/kiosk/snapshot")).json()["printer"] == "out"
    assert not wire.sheets()
    assert (await screen.get(f"{path}/receipt")).status_code == 200


async def test_paper_is_asked_for_before_anybody_is_promised_a_receipt(
    cab: Any, printing: Printing, wire: ReceiptPrinter
) -> None:
    wire.status = 0x1E
    states = [printing.state]
    asking = asyncio.create_task(printing.run(ask_every_s=60))
    async with asyncio.timeout(5):
        await cab.running.bell.rung(0)
    states.append(printing.state)
    assert states == ["offline", "low"]
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


async def test_a_cabinet_without_a_printer_says_so(cab: Any, kiosk: httpx.AsyncClient) -> None:
    path = await left(cab, kiosk)
    refused = await kiosk.post(f"{path}/receipt/print", json={})
    assert (refused.status_code, refused.json()["type"].rsplit(":", 1)[-1]) == (503, "printer-offline")
    assert (await kiosk.get("/api/kiosk/snapshot")).json()["printer"] == "none"


@pytest.mark.parametrize(
    ("scanned", "text"),
    [
        ("TUI-000451", "TUI-000451"),
        ("079203001234|024681357|Nguyễn Văn An|01021990|Nam|12 Hoa Mai, P.Hoa Mai|15042021", "1234"),
        ("079203001234||Nguyễn Văn An|01021990|Nam|12 Hoa Mai|15042021||extra", "1234"),
        ("079203001234", "079203001234"),
    ],
)
def test_of_an_id_card_only_four_digits_go_on(scanned: str, text: str) -> None:
    assert typed(scanned) == text


async def test_a_scan_is_shown_to_the_page_for_three_seconds(cab: Any, kiosk: httpx.AsyncClient) -> None:
    own, theirs = os.openpty()
    tty.setraw(theirs)
    follow = asyncio.create_task(cab.running.scans.follow(ScannerPort(os.ttyname(theirs)), pause_s=0.01))
    heard = asyncio.create_task(cab.running.bell.rung(cab.running.bell.strokes))
    async with asyncio.timeout(5):
        while not heard.done():
            os.write(own, b"TUI-000451\r")
            await asyncio.wait([heard], timeout=0.05)
    scan = (await kiosk.get("/api/kiosk/snapshot")).json()["scan"]
    assert scan["text"] == "TUI-000451"
    cab.hands.forward(3)
    assert (await kiosk.get("/api/kiosk/snapshot")).json()["scan"] is None
    follow.cancel()
    await asyncio.gather(follow, return_exceptions=True)
    os.close(own)
    os.close(theirs)
