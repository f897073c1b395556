"""What stands in the memory of a running program, read as root or its own user may (proc(5))."""

from __future__ import annotations

import re
from pathlib import Path

_REGION = re.compile(r"([0-9a-f]+)-([0-9a-f]+) rw")


def dump(pid: int) -> bytes:
    """Every page that the program can write: heap, stacks, and what it mapped for itself."""
    maps = Path(f"/proc/{pid}/maps").read_text(encoding="ascii")
    held = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for begin, end in ((int(edge, 16) for edge in found) for found in _REGION.findall(maps)):
            memory.seek(begin)
            held.append(memory.read(end - begin))
    return b"\0".join(held)


def forms(text: str) -> set[bytes]:
    """A text as programs hold it: as UTF-8, and as Python keeps it in one, two or four bytes a sign."""
    return {text.encode(), text.encode("utf-16-le"), text.encode("utf-32-le")}
