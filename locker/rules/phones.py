"""An organisation gives several phones: each of them hears of everything, as one bundle with one code.

Any of them may ask for a new code, which then goes to all: whoever did not ask reads that it was asked for.
"""

from __future__ import annotations

from msgspec.structs import replace

from locker import events as ev
from locker.model import Cabinet


def to_each(cabinet: Cabinet, queued: ev.NoticeQueued) -> tuple[ev.NoticeQueued, ...]:
    """One message for each number of its person; a person no result names has one."""
    count = next((one.phones for one in cabinet.results.values() if one.person == queued.person), 1)
    others = (replace(queued, notice=f"{queued.notice}-{number}", phone=number) for number in range(1, count))
    return (queued, *others)
