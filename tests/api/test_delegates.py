"""A delegate over the wire and over HTTP: named by the centre, revoked by a clerk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from locker import events as ev
from locker import rows, wire
from locker.inbox import Inbox

DEVICE_KEY = bytes(range(32))
NAMED = {"result_id": "r-1", "delegate": {"name": "Trần Văn Bình", "phone": "0912345679"}}


async def wished(cab: Any, kind: str, body: dict[str, Any]) -> None:
    number = cab.now.wish_seq + 1
    wish = wire.Wish(
        wish_seq=number,
        wish_id=f"wish-{number}",
        kind=kind,
        seen_through=0,
        issued_at="2026-10-08T14:05:09.120Z",
        body=body,
    )
    await Inbox(journal=cab.journal, device_key=DEVICE_KEY, procedures=[]).take(wish)


async def ready(cab: Any) -> None:
    await cab.announce("r-1", code="H29.190.5-261008-0001")
    await cab.load("r-1", number=1, hand_over="h-1")
    await cab.close_round()


async def test_a_clerk_sees_who_was_named_and_revokes_it(
    cab: Any, desk: httpx.AsyncClient, sign_in: Callable[..., Any]
) -> None:
    await ready(cab)
    await wished(cab, "NameDelegate", NAMED)
    await sign_in()
    (one,) = (await desk.get("/api/clerk/snapshot")).json()["in_cabinet"]
    assert one["delegates"] == [{"result": "r-1", "name": "Trần Văn Bình"}]
    answers = [await desk.post("/api/clerk/results/r-1/delegate/revoke", json={}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 404]
    assert cab.now.results["r-1"].delegate == ""
    assert await cab.facts(ev.DelegateRevoked) == 1


async def test_a_technician_revokes_nobody(cab: Any, desk: httpx.AsyncClient, sign_in: Callable[..., Any]) -> None:
    await ready(cab)
    await wished(cab, "NameDelegate", NAMED)
    await sign_in("tu")
    assert (await desk.post("/api/clerk/results/r-1/delegate/revoke", json={})).status_code == 403


async def test_the_wish_is_answered_once_and_the_name_stays_out_of_the_facts(cab: Any) -> None:
    await ready(cab)
    await wished(cab, "NameDelegate", NAMED)
    ref = cab.now.results["r-1"].delegate
    kept = await cab.journal.read(lambda connection: rows.personal(connection, ref))
    assert kept == {"name": "Trần Văn Bình", "phone": "+84912345679", "language": "vi"}
    told = [one for one in cab.now.notices.values() if one.template == "DELEGATED"]
    assert [one.person for one in told] == ["p-k-1"]
    await wished(cab, "RevokeDelegate", {"result_id": "r-1"})
    await wished(cab, "RevokeDelegate", {"result_id": "r-1"})
    assert [await cab.facts(kind) for kind in (ev.DelegateNamed, ev.DelegateRevoked, ev.WishRefused)] == [1, 1, 1]


@pytest.mark.parametrize("phone", ["02838291234", "12"])
async def test_a_delegate_no_message_reaches_is_refused(cab: Any, phone: str) -> None:
    await ready(cab)
    await wished(cab, "NameDelegate", {"result_id": "r-1", "delegate": {"name": "Bình", "phone": phone}})
    assert await cab.facts(ev.WishRefused) == 1
    assert cab.now.results["r-1"].delegate == ""
