"""The sync worker against a centre that misbehaves on the wire: it neither dies, nor spins, nor skips."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from locker import events as ev
from locker import rows, wire
from locker.centre import Address
from locker.inbox import Inbox
from locker.refusals import OutOfOrder
from locker.sync import CURSOR, Sync

Answer = Callable[[httpx.Request], httpx.Response | None]


class Centre:
    """Keeps facts and wishes as the protocol asks; `answers` come first, each used once unless it gives None."""

    def __init__(self) -> None:
        self.facts: list[dict[str, Any]] = []
        self.wishes: list[dict[str, Any]] = []
        self.answers: list[Answer] = []
        self.asked: list[str] = []
        self.epoch = 0
        self.changed = asyncio.Event()
        self.release = asyncio.Event()

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self.answer))

    async def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.rsplit("/", 1)[-1]
        self.asked.append(f"{request.method} {path}")
        self.changed.set()
        for number, scripted in enumerate(self.answers):
            if (given := scripted(request)) is not None:
                del self.answers[number]
                return given
        if path == "events":
            return self._take(json.loads(request.content)) if request.method == "POST" else self._stand(request)
        return await self._hand_out(int(request.url.params["after"]), int(request.url.params["wait"]))

    def _take(self, body: dict[str, Any]) -> httpx.Response:
        first = body["events"][0]["cab_seq"]
        if first > len(self.facts) + 1:
            return problem(409, "gap", expected=len(self.facts) + 1)
        self.facts[first - 1 :] = body["events"]
        self.epoch = body["epoch"]
        return httpx.Response(200, json={"acked_through": len(self.facts)})

    def _stand(self, request: httpx.Request) -> httpx.Response:
        after, limit = int(request.url.params["after"]), int(request.url.params["limit"])
        head = self.facts[-1]["hash"] if self.facts else wire.GENESIS
        page = self.facts[after : after + limit]
        there = {"events": page, "epoch": self.epoch, "acked_through": len(self.facts), "head_hash": head}
        return httpx.Response(200, json=there)

    async def _hand_out(self, after: int, wait: int) -> httpx.Response:
        found = [one for one in self.wishes if one["wish_seq"] > after]
        if not found and wait:
            await self.release.wait()
        return httpx.Response(200, json={"wishes": found, "head": len(self.wishes)})

    async def until(self, holds: Callable[[], bool], within_s: float = 10) -> None:
        async with asyncio.timeout(within_s):
            while not holds():
                self.changed.clear()
                await self.changed.wait()


def problem(status: int, name: str, **more: Any) -> httpx.Response:
    return httpx.Response(status, json={"type": wire.problem_type(name), "title": name, "status": status, **more})


def on(method: str, path: str, response: httpx.Response) -> Answer:
    return lambda request: response if request.method == method and request.url.path.endswith("/" + path) else None


def wish(seq: int, body: dict[str, Any], kind: str = "CancelResult") -> dict[str, Any]:
    return {
        "wish_seq": seq,
        "wish_id": f"w-{seq}",
        "kind": kind,
        "seen_through": 0,
        "issued_at": "2026-10-08T14:05:09.120Z",
        "body": body,
    }


NOBODY = {"result_id": "nobody", "reason": "a test"}


@pytest.fixture
def centre() -> Centre:
    return Centre()


Running = Callable[[Any], contextlib.AbstractAsyncContextManager[Sync]]


@pytest.fixture
def running(centre: Centre) -> Running:
    @asynccontextmanager
    async def run(hall: Any) -> AsyncIterator[Sync]:
        async with centre.client() as client:
            sync = Sync(
                journal=hall.journal,
                inbox=Inbox(journal=hall.journal, device_key=b"k" * 32, procedures=["1.004873"]),
                address=Address(url="http://centre.test", cabinet="hoa-mai-01", key="k", poll_s=5),
                client=client,
                utc_ms=lambda: hall.hand.wall_ms,
                chance=lambda: 0.0,
                least_wait_s=0.01,
            )
            task = asyncio.create_task(sync.run())
            try:
                yield sync
                assert not task.done(), "the worker ended"
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    return run


async def until_acked(hall: Any, centre: Centre) -> None:
    await centre.until(lambda: len(centre.facts) == hall.cabinet.seq)


async def until_wish(hall: Any, seq: int) -> None:
    async with asyncio.timeout(10):
        while hall.cabinet.wish_seq < seq:
            await hall.journal.changed(hall.cabinet.seq)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(500, text="oops"),
        httpx.Response(429, headers={"retry-after": "0"}),
        httpx.Response(404, text="<html>a proxy</html>"),
        httpx.Response(200, text="not json"),
        httpx.Response(200, json={"acked_through": 0}),
        problem(409, "gap", expected=1),
    ],
)
async def test_facts_reach_the_centre_whatever_it_answers_first(
    hall: Any, centre: Centre, running: Running, answer: httpx.Response
) -> None:
    centre.answers = [on("POST", "events", answer)]
    async with running(hall):
        await until_acked(hall, centre)
    assert [one["type"] for one in centre.facts] == ["RunStarted"]


async def test_a_centre_that_lost_facts_is_given_them_again(hall: Any, centre: Centre, running: Running) -> None:
    async with running(hall) as sync:
        await hall.record(ev.DoorClosed(compartment=1), ev.DoorClosed(compartment=2))
        await until_acked(hall, centre)
        del centre.facts[1:]
        await hall.record(ev.DoorClosed(compartment=3))
        await until_acked(hall, centre)
        async with asyncio.timeout(5):
            while await hall.journal.cursor(CURSOR) < 4:
                await hall.journal.read(lambda _: None)
        assert sync.acked_through == hall.journal.cabinet.seq
    assert hall.cabinet.epoch == 1


async def test_the_one_fact_a_centre_refuses_for_good_is_parked_and_the_rest_arrive(
    hall: Any, centre: Centre, running: Running
) -> None:
    await hall.record(*(ev.DoorClosed(compartment=number) for number in range(1, 8)))

    def refuse(request: httpx.Request) -> httpx.Response | None:
        if request.method != "POST":
            return None
        sent = json.loads(request.content)["events"]
        if any(one["type"] == "DoorClosed" and one["body"] == {"compartment": 4} for one in sent):
            return problem(422, "invalid-request")
        return None

    centre.answers = [refuse] * 10
    async with running(hall):
        async with asyncio.timeout(10):
            while not any(one["type"] == "Parked" and one["cab_seq"] > 8 for one in centre.facts):
                centre.changed.clear()
                await centre.changed.wait()
    stones = [one for one in centre.facts if one["type"] == wire.PARKED and one["cab_seq"] <= 8]
    assert [one["cab_seq"] for one in stones] == [5]
    own = await hall.journal.envelopes(4, 1)
    assert stones[0]["hash"] == own[0].hash
    assert own[0].type == "DoorClosed"
    assert [one.kind for one in hall.cabinet.incidents.values()] == ["fact_parked"]


async def test_a_centre_that_refuses_every_fact_gets_a_tombstone_for_each_and_makes_no_new_ones_for_ever(
    hall: Any, centre: Centre, running: Running
) -> None:
    def refuse(request: httpx.Request) -> httpx.Response | None:
        if request.method != "POST":
            return None
        sent = json.loads(request.content)["events"]
        is_stone = len(sent) == 1 and "parked_type" in sent[0]["body"]
        return None if is_stone else problem(422, "invalid-request")

    centre.answers = [refuse] * 100
    async with running(hall):
        await hall.record(ev.DoorClosed(compartment=1))
        await until_acked(hall, centre)
        async with asyncio.timeout(5):
            while await hall.journal.cursor(CURSOR) < hall.cabinet.seq:
                await hall.journal.read(lambda _: None)
    assert {one["type"] for one in centre.facts} == {wire.PARKED}
    assert len(centre.facts) == 4


async def test_wishes_are_carried_out_in_order_and_a_gap_is_not_asked_for_in_a_hot_loop(
    hall: Any, centre: Centre, running: Running
) -> None:
    centre.wishes = [wish(2, NOBODY)]
    async with running(hall):
        await centre.until(lambda: centre.asked.count("GET wishes") > 3)
        assert hall.cabinet.wish_seq == 0
        centre.wishes.insert(0, wish(1, NOBODY))
        await until_wish(hall, 2)


async def test_a_centre_that_does_not_hold_the_line_open_is_asked_at_a_measured_pace(
    hall: Any, centre: Centre, running: Running
) -> None:
    centre.release.set()
    async with running(hall):
        started = asyncio.get_running_loop().time()
        await centre.until(lambda: centre.asked.count("GET wishes") >= 10)
        assert asyncio.get_running_loop().time() - started > 8 * 0.01


async def test_a_pushed_wish_that_is_not_next_wakes_the_pull(hall: Any, centre: Centre, running: Running) -> None:
    async with running(hall) as sync:
        await centre.until(lambda: "GET wishes" in centre.asked)
        centre.wishes = [wish(1, NOBODY), wish(2, NOBODY)]
        with pytest.raises(OutOfOrder):
            await sync.take([wire.Wish.model_validate(wish(2, NOBODY))])
        await until_wish(hall, 2)


async def test_on_a_full_disk_wishes_wait_and_come_when_there_is_room(
    tight_hall: Any, disk: Any, centre: Centre, running: Running
) -> None:
    centre.wishes = [wish(1, NOBODY)]
    disk.is_full = True
    async with running(tight_hall):
        await centre.until(lambda: centre.asked.count("GET wishes") > 2)
        assert tight_hall.cabinet.wish_seq == 0
        disk.is_full = False
        await until_wish(tight_hall, 1)


async def test_a_copy_behind_its_centre_gets_back_the_changed_phone_of_a_person(
    tmp_path: Any, hand: Any, hall: Any, centre: Centre, running: Running
) -> None:
    copy = type(hall)(tmp_path / "copy.sqlite3", hand, {})
    centre.wishes = [
        wish(
            1,
            {
                "result_id": "r1",
                "dossier_code": "H29.190.5-261008-0001",
                "procedure_code": "1.004873",
                "items": [{"item_id": "i1", "label": "Giấy khai sinh"}],
                "recipient": {"key": "k1", "name": "Nguyễn Thị Hoa", "phone": "0912345678"},
                "state": 9,
                "consent": True,
                "fee": "none",
                "deadline": "2030-12-31",
            },
            "AnnounceResult",
        ),
        wish(2, {"result_id": "r1", "changed": {"phone": "0987654321"}}, "AmendResult"),
    ]
    async with running(hall):
        await until_wish(hall, 2)
        await until_acked(hall, centre)
    await copy.start()
    try:
        async with running(copy):
            async with asyncio.timeout(10):
                while copy.cabinet.recount is None or not copy.cabinet.recount.is_replayed:
                    await copy.journal.changed(copy.cabinet.seq)
            ref = copy.cabinet.results["r1"].person
            person = await copy.journal.read(lambda connection: rows.personal(connection, ref))
            assert person == {"name": "Nguyễn Thị Hoa", "phone": "+84987654321", "language": "vi"}
    finally:
        await copy.journal.close()
