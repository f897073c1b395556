"""Every cabinet with what waits there: what the centre's page shows of all of them at once."""

from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from hub import cabinets, tables
from hub.cabinets import Standing

r = tables.result.c


@dataclass(frozen=True, kw_only=True)
class Overview(Standing):
    """A cabinet's standing, and its results: waiting to be loaded, inside, and those that a person must look at."""

    to_load: int
    inside: int
    to_look: int


def overview(connection: Connection) -> list[Overview]:
    """Every cabinet, by id. A result that is cancelled but taken counts as one to look at."""
    has_conflict = sa.exists().where(tables.conflict.c.result == r.result)

    def counted(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((condition, 1), else_=0))

    chosen = sa.select(
        r.cabinet,
        counted(r.stage.in_(("announced", "queued"))).label("to_load"),
        counted(r.stage == "in_cabinet").label("inside"),
        counted(sa.or_(r.is_disputed, r.is_uncertain, has_conflict)).label("to_look"),
    ).group_by(r.cabinet)
    found = {
        row.cabinet: {"to_load": row.to_load, "inside": row.inside, "to_look": row.to_look}
        for row in connection.execute(chosen)
    }
    nothing = dict.fromkeys(("to_load", "inside", "to_look"), 0)
    return [Overview(**asdict(one), **found.get(one.cabinet, nothing)) for one in cabinets.standings(connection)]
