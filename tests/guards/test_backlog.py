"""Three days' facts over a bad line; `make proof` tells 2,000 of them within 30 s."""

from __future__ import annotations

import gzip
from pathlib import Path
from random import Random

import httpx

from bench.proof import backlog
from bench.proof.line import CABINET, KEY, Hub


def test_a_backlog_goes_up_at_the_pace_of_its_line(tmp_path: Path) -> None:
    took = backlog.run(tmp_path / "journal.sqlite3", facts=500, seed=3)
    assert 500 * 60 / backlog.BYTES_A_SECOND < took <= backlog.WITHIN_S / 4 + 2, "compressed, and no more"


async def test_a_centre_undoes_gzip_only_up_to_its_limit() -> None:
    hub = Hub()
    try:
        await hub.begin_again(Random(1))
        headers = {"authorization": f"Bearer {KEY}", "content-encoding": "gzip", "content-type": "application/json"}
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(hub.app), base_url="http://centre", headers=headers
        ) as client:
            path = f"/v1/cabinets/{CABINET}/events"
            bomb = await client.post(path, content=gzip.compress(b"0" * 50_000_000))
            assert bomb.status_code == 413
            assert bomb.headers["content-type"] == "application/problem+json"
            broken = await client.post(path, content=b"\x1f\x8b nothing of the kind")
            assert (broken.status_code, broken.headers["accept-encoding"]) == (422, "gzip")
    finally:
        hub.close()
