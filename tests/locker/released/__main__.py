"""`python -m tests.locker.released`: keeps a journal as this release writes it, before the release goes out.

Days of the twin with many faults, and behind them one fact of every kind there is, with every field that is text,
number or a word of a list. The text is what `sqlite3 .dump` writes, so that a change of an old journal can be read.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any, get_args, get_origin

import apsw
import apsw.shell
import click
import msgspec

from api.run import release
from bench.proof import machine, stories
from locker import chain, database, views
from locker import events as ev
from locker.journal import Journal
from locker.model import Cabinet
from locker.replay import cabinet_fold

HERE = Path(__file__).parent


def whole(kind: type[ev.EventBody]) -> Any:
    """A fact of this kind about nothing there is, as many fields set as can be without knowing what they mean."""
    values: dict[str, Any] = {"fact": "{}"} if kind is ev.FactMerged else {}
    for field in msgspec.structs.fields(kind):
        plain = {int: 7, bool: True, str: "x"}.get(field.type)
        if plain is None and (field.required or get_origin(field.type) is not tuple):
            plain = () if get_origin(field.type) is tuple else get_args(field.type)[-1]
        if plain is not None and not isinstance(plain, type):
            values.setdefault(field.name, plain)
    return kind(**values)


def write(path: Path) -> int:
    """The number of facts in the journal that was written out to `path`."""
    machine.quiet()
    with tempfile.TemporaryDirectory() as folder:
        story = stories.twin_days(4, Path(folder) / "days", mix="harsh", per_day=3.0, days=4)
        journal = Journal[Cabinet].open_inline(
            file := story.disk.folder / database.JOURNAL_NAME,
            cabinet_id=stories.CABINET,
            fold=cabinet_fold(),
            clock=lambda: ev.Moment(stories.NEW_YEAR_UTC_MS, 7, "r-last"),
            release=release(),
            views=views.VIEWS,
        )
        first = journal.read_inline(lambda connection: chain.hash_at(connection, 1))
        assert first is not None
        for kind in ev.KINDS:
            fact = whole(kind)
            if isinstance(fact, ev.JournalSealed):
                fact = msgspec.structs.replace(fact, through=1, head_hash=first.hex())
            if kind is not ev.RecountStarted:
                journal.record_inline(lambda *_, fact=fact: ev.Decision(events=(fact,)))
        seq = journal.cabinet.seq
        recount = ev.RecountStarted(epoch=2, cause="restored", forked_at=seq)
        journal.record_inline(lambda *_: ev.Decision(events=(recount, ev.RecountFinished(merged_through=seq))))
        journal.close_inline()
        connection = apsw.Connection(str(file))
        connection.execute("DELETE FROM checkpoint; UPDATE compat SET release = ?", (release(),))
        said = io.StringIO()
        apsw.shell.Shell(stdout=said, db=connection).process_command(".dump")  # type: ignore[no-untyped-call]  # apsw types all but it
        connection.close()
    lines = [line for line in said.getvalue().splitlines() if line and not line.startswith("--")]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return seq + 2


@click.command()
def main() -> None:
    """Write the journal of this release; never over one that is there."""
    path = HERE / f"{release()}.sql"
    if path.exists():
        raise click.ClickException(f"{path.name} is kept already; a released journal does not change")
    click.echo(f"{path.name}: {write(path)} facts")


if __name__ == "__main__":
    main()
