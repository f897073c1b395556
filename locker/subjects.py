"""All that is kept about one person, by a phone number or a dossier's code; and its erasure when they ask.

The rules are in `locker.rules.subjects`. Nothing here is logged.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import apsw

from locker import retention, rows, views
from locker.events import Decision, Moment, PersonalErased
from locker.journal import Journal
from locker.model import Cabinet
from locker.rules import retention as retention_rules
from locker.rules import subjects as rules
from otp import phones

_BY_DOSSIER = """
SELECT ref FROM personal WHERE kind = 'dossier' AND (json_extract(body, '$.code') = ?1 OR search = ?1)
"""
_TOGETHER = """
SELECT person, dossier, result, stage, hand_over, since_utc_ms, 'result' FROM view_result
UNION ALL SELECT person, dossier, hand_over, stage, hand_over, since_utc_ms, 'intake' FROM view_intake
"""


class Subject(NamedTuple):
    """The refs of one person's rows, and what the views tell of their results and intakes."""

    refs: tuple[str, ...]
    matters: tuple[dict[str, Any], ...]


def find(connection: apsw.Connection, typed: str) -> Subject:
    """Everybody and everything on record under a phone number or a whole dossier code."""
    phone = phones.parse_phone(typed).e164
    people = set(views.with_phone(connection, phone)) if phone else set()
    dossiers = {
        ref for (ref,) in connection.execute(_BY_DOSSIER, (typed.strip(),), can_cache=False) if isinstance(ref, str)
    }
    matters = []
    for person, dossier, name, stage, hand_over, since, kind in connection.execute(_TOGETHER):
        if person in people or dossier in dossiers:
            people.add(person)
            dossiers.add(dossier)
            matters.append({kind: name, "stage": stage, "hand_over": hand_over, "since_utc_ms": since})
    return Subject(tuple(sorted((people | dossiers) - {""})), tuple(matters))


async def report(
    journal: Journal[Cabinet], typed: str, *, policy: retention_rules.Policy, moment: Moment
) -> dict[str, Any]:
    """What is kept of this person and why, as JSON."""

    def look(connection: apsw.Connection) -> tuple[Subject, retention_rules.Stock, dict[str, Any]]:
        subject = find(connection, typed)
        bodies = {ref: rows.personal(connection, ref) for ref in subject.refs}
        return subject, retention.stock(connection), bodies

    subject, stock, bodies = await journal.read(look)
    verdict = rules.judge(journal.cabinet, stock, subject.refs, moment=moment, policy=policy)
    return {
        "kept": [
            {"ref": ref, **(body or {}), "held_because": verdict.held.get(ref, "")}
            for ref, body in bodies.items()
            if body is not None
        ],
        "matters": list(subject.matters),
        "codes": "kept as a keyed hash only; nobody can read them",
    }


async def erase(journal: Journal[Cabinet], typed: str, *, policy: retention_rules.Policy) -> dict[str, Any]:
    """Erase what nothing needs any more; how many rows went, and why others stay."""

    def known(connection: apsw.Connection) -> tuple[Subject, retention_rules.Stock]:
        return find(connection, typed), retention.stock(connection)

    held: list[dict[str, rules.Held]] = []

    def decide(cabinet: Cabinet, found: tuple[Subject, retention_rules.Stock], moment: Moment) -> Decision:
        subject, stock = found
        held.append(rules.judge(cabinet, stock, subject.refs, moment=moment, policy=policy).held)
        return rules.erase(cabinet, stock, subject.refs, moment=moment, policy=policy)

    recorded = await journal.record(decide, known=known)
    erased = sum(len(one.event.refs) for one in recorded if isinstance(one.event, PersonalErased))
    return {"erased": erased, "held": held[-1]}
