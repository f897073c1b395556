import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from standardwebhooks import Webhook

from simulator.players import until
from tests.scenarios.office import Office, phone, result


async def cancel(office: Office, number: int) -> None:
    answer = await office.centre.http.post(
        f"/v1/results/r-{number}/cancel", json={"reason": "collected at the counter"}
    )
    answer.raise_for_status()


async def amend(office: Office, number: int, **changed: Any) -> None:
    (await office.centre.http.patch(f"/v1/results/r-{number}", json=changed)).raise_for_status()


async def answered(office: Office, kind: str) -> dict[str, Any]:
    """The first fact of this type the centre hears of."""

    async def heard() -> dict[str, Any] | None:
        return next((fact for fact in await office.told() if fact["type"] == kind), None)

    fact: dict[str, Any] = await until(f"the centre hears {kind}", heard)
    return fact


async def test_a_result_cancelled_before_loading_is_not_loaded(office: Office) -> None:
    announced = await office.announce(1)
    await cancel(office, 1)
    await office.centre.until_stage("r-1", "cancelled")
    refused = await office.clerk.post("loads", {"scan": announced["dossier_code"]})
    assert (refused.status_code, refused.json()["type"].rsplit(":", 1)[-1]) == (404, "unknown-result")
    assert await office.pulses() == 0


async def test_a_result_cancelled_while_loaded_opens_to_nobody_but_the_clerk(office: Office) -> None:
    (number,) = await office.load(await office.announce(1))
    code = await office.steel.code_for(phone(1))
    await cancel(office, 1)
    await answered(office, "ResultCancelled")
    assert (await office.kiosk.type_code(code)).status_code == 403
    (one,) = (await office.clerk.snapshot())["in_cabinet"]
    assert one["is_cancelled"]
    await office.clerk.done(f"hand-overs/{one['hand_over']}/reclaim")
    assert await office.steel.take_out(number) == ["H29.190.5-261008-0001"]
    await answered(office, "Reclaimed")
    assert (await office.clerk.snapshot())["in_cabinet"] == []
    assert (await office.clerk.compartment(number))["state"] == "free"


async def test_a_cancel_that_meets_a_taken_result_is_a_conflict_and_changes_nothing(office: Office) -> None:
    await office.load(await office.announce(1))
    code = await office.steel.code_for(phone(1))
    await office.stop("centre")
    await office.collect(code)
    await office.start("centre")
    await cancel(office, 1)
    await office.stop("controller")
    await office.restart()
    await office.clerk.sign_in()
    await answered(office, "Collected")

    async def noted() -> bool:
        return bool((await office.centre.result("r-1"))["conflicts"])

    await until("the conflict is put before a clerk", noted)
    shown = await office.centre.result("r-1")
    assert shown["stage"] == "collected"


async def test_a_changed_phone_voids_the_old_code_and_a_new_one_goes_to_the_new_number(office: Office) -> None:
    await office.load(await office.announce(1))
    old = await office.steel.code_for(phone(1))
    await amend(office, 1, phone=phone(901))
    new = await office.steel.code_for(phone(901))
    assert (await office.kiosk.type_code(old)).status_code == 403
    assert await office.collect(new) == ["H29.190.5-261008-0001"]
    messages = (await office.steel.http.get("/phone")).json()
    assert len([one for one in messages if one["recipient"] == phone(1)]) == 1


async def test_a_change_that_meets_an_open_door_waits_for_it_to_close(office: Office) -> None:
    (number,) = await office.load(await office.announce(1))
    code = await office.steel.code_for(phone(1))
    (await office.kiosk.type_code(code)).raise_for_status()
    await office.kiosk.door("open")
    await amend(office, 1, phone=phone(901))
    await office.centre.announce(result(2))
    before = [fact["type"] for fact in await office.told()]
    assert "ResultAmended" not in before
    assert before.count("ResultQueued") == 1, "wishes are executed in order: the second waits behind the first"
    await office.steel.take_out(number)
    await office.centre.until_stage("r-1", "collected")
    await office.centre.until_stage("r-2", "queued")
    kinds = [fact["type"] for fact in await office.told()]
    assert kinds.index("Collected") < kinds.index("WishRefused")


async def test_without_the_centre_everything_goes_on_and_it_hears_all_of_it_in_order_later(office: Office) -> None:
    await office.announce(1)
    await office.announce(2)
    before = len(await office.told())
    await office.stop("centre")
    await office.load(result(1), result(2))
    await office.collect(await office.steel.code_for(phone(1)))

    async def is_alone() -> bool:
        return not (await office.kiosk.snapshot())["centre_online"]

    await until("the kiosk knows that the centre does not answer", is_alone)
    await office.start("centre")

    async def caught_up() -> bool:
        stages = [(await office.centre.result(f"r-{number}"))["stage"] for number in (1, 2)]
        return stages == ["collected", "in_cabinet"]

    await until("the cabinet has tried again and told everything", caught_up, within_s=60)
    facts = await office.told()
    assert [fact["seq"] for fact in facts] == list(range(1, len(facts) + 1))
    kinds = [fact["type"] for fact in facts[before:]]
    assert kinds.index("Loaded") < kinds.index("CodeAccepted") < kinds.index("Collected")


class Pusher:
    """Somebody who pushes wishes into the cabinet, with or without the right secret."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.secret = (office.desk.state / "keys" / "push").read_text(encoding="utf-8").strip()
        self.sent: dict[str, Any] = {}

    async def push(
        self, wishes: list[dict[str, Any]] | bytes, *, secret: str = "", at: datetime | None = None, forged: bytes = b""
    ) -> httpx.Response:
        body = wishes if isinstance(wishes, bytes) else batch(wishes)
        moment = at or datetime.now(UTC)
        self.sent = {
            "content": forged or body,
            "headers": {
                "content-type": "application/json",
                "webhook-id": "test-1",
                "webhook-timestamp": str(int(moment.timestamp())),
                "webhook-signature": Webhook(secret or self.secret).sign("test-1", moment, body.decode()),
            },
        }
        return await self.again()

    async def again(self) -> httpx.Response:
        return await self.office.clerk.http.post("/v1/wishes", **self.sent)


def wish(seq: int, number: int, **changed: Any) -> dict[str, Any]:
    """An announce of result `number` under wish `seq`."""
    whole = result(number)
    whole.pop("cabinet")
    whole["items"] = [{"item_id": f"r-{number}.1", "label": "Giấy khai sinh"}]
    return {
        "wish_seq": seq,
        "wish_id": f"w-{seq}",
        "kind": "AnnounceResult",
        "seen_through": 0,
        "issued_at": "2026-10-08T14:05:09.120Z",
        "body": {**whole, "state": 9, **changed},
    }


def batch(wishes: list[dict[str, Any]]) -> bytes:
    """A push's body."""
    return json.dumps({"wishes": wishes, "head": wishes[-1]["wish_seq"]}).encode()


async def waiting(office: Office) -> list[str]:
    return [one["result"] for one in (await office.clerk.snapshot())["to_load"]]


async def test_a_push_with_a_wrong_old_or_borrowed_signature_is_refused_and_nothing_is_stored(office: Office) -> None:
    await office.stop("centre")
    pusher = Pusher(office)
    other = "whsec_" + "QUJD" * 8
    late = datetime.now(UTC) - timedelta(minutes=6)
    forged = batch([wish(1, 66)])
    answers = [
        await pusher.push([wish(1, 1)], secret=other),
        await pusher.push([wish(1, 1)], at=late),
        await pusher.push([wish(1, 1)], forged=forged),
        await office.clerk.http.post("/v1/wishes", content=batch([wish(1, 1)])),
    ]
    assert [answer.status_code for answer in answers] == [401] * 4
    assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
    assert await waiting(office) == []


async def test_a_replayed_push_changes_nothing_and_one_out_of_order_is_told_what_comes_next(office: Office) -> None:
    await office.stop("centre")
    pusher = Pusher(office)
    assert (await pusher.push([wish(1, 1)])).json() == {"received_through": 1}
    assert (await pusher.again()).json() == {"received_through": 1}
    gap = await pusher.push([wish(3, 3)])
    assert (gap.status_code, gap.json()["expected"]) == (409, 2)
    assert (await pusher.push([wish(2, 2)])).json() == {"received_through": 2}
    assert await waiting(office) == ["r-1", "r-2"]


async def test_a_push_that_contradicts_an_earlier_one_with_the_same_number_is_refused(office: Office) -> None:
    await office.stop("centre")
    pusher = Pusher(office)
    assert (await pusher.push([wish(1, 1)])).is_success
    contradiction = await pusher.push([wish(1, 1, consent=False)])
    assert (contradiction.status_code, contradiction.json()["type"].rsplit(":", 1)[-1]) == (422, "contradicts-earlier")
    (one,) = (await office.clerk.snapshot())["to_load"]
    assert one["is_loadable"]


async def test_a_result_announced_twice_with_other_content_is_refused_by_the_centre(office: Office) -> None:
    announced = await office.announce(1)
    again = await office.centre.http.post("/v1/results", json=announced)
    assert again.status_code == 200
    other = await office.centre.http.post("/v1/results", json={**announced, "fee": "unpaid"})
    assert other.status_code == 422
    assert other.json()["type"].endswith("contradicts-earlier")
