"""The conformance suite against our centre, and against centres that get one thing wrong each."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from hub import conformance
from hub.conformance import CASES, Probe, run

KEY = {"Authorization": "Bearer key-of-the-first-cabinet"}


def test_our_centre_conforms(centre: Any) -> None:
    with httpx.Client(base_url=centre.url, headers=KEY, timeout=10) as client:
        results = dict(run(Probe(client, "hoa-mai-01", has_staff_routes=True)))
    assert len(results) == len(CASES) >= 20
    assert {name: flaw for name, flaw in results.items() if flaw} == {}


def answer_with(status: int, content: object) -> Callable[[httpx.Response], httpx.Response]:
    return lambda _: httpx.Response(status, content=json.dumps(content).encode())


def as_plain_json(answer: httpx.Response) -> httpx.Response:
    return httpx.Response(answer.status_code, content=answer.content, headers={"content-type": "application/json"})


def acks_too_much(answer: httpx.Response) -> httpx.Response:
    return httpx.Response(200, content=json.dumps({"acked_through": 10**6}).encode())


def is_poll(request: httpx.Request, _: int) -> bool:
    return request.url.path.endswith("/wishes")


class Warped(httpx.BaseTransport):
    """A wire to our centre that spoils some answers: a centre with one fault."""

    def __init__(
        self, spoil: Callable[[httpx.Response], httpx.Response], when: Callable[[httpx.Request, int], bool]
    ) -> None:
        self._inner = httpx.HTTPTransport()
        self._spoil = spoil
        self._when = when

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        answer.read()
        return self._spoil(answer) if self._when(request, answer.status_code) else answer

    def close(self) -> None:
        self._inner.close()


@pytest.mark.parametrize(
    ("spoil", "when", "case"),
    [
        (as_plain_json, lambda _, status: status == 409, conformance.a_cursor_ahead_of_the_centre_is_a_gap),
        (acks_too_much, lambda _, status: status == 422, conformance.more_than_a_full_batch_is_refused),
        (acks_too_much, lambda request, _: request.method == "POST", conformance.one_fact_is_acked),
        (answer_with(200, {"wishes": [], "head": 9}), is_poll, conformance.wishes_are_contiguous_and_end_at_the_head),
        (answer_with(500, {}), lambda _, status: status == 413, conformance.a_body_over_256_kib_is_too_large),
        (answer_with(200, {}), lambda _, status: status == 401, conformance.a_missing_or_wrong_key_is_refused),
    ],
)
def test_the_suite_catches_a_centre_that_gets_it_wrong(light_centre: Any, spoil: Any, when: Any, case: Any) -> None:
    with httpx.Client(transport=Warped(spoil, when), base_url=light_centre.url, headers=KEY) as client:
        ((_, flaw),) = run(Probe(client, "hoa-mai-01"), [case])
    assert flaw
