"""What the service writes about itself: one JSON object a line, with its time in UTC."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime

SAYS = """
import logging, structlog
from api import logs
logs.configure()
structlog.get_logger().warning("board offline", board="A1", why='a "quoted" line\\nand another')
structlog.get_logger().debug("not asked for")
logging.getLogger("foreign").error("from a library\\nin two lines")
"""


def test_each_line_is_one_object_with_level_and_time_in_utc_also_of_libraries() -> None:
    before = datetime.now(UTC)
    ran = subprocess.run([sys.executable, "-c", SAYS], capture_output=True, text=True, check=True)
    own, foreign = [json.loads(line) for line in ran.stderr.splitlines()]
    assert (own["event"], own["board"], own["level"]) == ("board offline", "A1", "warning")
    assert own["why"] == 'a "quoted" line\nand another', "a line break in a value begins no line of its own"
    assert (foreign["event"], foreign["level"]) == ("from a library\nin two lines", "error")
    for line in (own, foreign):
        at = datetime.fromisoformat(line["timestamp"])
        assert at.utcoffset() == UTC.utcoffset(None)
        assert before <= at <= datetime.now(UTC)
