"""The rows that go with events in the same transaction: personal data, codes, wishes. All of them can be erased."""

from collections.abc import Callable, Iterable

import apsw
import msgspec

from locker.events import EraseCode, EraseDigests, ErasePersonal, EraseSealed, PutCode, PutPersonal, PutWish, Row


def write(connection: apsw.Connection, rows: Iterable[Row]) -> None:
    """Writes rows in order within the running transaction; erasing what is not there is no error.

    A statement that is kept for its next use keeps what was written: those with personal data are not.
    """
    for row in rows:
        match row:
            case PutPersonal():
                connection.execute(
                    "INSERT INTO personal (ref, kind, body, search, tail) VALUES (?, ?, ?, ?, ?) ON CONFLICT (ref) "
                    "DO UPDATE SET kind=excluded.kind, body=excluded.body, search=excluded.search, tail=excluded.tail",
                    (row.ref, row.kind, msgspec.json.encode(row.body).decode(), row.search, row.tail),
                    can_cache=False,
                )
            case ErasePersonal():
                connection.execute("DELETE FROM personal WHERE ref = ?", (row.ref,))
                connection.execute("DELETE FROM record_key WHERE ref = ?", (row.ref,))
            case PutCode():
                connection.execute(
                    "INSERT INTO code (code, bundle, salt, verifier, sealed) VALUES (?, ?, ?, ?, ?)",
                    (row.code, row.bundle, row.salt, row.verifier, row.sealed),
                    can_cache=False,
                )
            case EraseSealed():
                connection.execute("UPDATE code SET sealed = NULL WHERE code = ?", (row.code,))
            case EraseCode():
                connection.execute("DELETE FROM code WHERE code = ?", (row.code,))
            case EraseDigests():
                connection.execute("UPDATE wish SET digest = x''")
            case PutWish():
                connection.execute(
                    "INSERT INTO wish (wish_seq, wish_id, digest) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                    (row.wish_seq, row.wish_id, row.digest),
                )


def erases(rows: Iterable[Row]) -> bool:
    """True if any row takes something away that must not stay readable on the disk."""
    return any(isinstance(row, ErasePersonal | EraseSealed | EraseCode) for row in rows)


def personal(connection: apsw.Connection, ref: str) -> dict[str, str] | None:
    """The personal data of a person or dossier; None when there is none (any more)."""
    body: str | None = connection.execute("SELECT body FROM personal WHERE ref = ?", (ref,)).get
    return None if body is None else msgspec.json.decode(body, type=dict[str, str])


def code(connection: apsw.Connection, code_id: str) -> PutCode | None:
    """The keeping place of a code; `sealed` is empty once erased."""
    found = connection.execute("SELECT bundle, salt, verifier, sealed FROM code WHERE code = ?", (code_id,)).fetchone()
    if found is None:
        return None
    bundle, salt, verifier, sealed = found
    return PutCode(code_id, bundle, salt, verifier, sealed or b"")


def wish(connection: apsw.Connection, wish_id: str) -> PutWish | None:
    """The executed wish of that id, to tell a repeat from a contradiction."""
    found = connection.execute("SELECT wish_seq, digest FROM wish WHERE wish_id = ?", (wish_id,)).fetchone()
    return None if found is None else PutWish(found[0], wish_id, found[1])


def last_wish(connection: apsw.Connection) -> int:
    """The highest executed `wish_seq`; 0 before the first."""
    return int(connection.execute("SELECT coalesce(max(wish_seq), 0) FROM wish").get)


def record_key(connection: apsw.Connection, ref: str, token: Callable[[int], bytes]) -> bytes:
    """The 32-byte key for hashes of record `ref`, made on first use; `ErasePersonal` erases it.

    For use in a `known` query: the key is stored in the same transaction as what the decision records.
    """
    connection.execute("INSERT INTO record_key (ref, key) VALUES (?, ?) ON CONFLICT DO NOTHING", (ref, token(32)))
    key: bytes = connection.execute("SELECT key FROM record_key WHERE ref = ?", (ref,)).get
    return key
