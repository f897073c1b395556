"""What the journal tells of each lock's latest openings."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

import apsw

from locker.rules.lock_trends import Opening

LATEST_FACTS = 50_000
_FACTS = """
SELECT type, run_id, uptime_ms, body FROM event
WHERE seq > (SELECT max(seq) FROM event) - ? AND type IN ('GrantIssued', 'DoorOpened', 'DoorDidNotOpen')
ORDER BY seq
"""


def openings(connection: apsw.Connection) -> Mapping[int, Sequence[Opening]]:
    """By compartment, oldest first, of the latest 50 000 facts."""
    found: dict[int, list[Opening]] = defaultdict(list)
    granted: dict[str, tuple[str, int]] = {}
    for kind, run, uptime_ms, text in connection.execute(_FACTS, (LATEST_FACTS,)):
        body = json.loads(str(text))
        grant = body.get("grant", "")
        if kind == "GrantIssued":
            granted[grant] = (str(run), int(str(uptime_ms)))
        elif kind == "DoorDidNotOpen":
            found[body["compartment"]].append(Opening(pulses=0))
        elif body.get("pulses", 1) and grant:
            began = granted.pop(grant, ("", 0))
            took_ms = int(str(uptime_ms)) - began[1] if began[0] == run else 0
            found[body["compartment"]].append(Opening(pulses=body.get("pulses", 1), took_ms=took_ms))
    return found
