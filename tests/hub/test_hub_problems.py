"""Whatever is sent, the answer is a problem that tells what to do, and nothing is stored."""

import contextlib
import json
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from hub import errors, problems, tables
from locker import wire


def every_kind(root: type[Exception]) -> set[type[Exception]]:
    below = set(root.__subclasses__())
    return below.union(*(every_kind(one) for one in below))


def test_every_error_that_a_request_can_meet_has_a_row() -> None:
    groups = {errors.RefusalError, errors.RetryError}
    only_at_start = {errors.StoreTooNewError}
    assert every_kind(errors.HubError) - groups - only_at_start == set(problems.TABLE)


def count_facts(connection: Connection) -> int:
    return connection.execute(sa.select(sa.func.count()).select_from(tables.fact)).scalar_one()


async def post_raw(centre: Any, body: bytes, **headers: str) -> Any:
    path = "/v1/cabinets/hoa-mai-01/events"
    return await centre.cabinet.post(path, content=body, headers={"content-type": "application/json", **headers})


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"events": []}',
        b'{"events": [1]}',
        b'{"events": [{"epoch": NaN}]}',
        b'{"events": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"events": [{"\\ud800": 1}]}',
        b'{"events": [{"epoch": ' + b"9" * 5000 + b"}]}",
    ],
)
async def test_a_malformed_body_is_answered_with_pointers(light_centre: Any, body: bytes) -> None:
    answer = await post_raw(light_centre, body)
    told = wire.Problem.model_validate(answer.json())
    assert (answer.status_code, told.name) == (422, "invalid-request")
    assert answer.headers["content-type"] == "application/problem+json"
    assert told.errors
    assert all(flaw.pointer == "" or flaw.pointer.startswith("/") for flaw in told.errors)


async def test_the_pointer_leads_to_the_bad_field_and_its_content_is_not_repeated(
    light_centre: Any, chain: Any
) -> None:
    batch = chain.grow(3)
    batch[1] = {**batch[1], "run_id": "số 0901234567"}
    answer = await light_centre.send(batch)
    assert [flaw["pointer"] for flaw in answer.json()["errors"]] == ["/events/1/run_id"]
    assert "0901234567" not in answer.text


async def test_more_facts_than_a_batch_holds_are_refused(light_centre: Any, chain: Any) -> None:
    assert (await light_centre.send(chain.grow(wire.MAX_BATCH + 1))).status_code == 422


@pytest.mark.parametrize("is_announced", [True, False])
async def test_a_body_over_the_limit_is_too_large_whatever_its_header_says(
    light_centre: Any, chain: Any, is_announced: bool
) -> None:
    chain.add("RunStarted", note="x" * wire.MAX_BODY_BYTES)
    body = json.dumps({"events": chain.facts}).encode()

    async def parts() -> Any:
        for start in range(0, len(body), 65536):
            yield body[start : start + 65536]

    answer = await light_centre.cabinet.post(
        "/v1/cabinets/hoa-mai-01/events",
        content=body if is_announced else parts(),
        headers={"content-type": "application/json"},
    )
    assert (answer.status_code, wire.Problem.model_validate(answer.json()).name) == (413, "too-large")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/v1/results", 405)])
async def test_paths_and_methods_that_do_not_exist_are_problems_too(
    light_centre: Any, method: str, path: str, status: int
) -> None:
    answer = await light_centre.staff.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://elsewhere.example"}, {"Host": "elsewhere.example"}, {"Origin": "null"}]
)
async def test_a_page_from_elsewhere_cannot_use_the_staff_routes(light_centre: Any, headers: dict[str, str]) -> None:
    answer = await light_centre.staff.get("/v1/results", headers=headers)
    assert (answer.status_code, wire.Problem.model_validate(answer.json()).name) == (403, "not-allowed")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from([*wire.Envelope.model_fields, "newer", "body.results", "body.wish"]), value=anything)
async def test_no_mutation_of_a_fact_makes_the_centre_fail(
    light_centre: Any, make_chain: Any, place: str, value: Any
) -> None:
    fact = make_chain().add("Loaded", hand_over="h", compartment=1, results=["r"])
    target, name = (fact["body"], place.partition(".")[2]) if "." in place else (fact, place)
    target[name] = value
    if place != "hash":
        with contextlib.suppress(ValueError, TypeError):
            fact["hash"] = wire.event_hash(fact)
    answer = await post_raw(light_centre, json.dumps({"events": [fact]}).encode())
    assert answer.status_code in {200, 409, 422}, answer.text
    if answer.status_code != 200:
        assert answer.headers["content-type"] == "application/problem+json"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(["result_id", "dossier_code", "items", "recipient", "deadline", "cabinet"]), value=anything)
async def test_no_mutation_of_an_announcement_makes_the_centre_fail(centre: Any, name: str, value: Any) -> None:
    body = {
        "cabinet": "hoa-mai-01",
        "dossier_code": "H29-1",
        "procedure_code": "1",
        "items": ["a"],
        "recipient": {"name": "Hoa"},
        "consent": True,
        "fee": "none",
        "deadline": "2026-11-08",
    } | {name: value}
    raw = json.dumps(body).encode()
    answer = await centre.staff.post("/v1/results", content=raw, headers={"content-type": "application/json"})
    assert answer.status_code in {200, 201, 404, 422}, answer.text


async def test_the_openapi_document_is_3_1_and_every_error_in_it_is_a_problem(light_centre: Any) -> None:
    document = (await light_centre.staff.get("/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    for path in document["paths"].values():
        for operation in path.values():
            assert list(operation["responses"]["default"]["content"]) == ["application/problem+json"]
            assert "422" not in operation["responses"]
    schemas = document["components"]["schemas"]
    assert {"Envelope", "Wish", "AnnounceResult", "CancelResult", "AmendResult", "Problem"} <= set(schemas)
    assert schemas["Envelope"]["examples"]
    refs = {part.split('"')[0] for part in json.dumps(document).split('"#/components/schemas/')[1:]}
    assert refs <= set(schemas)
