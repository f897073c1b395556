import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from locker import wire

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-wire.MAX_INT, wire.MAX_INT) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=8),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def envelope(**changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "cabinet": "hoa-mai-01",
        "epoch": 1,
        "cab_seq": 1,
        "type": "RunStarted",
        "time": "2026-10-08T14:05:09.120Z",
        "clock": "synced",
        "run_id": "r-1",
        "mono_ms": 5,
        "body": {"release": "0.1.0"},
        "prev_hash": wire.GENESIS,
    }
    fields |= changes
    return {"hash": wire.event_hash(fields), **fields}


def test_the_canonical_form_is_the_one_rfc_8785_writes() -> None:
    given_out_of_order = {"b": [True, None, 10], "a": 'Hồ sơ "x"\\\n\x0f\x7f', "A": {}}
    assert wire.canonical(given_out_of_order) == (
        '{"A":{},"a":"Hồ sơ \\"x\\"\\\\\\n\\u000f\x7f","b":[true,null,10]}'.encode()
    )


def test_the_hash_is_sha_256_of_the_envelope_without_hash_and_attached() -> None:
    fact = envelope()
    covered = {name: value for name, value in fact.items() if name != "hash"}
    text = json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert fact["hash"] == hashlib.sha256(text.encode()).hexdigest()
    assert wire.event_hash({**fact, "attached": {"phone": "0901234567"}}) == fact["hash"]


@given(plain)
def test_a_value_hashes_alike_after_a_trip_over_the_wire(value: object) -> None:
    fact = envelope(body={"value": value})
    arrived = wire.Envelope.model_validate_json(json.dumps(fact))
    assert arrived.is_sound()
    assert wire.canonical(arrived.covered()) == wire.canonical({k: v for k, v in fact.items() if k != "hash"})


def test_a_field_of_a_newer_cabinet_is_kept_and_covered_by_the_hash() -> None:
    fact = envelope(subject="res-1")
    assert wire.Envelope.model_validate(fact).is_sound()
    assert not wire.Envelope.model_validate({**fact, "subject": "res-2"}).is_sound()


@pytest.mark.parametrize("name", ["cabinet", "epoch", "cab_seq", "type", "time", "clock", "run_id", "mono_ms", "body"])
def test_a_changed_field_breaks_the_hash(name: str) -> None:
    other = {
        "cabinet": "hoa-mai-02",
        "epoch": 2,
        "cab_seq": 2,
        "type": "Loaded",
        "time": "2026-10-08T14:05:09.121Z",
        "clock": "unset",
        "run_id": "r-2",
        "mono_ms": 6,
        "body": {},
    }
    assert not wire.Envelope.model_validate({**envelope(), name: other[name]}).is_sound()


def test_a_tombstone_carries_the_hash_of_the_fact_it_stands_for() -> None:
    poison = envelope()
    tombstone = {**poison, "type": wire.PARKED, "body": {"reason": "invalid-request"}}
    assert wire.Envelope.model_validate(tombstone).is_sound()


@pytest.mark.parametrize(
    "changes",
    [
        {"epoch": "1"},
        {"epoch": True},
        {"cab_seq": 0},
        {"cab_seq": 2**53},
        {"cabinet": "Hoa Mai"},
        {"type": "no spaces"},
        {"time": "2026-10-08 14:05"},
        {"clock": "wrong"},
        {"run_id": "a\u0000b"},
        {"body": {"volts": 12.5}},
        {"body": {"big": 2**53}},
        {"body": {"đường": 1}},
        {"body": []},
        {"newer": 1.5},
    ],
)
def test_an_envelope_two_peers_could_read_differently_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        wire.Envelope.model_validate(envelope(**changes))


def test_deep_nesting_and_broken_text_are_refused_without_a_crash() -> None:
    deep: dict[str, Any] = {}
    for _ in range(60):
        deep = {"in": deep}
    with pytest.raises(ValidationError):
        wire.Envelope.model_validate(envelope(body=deep))
    with pytest.raises(ValidationError):
        wire.Envelope.model_validate({**envelope(), "body": {"text": "\ud800"}})
    with pytest.raises(ValidationError):
        wire.Envelope.model_validate({**envelope(), "attached": {"text": "\ud800"}})


def announce(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "result_id": "res-1",
        "dossier_code": "H29.190.5-261008-0042",
        "procedure_code": "1.004873",
        "items": [{"item_id": "it-1", "label": "Giấy khai sinh"}],
        "recipient": {"key": "k-1", "name": "Nguyễn Thị Hoa", "phone": "0901234567", "language": "vi"},
        "state": 9,
        "consent": True,
        "fee": "none",
        "deadline": "2026-11-08",
    }
    return body | changes


def wish(kind: str, body: dict[str, Any]) -> wire.Wish:
    return wire.Wish(wish_seq=1, wish_id="w-1", kind=kind, seen_through=0, issued_at="2026-10-08T14:05:09Z", body=body)


def test_a_wish_reads_its_body_by_kind_and_ignores_what_a_newer_centre_adds() -> None:
    body = wish("AnnounceResult", announce(weight_g=20)).read_body()
    assert isinstance(body, wire.AnnounceResult)
    assert (body.size, body.reach, body.second_check) == ("S", "any", False)


def test_a_wish_of_an_unknown_kind_is_named_as_such() -> None:
    with pytest.raises(wire.UnknownWishError):
        wish("PaintTheCabinet", {}).read_body()


def test_an_amendment_that_is_not_understood_is_refused_not_confirmed() -> None:
    for changed in ({"colour": "red"}, {}, {"deadline": None}):
        with pytest.raises(ValidationError):
            wish("AmendResult", {"result_id": "res-1", "changed": changed}).read_body()
    kept = wish("AmendResult", {"result_id": "res-1", "changed": {"phone": None}}).read_body()
    assert isinstance(kept, wire.AmendResult)
    assert kept.changed.model_dump(exclude_unset=True) == {"phone": None}


@pytest.mark.parametrize(
    "changes", [{"state": 11}, {"consent": "yes"}, {"items": []}, {"size": "XL"}, {"deadline": "soon"}]
)
def test_an_announcement_with_a_bad_field_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        wish("AnnounceResult", announce(**changes)).read_body()


def test_the_examples_shown_to_other_centres_are_valid() -> None:
    for shape in (wire.Envelope, wire.Wish):
        examples = shape.model_json_schema()["examples"]
        for example in examples:
            read = shape.model_validate(example)
            if isinstance(read, wire.Envelope):
                assert read.is_sound(), wire.event_hash(example)


def test_a_problem_is_known_by_the_last_part_of_its_type() -> None:
    assert wire.Problem(type=wire.problem_type("gap"), title="", status=409).name == "gap"
    assert wire.Problem(type="https://centre.example/problems/gap", title="", status=409).name == "gap"
