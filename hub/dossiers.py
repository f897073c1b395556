"""Which results go by which dossier code, as people type it, and how often each was asked about wrongly."""

import sqlalchemy as sa
from sqlalchemy import Connection

from hub import tables
from locker.dossier_code import normalise

LONGEST = 64
d = tables.dossier.c
a = tables.asked.c


def key(code: str) -> str:
    """The code as it is compared: one kind of dash, no stray blanks, and capitals."""
    return normalise(code).upper()[:LONGEST]


def note(connection: Connection, result: str, code: str) -> None:
    """Let a result be found by its dossier's code."""
    name = key(code)
    connection.execute(sa.insert(tables.dossier).values(dossier=name, result=result))
    known = connection.execute(sa.select(a.dossier).where(a.dossier == name)).first()
    if known is None:
        connection.execute(sa.insert(tables.asked).values(dossier=name, wrong=0))


def note_earlier(connection: Connection) -> None:
    """Let the results of earlier releases be found as well."""
    r = tables.result.c
    unnoted = sa.select(r.result, r.dossier_code).where(~sa.exists().where(d.result == r.result))
    for row in connection.execute(unnoted).all():
        note(connection, row.result, row.dossier_code)
