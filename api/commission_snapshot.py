"""What the technician's page shows: boards, doors and what was found of them. It names nobody and no dossier."""

from __future__ import annotations

from typing import Any

from api.kiosk_snapshot import office
from api.running import Running
from api.sessions import Session
from locker import acceptance, chain
from locker.config import BoardEntry, CompartmentEntry
from locker.model import Cabinet
from locker.rules import commissioning as rules


async def build(running: Running, session: Session) -> dict[str, Any]:
    """The whole snapshot of now for one signed-in technician or leader."""
    cabinet, sessions = running.journal.cabinet, running.sessions
    return {
        "version": cabinet.seq,
        "is_bench": running.bench is not None,
        "panel": {"has_key": running.config.panel is not None and "key" in running.config.panel.inputs},
        **office(running),
        "cabinet": running.config.cabinet.id,
        "time": running.local(running.clock().utc_ms).isoformat(timespec="seconds"),
        "me": {
            "user": session.member.user,
            "name": session.member.name,
            "role": session.member.role,
            "is_present": sessions.is_present(session),
        },
        "is_clerk_present": bool(sessions.present_clerk()),
        "boards": [_board(running, cabinet, one) for one in running.config.board],
        "doors": [_door(running, cabinet, one) for one in running.config.compartment],
        "tried": running.trials.tried,
        "awaited": [one.number for one in running.trials.awaited.values()],
        "faults": [_finding(one) for one in rules.summary(running.trials.found)],
        "has_sheet": bool(running.trials.boards),
    }


def _board(running: Running, cabinet: Cabinet, entry: BoardEntry) -> dict[str, Any]:
    state = running.doors.boards[entry.name]
    left = rules.left(cabinet, entry.name, [one.number for one in running.config.compartments_of(entry.name)])
    is_out = entry.name in cabinet.boards_out
    return {
        "name": entry.name,
        "bus": entry.bus,
        "unit_id": entry.unit_id,
        "profile": entry.profile,
        "version": state.version,
        "is_online": state.is_online,
        "fault": state.fault,
        "cause": cabinet.boards_out.get(entry.name, ""),
        "is_out": is_out,
        "left": list(left) if is_out else [],
    }


def _door(running: Running, cabinet: Cabinet, entry: CompartmentEntry) -> dict[str, Any]:
    found = running.trials.found.get(entry.number)
    return {
        "number": entry.number,
        "row": entry.row,
        "column": entry.column,
        "size": entry.size,
        "board": entry.board,
        "relay": entry.coil + 1,
        "eye": entry.eye,
        "input": None if entry.input is None else entry.input + 1,
        "is_inverted": entry.inverted,
        "reads": running.doors.readings.get(entry.number, "unknown"),
        "may_hold": rules.may_hold(cabinet, entry.number),
        "is_good": entry.number in cabinet.tried.get(entry.board, ()) or (found is not None and found.kind == "good"),
        "finding": None if found is None else _finding(found),
    }


def _finding(one: rules.Finding) -> dict[str, Any]:
    return {"number": one.number, "kind": one.kind, "other": one.other}


async def sheet(running: Running, session: Session) -> acceptance.Sheet:
    """What was found in this run, of the boards that were taken out in it."""
    cabinet, config, trials = running.journal.cabinet, running.config, running.trials
    head = await running.journal.read(lambda connection: chain.hash_at(connection, cabinet.seq))
    boards = trials.boards & set(running.doors.boards)
    doors = (entry for entry in sorted(config.compartment, key=lambda one: one.number) if entry.board in boards)
    return acceptance.Sheet(
        cabinet=config.cabinet.id,
        technician=session.member.user,
        made_at=running.local(running.clock().utc_ms).isoformat(timespec="seconds"),
        boards=acceptance.boards_of(config, cabinet, {name: running.doors.boards[name].version for name in boards}),
        doors=tuple(trials.found.get(one.number) or _unfound(cabinet, one) for one in doors),
        seq=cabinet.seq,
        head="" if head is None else head.hex(),
    )


def _unfound(cabinet: Cabinet, entry: CompartmentEntry) -> rules.Finding:
    """Of a door that an earlier run tried only what was good is on record."""
    is_good = entry.number in cabinet.tried.get(entry.board, ())
    return rules.Finding(entry.number, "good" if is_good else "not_tried")
