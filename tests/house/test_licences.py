"""What we install may be passed on with a cabinet: permissive licences, or weak copyleft used unchanged."""

import json
import re
import subprocess
import sys
from pathlib import Path

from packaging.utils import canonicalize_name

PERMISSIVE = {
    "0BSD",
    "Apache Software License",
    "Apache-2.0",
    "BSD License",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MIT License",
    "MIT-0",
    "MIT-CMU",
    "PSF-2.0",
    "Python Software Foundation License",
    "Zlib",
}
WEAK_COPYLEFT = {
    "GNU Lesser General Public License v2 or later (LGPLv2+)",
    "LGPL-3.0-only",
    "MPL-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)",
}
EXCEPTIONS = {
    "axe-playwright-python": "MIT in its LICENSE file, without a word in its metadata; the axe-core inside is MPL-2.0",
    "apsw": "says any-OSI: the taker picks any licence the Open Source Initiative approves",
    "zxcvbn-rs-py": "MIT in its LICENSE file, without a word in its metadata",
    "qrcode": "BSD; the other words stand for the unregistered name QR Code",
}


def is_allowed(licence: str) -> bool:
    """Whether a licence, as its package states it, may be used: every part of AND and of a list, one part of OR."""
    allowed = PERMISSIVE | WEAK_COPYLEFT
    return any(all(part in allowed for part in re.split(" AND |; ", one)) for one in licence.split(" OR "))


def test_every_installed_package_has_an_allowed_licence(tree: Path) -> None:
    listed = subprocess.run(
        [sys.executable, "-m", "piplicenses", "--from=mixed", "--format=json"],
        check=True,
        capture_output=True,
        text=True,
        cwd=tree,
    ).stdout
    locked = {
        canonicalize_name(name)
        for name in re.findall(r"^([A-Za-z0-9._-]+)==", (tree / "requirements/dev.lock").read_text(), re.MULTILINE)
    }
    licences = {canonicalize_name(row["Name"]): row["License"] for row in json.loads(listed)}
    assert len(locked & licences.keys()) > 60, "run: make setup"
    refused = {
        name: licence
        for name, licence in licences.items()
        if name in locked and name not in EXCEPTIONS and not is_allowed(licence)
    }
    assert refused == {}, "replace the package, or add it to EXCEPTIONS with the reason"


def test_a_strong_copyleft_part_is_refused() -> None:
    assert not is_allowed("MIT AND GPL-3.0-only")
    assert not is_allowed("MIT License; GNU General Public License (GPL)")
    assert is_allowed("GPL-2.0-only OR MIT")
    assert not is_allowed("UNKNOWN")
