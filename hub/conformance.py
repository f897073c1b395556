"""Does a centre speak the protocol? Black-box cases that any central system can run against itself.

    python -m hub.conformance --url https://centre.example --cabinet test-01 --key ...

Register a cabinet for this alone: the cases write facts under it, in epochs of their own.
"""

import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, Self, TypeVar
from uuid import uuid4

import click
import httpx
from pydantic import BaseModel, ValidationError

from locker import wire

Fact = dict[str, Any]
Shape = TypeVar("Shape", bound=BaseModel)
LONG_POLL_S = 1
WAKE_WITHIN_S = 3


class NonconformityError(AssertionError):
    """The centre answered otherwise than the protocol says."""


def demand(is_right: bool, otherwise: str) -> None:
    """NonconformityError with `otherwise` unless right."""
    if not is_right:
        raise NonconformityError(otherwise)


@dataclass
class Probe:
    """A cabinet's side of the wire, with the end of its chain."""

    client: httpx.Client
    cabinet: str
    has_staff_routes: bool = False
    epoch: int = 0
    head: int = 0
    head_hash: str = field(default=wire.GENESIS)

    @property
    def path(self) -> str:
        return f"/v1/cabinets/{self.cabinet}"

    def find_head(self) -> Self:
        """Go to the centre's end of the chain, in a new epoch."""
        out = self.given_back(after=0, limit=1)
        self.epoch, self.head, self.head_hash = out.epoch + 1, out.acked_through, out.head_hash
        return self

    def copy(self, **changes: Any) -> "Probe":
        """Another copy of this cabinet, such as one restored from a backup."""
        return replace(self, **changes)

    def make(self, number: int = 1, kind: str = "DoorOpened", **changes: Any) -> list[Fact]:
        """The next facts of the chain; the chain moves on with them."""
        return [self._next(kind, changes) for _ in range(number)]

    def _next(self, kind: str, changes: Fact) -> Fact:
        fact: Fact = {
            "cabinet": self.cabinet,
            "epoch": self.epoch,
            "cab_seq": self.head + 1,
            "type": kind,
            "time": "2026-10-08T14:05:09.120Z",
            "clock": "synced",
            "run_id": "conformance",
            "mono_ms": self.head,
            "body": {"compartment": 1},
            "prev_hash": self.head_hash,
        }
        fact |= {name: value for name, value in changes.items() if name != "attached"}
        fact |= {"hash": wire.event_hash(fact), "attached": changes.get("attached")}
        self.head, self.head_hash = fact["cab_seq"], fact["hash"]
        return fact

    def send(self, facts: list[Fact], epoch: int | None = None) -> httpx.Response:
        return self.client.post(f"{self.path}/events", json={"events": facts, "epoch": epoch})

    def must_ack(self, facts: list[Fact], through: int, epoch: int | None = None) -> None:
        answer = read(wire.Acked, self.send(facts, epoch), httpx.codes.OK)
        demand(answer.acked_through == through, f"acked_through is {answer.acked_through}, should be {through}")

    def given_back(self, **asked: int) -> wire.EventsOut:
        return read(wire.EventsOut, self.client.get(f"{self.path}/events", params=asked), httpx.codes.OK)

    def wishes(self, after: int, wait: float = 0) -> wire.WishesOut:
        answer = self.client.get(f"{self.path}/wishes", params={"after": after, "wait": wait})
        return read(wire.WishesOut, answer, httpx.codes.OK)

    def wish_head(self) -> int:
        return self.wishes(0).head


def read(shape: type[Shape], answer: httpx.Response, status: int) -> Shape:
    """The answer's body; NonconformityError for another status or shape."""
    demand(answer.status_code == status, f"answered {answer.status_code}, should be {status}: {answer.text[:200]}")
    try:
        return shape.model_validate_json(answer.content)
    except ValidationError as error:
        flaw = error.errors()[0]
        raise NonconformityError(f"{shape.__name__}: {flaw['loc']} {flaw['msg']}") from error


def must_refuse(answer: httpx.Response, status: int, *names: str) -> wire.Problem:
    """The problem in the answer, of this status and one of these types."""
    problem = read(wire.Problem, answer, status)
    media = answer.headers.get("content-type", "").partition(";")[0]
    demand(media == "application/problem+json", f"a problem came as {media}")
    demand(problem.status == status, f"the problem says status {problem.status}, the answer {status}")
    demand(problem.name in names, f"the problem's type ends in {problem.name}, should be {' or '.join(names)}")
    return problem


Case = Callable[[Probe], None]
CASES: list[Case] = []


def case(check: Case) -> Case:
    """Register a case; its name, with spaces, is what it demands."""
    CASES.append(check)
    return check


@case
def one_fact_is_acked(probe: Probe) -> None:
    probe.must_ack(probe.make(), probe.head)


@case
def a_full_batch_is_acked_and_given_back_as_it_was(probe: Probe) -> None:
    before = probe.head
    facts = probe.make(wire.MAX_BATCH)
    probe.must_ack(facts, probe.head)
    given = probe.given_back(after=before, limit=wire.MAX_BATCH)
    demand([one.model_dump() for one in given.events] == facts, "the facts given back differ from those sent")
    demand((given.acked_through, given.head_hash) == (probe.head, probe.head_hash), "the head is not the last fact")


@case
def a_resend_is_acked_and_stored_once(probe: Probe) -> None:
    before = probe.head
    facts = probe.make(3)
    for _ in range(3):
        probe.must_ack(facts, probe.head)
    demand(len(probe.given_back(after=before).events) == len(facts), "a resent fact is there twice")


@case
def a_batch_half_known_and_half_new_is_acked(probe: Probe) -> None:
    facts = probe.make(4)
    probe.must_ack(facts[:2], facts[1]["cab_seq"])
    probe.must_ack(facts, probe.head)


@case
def a_batch_sent_by_four_at_once_is_stored_once(probe: Probe) -> None:
    before = probe.head
    facts = probe.make(5)
    with ThreadPoolExecutor(4) as senders:
        for _ in senders.map(lambda _: probe.must_ack(facts, probe.head), range(4)):
            pass
    demand(len(probe.given_back(after=before).events) == len(facts), "a fact is there twice")


@case
def a_gap_names_the_expected_number_and_stores_nothing(probe: Probe) -> None:
    facts = probe.make(3)
    problem = must_refuse(probe.send(facts[1:]), 409, "gap")
    demand(problem.expected == facts[0]["cab_seq"], f"expected is {problem.expected}, not {facts[0]['cab_seq']}")
    demand(probe.given_back().acked_through == facts[0]["cab_seq"] - 1, "a fact behind the gap was stored")
    probe.must_ack(facts, probe.head)


@case
def facts_out_of_order_in_one_batch_are_refused_whole(probe: Probe) -> None:
    facts = probe.make(3)
    must_refuse(probe.send([facts[0], facts[2], facts[1]]), 409, "gap")
    demand(probe.given_back().acked_through == facts[0]["cab_seq"] - 1, "part of a refused batch was stored")
    probe.must_ack(facts, probe.head)


@case
def another_fact_under_an_acked_number_contradicts(probe: Probe) -> None:
    other = probe.copy()
    probe.must_ack(probe.make(), probe.head)
    must_refuse(other.send(other.make(kind="DoorClosed")), 422, "contradicts-earlier")


@case
def a_changed_fact_is_refused_and_stores_nothing_of_its_batch(probe: Probe) -> None:
    facts = probe.make(3)
    tampered = [*facts[:2], {**facts[2], "body": {"compartment": 2}}]
    must_refuse(probe.send(tampered), 422, "hash-mismatch", "invalid-request")
    demand(probe.given_back().acked_through == facts[0]["cab_seq"] - 1, "part of a refused batch was stored")
    probe.must_ack(facts, probe.head)


@case
def a_fact_that_does_not_follow_the_last_one_asks_for_a_recount(probe: Probe) -> None:
    stranger = probe.copy(head_hash="ab" * 32)
    must_refuse(stranger.send(stranger.make()), 409, "epoch")


@case
def a_tombstone_stands_for_a_parked_fact(probe: Probe) -> None:
    facts = probe.make(3)
    facts[1] = {**facts[1], "type": wire.PARKED, "body": {"cab_seq": facts[1]["cab_seq"], "reason": "invalid-request"}}
    probe.must_ack(facts, probe.head)


@case
def unknown_types_and_fields_are_acked_and_kept(probe: Probe) -> None:
    odd = {"of": [1, "ạ\u0000\u2028", True, None, {"deep": []}]}
    fact = probe.make(kind="SomethingOfNextYear", body=odd, subject="res-1", attached={"name": "Nguyễn"})
    probe.must_ack(fact, probe.head)
    given = probe.given_back(after=probe.head - 1)
    demand([one.model_dump() for one in given.events] == fact, "the fact given back differs from the one sent")


@case
def a_known_type_with_odd_fields_is_acked_too(probe: Probe) -> None:
    probe.must_ack(probe.make(kind="Loaded", body={"compartment": "three"}), probe.head)


@case
def a_fact_of_another_cabinet_is_refused(probe: Probe) -> None:
    foreign = probe.copy().make(cabinet=f"not-{probe.cabinet}")
    must_refuse(probe.send(foreign), 422, "invalid-request")


@case
def what_is_no_batch_is_refused_with_pointers(probe: Probe) -> None:
    for body in (b"", b"{", b"[]", b'{"events": []}', b'{"events": [{}]}', b'{"events": [{"epoch": NaN}]}', b"\xff"):
        answer = probe.client.post(f"{probe.path}/events", content=body, headers={"content-type": "application/json"})
        problem = must_refuse(answer, 422, "invalid-request")
        demand(bool(problem.errors), "the problem names no place in `errors`")
    bad = [{**probe.copy().make()[0], "mono_ms": "soon"}]
    problem = must_refuse(probe.send(bad), 422, "invalid-request")
    demand([flaw.pointer for flaw in problem.errors or []] == ["/events/0/mono_ms"], "the pointer leads elsewhere")


@case
def floats_are_refused_because_hashes_of_them_differ(probe: Probe) -> None:
    must_refuse(probe.send(probe.copy().make(body={"volts": 12.5})), 422, "invalid-request")


@case
def more_than_a_full_batch_is_refused(probe: Probe) -> None:
    must_refuse(probe.send(probe.copy().make(wire.MAX_BATCH + 1)), 422, "invalid-request")


@case
def a_body_over_256_kib_is_too_large(probe: Probe) -> None:
    heavy = probe.copy().make(body={"note": "x" * wire.MAX_BODY_BYTES})
    must_refuse(probe.send(heavy), 413, "too-large")


@case
def a_missing_or_wrong_key_is_refused(probe: Probe) -> None:
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer wrong"}):
        for method, place in (("POST", "events"), ("GET", "events"), ("GET", "wishes")):
            body = {"events": probe.copy().make()} if method == "POST" else None
            answer = probe.client.request(method, f"{probe.path}/{place}", json=body, headers=headers)
            must_refuse(answer, 401, "not-allowed")


@case
def wishes_are_contiguous_and_end_at_the_head(probe: Probe) -> None:
    seen, head = 0, None
    while head is None or seen < head:
        page = probe.wishes(seen)
        numbers = [wish.wish_seq for wish in page.wishes]
        demand(numbers == list(range(seen + 1, seen + 1 + len(numbers))), f"after {seen} came {numbers[:5]}")
        demand(bool(numbers) or page.head == seen, "the head is beyond, yet no wish came")
        seen, head = seen + len(numbers), page.head


@case
def a_long_poll_waits_for_the_next_wish(probe: Probe) -> None:
    begun = time.monotonic()
    out = probe.wishes(probe.wish_head(), wait=LONG_POLL_S)
    if not out.wishes:
        demand(time.monotonic() - begun >= LONG_POLL_S * 0.9, "the poll came back empty before its time")
    demand(time.monotonic() - begun < LONG_POLL_S + WAKE_WITHIN_S, "the poll outlasted its time")


@case
def a_cursor_ahead_of_the_centre_is_a_gap(probe: Probe) -> None:
    head = probe.wish_head()
    answer = probe.client.get(f"{probe.path}/wishes", params={"after": head + 7})
    demand(must_refuse(answer, 409, "gap").expected == head + 1, "expected is not the next wish")


@case
def cursors_that_do_not_parse_are_refused(probe: Probe) -> None:
    for asked in ({"after": "-1"}, {"after": "x"}, {"after": str(2**63)}, {"wait": "3600"}):
        must_refuse(probe.client.get(f"{probe.path}/wishes", params=asked), 422, "invalid-request")


@case
def a_new_wish_wakes_the_long_poll(probe: Probe) -> None:
    if not probe.has_staff_routes:
        return
    head = probe.wish_head()
    asked = {
        "cabinet": probe.cabinet,
        "dossier_code": f"TEST-{uuid4().hex[:8]}",
        "procedure_code": "1.004873",
        "items": ["test"],
        "recipient": {"name": "Test"},
        "consent": True,
        "fee": "none",
        "deadline": "2099-12-31",
    }
    with ThreadPoolExecutor(1) as poller:
        poll = poller.submit(probe.wishes, head, 20)
        demand(probe.client.post("/v1/results", json=asked).status_code == httpx.codes.CREATED, "not announced")
        out = poll.result()
    demand([wish.wish_seq for wish in out.wishes] == [head + 1], "the poll did not bring just the new wish")
    demand(isinstance(out.wishes[0].read_body(), wire.AnnounceResult), "the wish is no AnnounceResult")


@case
def a_restored_copy_forks_and_the_old_one_is_told(probe: Probe) -> None:
    probe.must_ack(probe.make(4), probe.head)
    (third, fourth) = probe.given_back(after=probe.head - 2).events
    restored = probe.copy(epoch=probe.epoch + 1, head=third.cab_seq - 1, head_hash=third.prev_hash)
    restored.must_ack(restored.make(), third.cab_seq)
    must_refuse(probe.send(probe.copy().make()), 409, "epoch")
    line = restored.given_back(after=third.cab_seq - 1)
    demand([one.epoch for one in line.events] == [restored.epoch], "the present line shows facts of the old epoch")
    old = restored.given_back(epoch=probe.epoch, after=third.cab_seq)
    demand([one.hash for one in old.events] == [fourth.hash], "the facts the fork left behind are not given back")
    probe.epoch, probe.head, probe.head_hash = restored.epoch, restored.head, restored.head_hash


@case
def a_copy_that_went_on_unknowingly_sends_its_facts_under_its_new_epoch(probe: Probe) -> None:
    clone = probe.copy()
    probe.must_ack(probe.make(2), probe.head)
    facts = clone.make(kind="RunStarted")
    must_refuse(clone.send(facts), 422, "contradicts-earlier")
    clone.epoch += 1
    facts += clone.make(kind="RecountStarted")
    for _ in range(2):
        clone.must_ack(facts, clone.head, epoch=clone.epoch)
    line = clone.given_back(after=facts[0]["cab_seq"] - 1)
    demand([one.model_dump() for one in line.events] == facts, "the present line is not the one of the new epoch")


@case
def an_epoch_that_begins_beyond_the_next_number_is_a_gap(probe: Probe) -> None:
    beyond = probe.copy(epoch=probe.epoch + 1, head=probe.head + 5)
    must_refuse(beyond.send(beyond.make()), 409, "gap")


def run(probe: Probe, cases: Sequence[Case] = CASES) -> Iterator[tuple[str, str | None]]:
    """Each case in turn, on a fresh epoch: its name, and None or what is wrong."""
    for check in cases:
        name = check.__name__.replace("_", " ")
        try:
            check(probe.find_head())
        except NonconformityError as error:
            yield name, str(error)
        except httpx.HTTPError as error:
            yield name, f"no answer ({type(error).__name__}); is --url right?"
        else:
            yield name, None


@click.command()
@click.option("--url", required=True, help="Where the centre answers, such as https://centre.example.")
@click.option("--cabinet", default="conformance-01", show_default=True, help="A cabinet registered for this alone.")
@click.option("--key", required=True, envvar="CONFORMANCE_KEY", help="Its bearer key.")
@click.option("--staff", is_flag=True, help="The centre also has this project's POST /v1/results without a token.")
def main(url: str, cabinet: str, key: str, staff: bool) -> None:
    """Run every case against a centre; exit code 0 if all hold."""
    failed = 0
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        for name, flaw in run(Probe(client, cabinet, has_staff_routes=staff)):
            failed += flaw is not None
            click.echo(f"ok    {name}" if flaw is None else f"FAIL  {name}\n      {flaw}")
    click.echo(json.dumps({"cases": len(CASES), "failed": failed}))
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
