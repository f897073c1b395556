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
    is_marked = sa.or_(r.is_disputed, r.is_uncertain)

    def counted(condition: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
        return sa.func.sum(sa.case((condition, 1), else_=0))

    under_way = (
        sa.select(
            r.cabinet,
            counted(r.stage.in_(("announced", "queued"))).label("to_load"),
            counted(r.stage == "in_cabinet").label("inside"),
            counted(is_marked).label("marked"),
        )
        .where(tables.IS_COUNTED)
        .group_by(r.cabinet)
    )
    in_conflict = (
        sa.select(r.cabinet, sa.func.count().label("to_look"))
        .where(r.result.in_(sa.select(tables.conflict.c.result)), sa.not_(is_marked))
        .group_by(r.cabinet)
    )
    counts = {row.cabinet: row for row in connection.execute(under_way)}
    conflicts = {row.cabinet: row.to_look for row in connection.execute(in_conflict)}

    def seen(one: Standing) -> Overview:
        found, more = counts.get(one.cabinet), conflicts.get(one.cabinet, 0)
        if found is None:
            return Overview(**asdict(one), to_load=0, inside=0, to_look=more)
        return Overview(**asdict(one), to_load=found.to_load, inside=found.inside, to_look=found.marked + more)

    return [seen(one) for one in cabinets.standings(connection)]
