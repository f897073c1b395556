"""docs/asvs.md answers every item of OWASP ASVS 5.0.0, levels 1 and 2, once; its tests are checked with all docs."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

# Section: how many items, numbered from 1, are of level 1 or 2 (the standard's own CSV, version 5.0.0).
SECTIONS = (
    "1.1:2 1.2:9 1.3:11 1.4:3 1.5:2 2.1:3 2.2:3 2.3:4 2.4:1 3.2:2 3.3:4 3.4:6 3.5:5 3.7:2 4.1:3 4.2:1 "
    "4.3:2 4.4:4 5.1:1 5.2:3 5.3:2 5.4:3 6.1:3 6.2:12 6.3:4 6.4:4 6.5:5 6.6:3 6.8:4 7.1:3 7.2:4 7.3:2 "
    "7.4:5 7.5:2 7.6:2 8.1:2 8.2:3 8.3:1 8.4:1 9.1:3 9.2:4 10.1:2 10.2:2 10.3:4 10.4:11 10.5:5 10.6:2 "
    "10.7:3 11.1:2 11.2:3 11.3:3 11.4:4 11.5:1 11.6:1 12.1:3 12.2:2 12.3:4 13.1:1 13.2:5 13.3:2 13.4:5 "
    "14.1:2 14.2:4 14.3:3 15.1:3 15.2:3 15.3:7 16.1:1 16.2:5 16.3:4 16.4:3 16.5:3 17.1:1 17.2:4 17.3:2"
)
ROW = re.compile(r"^\| ([0-9., ]+) \| (\w+) \| (.+) \|$", re.MULTILINE)


def test_every_item_of_levels_one_and_two_is_answered_once(tree: Path) -> None:
    wanted = [
        f"{section}.{number}"
        for section, _, count in (one.partition(":") for one in SECTIONS.split())
        for number in range(1, int(count) + 1)
    ]
    assert len(wanted) == 253
    rows = ROW.findall((tree / "docs" / "asvs.md").read_text(encoding="utf-8"))
    answered = Counter(item for items, _state, _why in rows for item in items.split(", "))
    assert answered == Counter(wanted)
    assert {state for _items, state, _why in rows} <= {"met", "none", "open"}
