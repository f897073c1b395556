import asyncio
import os
import tty
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.errors import ScannerOffline
from hw.scanner import LONGEST, Lines, Scanner, ScannerPort


def test_each_terminator_ends_a_scan_and_pairs_end_one() -> None:
    lines = Lines()
    assert lines.feed(b"TUI-000451\r\nH29.190.5-261008-0042\rabc\n\n") == ["TUI-000451", "H29.190.5-261008-0042", "abc"]
    assert lines.feed(b"half") == []
    assert lines.feed(b" whole\r") == ["half whole"]
    assert lines.feed(b"without end") == []
    assert lines.silence() == ["without end"]
    assert lines.silence() == []


@pytest.mark.parametrize("rubbish", [b"\xff\xfe\r", b"a\x1bb\r", b"\x00\r", b"   \r", b"x" * (LONGEST + 1) + b"\r"])
def test_rubbish_is_dropped_whole_and_the_next_scan_counts(rubbish: bytes) -> None:
    lines = Lines()
    assert lines.feed(rubbish) == []
    assert lines.feed(b"TUI-1\r") == ["TUI-1"]


def test_the_longest_scan_still_counts() -> None:
    assert Lines().feed(b"x" * LONGEST + b"\r") == ["x" * LONGEST]


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_no_bytes_ever_crash_it_and_what_comes_out_can_be_typed(chunks: list[bytes]) -> None:
    lines = Lines()
    scans = [text for chunk in chunks for text in lines.feed(chunk)] + lines.silence()
    assert all(text.isprintable() and text and len(text) <= LONGEST for text in scans)


@pytest.fixture
async def wire() -> AsyncIterator[tuple[int, str]]:
    own, theirs = os.openpty()
    tty.setraw(theirs)
    path = os.ttyname(theirs)
    os.close(theirs)
    yield own, path
    try:
        os.close(own)
    except OSError:
        return


async def test_scans_come_from_a_port_and_the_end_of_the_port_is_told(wire: tuple[int, str]) -> None:
    own, path = wire
    scans: asyncio.Queue[str] = asyncio.Queue()
    opened = asyncio.Event()
    run = asyncio.create_task(Scanner(ScannerPort(path), on_scan=scans.put_nowait).run(on_open=opened.set))
    async with asyncio.timeout(5):
        await opened.wait()
        os.write(own, b"TUI-000451\r\n")
        assert await scans.get() == "TUI-000451"
        os.write(own, b"\xff\xff\x00no terminator follows: 1")
        os.write(own, b"\rTUI-2")
        assert await scans.get() == "TUI-2"
        os.write(own, b"a scanner that sends no end")
        assert await scans.get() == "a scanner that sends no end", "a gap is an end too"
        os.close(own)
        with pytest.raises(ScannerOffline, match="gone"):
            await run
        assert scans.empty()


async def test_a_port_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(ScannerOffline, match="USB-CDC"):
        await Scanner(ScannerPort("/dev/there-is-none"), on_scan=print).run(on_open=lambda: None)
