"""A device key in place of another one, or the card of this cabinet in another computer.

No code that was made under the former key can be checked any more. All of them end in the commit that begins the run,
so that nobody who waits is charged for a code that was right; their owners get new ones unasked, as after a revocation.
Nor can a wish that comes again be compared with what came first: its id must do.
A journal that does not know its key yet, from an earlier release, learns it and keeps its codes.
"""

from __future__ import annotations

from locker import events as ev
from locker.model import Cabinet
from locker.rules.doors import merged, revoked


def begin(cabinet: Cabinet, *, key: str) -> ev.Decision:
    """End every code if `key`, the public key of this run, is another one than that of the runs before."""
    if not key or cabinet.public_key in ("", key):
        return ev.Decision()
    revoked_codes = (revoked(cabinet, bundle, "key") for bundle in cabinet.bundles)
    return merged(ev.Decision(rows=(ev.EraseDigests(),)), *revoked_codes)
