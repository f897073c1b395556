"""Appointment slips: a random token printed when a dossier is filed, of which the centre keeps the hash only."""

import io

import segno
import sqlalchemy as sa
from sqlalchemy import Connection

from hub import tables
from hub.errors import WrongStageError
from locker.wire import SLIP_DIGITS, slip_hash

s = tables.slip.c


def token_of(drawn: str) -> str:
    """39 digits out of 32 random hex digits."""
    return f"{int(drawn, 16):0{SLIP_DIGITS}d}"


def mint(connection: Connection, dossier_code: str, token: str, now: str) -> None:
    """Keep the hash of a new slip; an earlier one of this dossier opens nothing any more.

    WrongStageError: its result is announced, so its cabinet knows the slip that was printed before.
    """
    r = tables.result.c
    if connection.execute(sa.select(r.result).where(r.dossier_code == dossier_code)).first() is not None:
        raise WrongStageError("the result of this dossier is announced; its slip cannot be printed anew")
    connection.execute(sa.delete(tables.slip).where(s.dossier_code == dossier_code))
    connection.execute(
        sa.insert(tables.slip).values(dossier_code=dossier_code, slip_hash=slip_hash(token), minted_at=now)
    )


def hash_of(connection: Connection, dossier_code: str) -> str | None:
    """The hash of the slip of a dossier; None when none was printed."""
    found = connection.execute(sa.select(s.slip_hash).where(s.dossier_code == dossier_code)).scalar()
    return None if found is None else str(found)


def picture(token: str) -> str:
    """The slip's QR code as SVG; digits alone, so that any scanner types it on any keyboard."""
    drawn = io.BytesIO()
    segno.make(token, error="m", micro=False).save(drawn, kind="svg", xmldecl=False, scale=6)
    return drawn.getvalue().decode()
