"""The centre's database: one engine, SQLite file or PostgreSQL by URL, its transactions run in threads of its own."""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from hub import dossiers, tables
from hub.errors import StoreTooNewError, StoreUnreachableError

P = ParamSpec("P")
T = TypeVar("T")
POSTGRES_THREADS = 8
DOSSIERS_NOTED = "dossiers_noted"


class Store:
    """Owns the engine and its threads. SQLite gets one connection in one thread, so writers never meet."""

    def __init__(self, url: str) -> None:
        """Open and, where empty, set up the database. StoreUnreachableError, StoreTooNewError."""
        try:
            self._engine = _engine(url)
        except (ArgumentError, ModuleNotFoundError) as error:
            raise StoreUnreachableError(
                f"cannot use this database URL ({error}); give sqlite:/// or postgresql+psycopg://"
            ) from error
        threads = 1 if self._engine.dialect.name == "sqlite" else POSTGRES_THREADS
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="store")
        try:
            self._threads.submit(self._transact, _set_up).result()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Wait for running transactions and let the database go."""
        self._threads.submit(self._engine.dispose).result()
        self._threads.shutdown()

    async def call(self, act: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """`act(connection, ...)` in one transaction; returns after the commit. StoreUnreachableError."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: self._transact(act, *args, **kwargs))

    def _transact(self, act: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            with self._engine.begin() as connection:
                return act(connection, *args, **kwargs)
        except SQLAlchemyError as error:
            cause = type(error).__name__
            raise StoreUnreachableError(
                f"the database did not take it ({cause}); it is safe to send it again"
            ) from error


def _engine(url: str) -> Engine:
    parsed = sa.make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() != "sqlite":
        return sa.create_engine(parsed, hide_parameters=True, pool_size=POSTGRES_THREADS, pool_pre_ping=True)
    engine = sa.create_engine(
        parsed, hide_parameters=True, poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    sa.event.listen(engine, "connect", _prepare_sqlite)
    sa.event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # BEGIN is ours, see below
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _set_up(connection: Connection) -> None:
    tables.metadata.create_all(connection)
    for later in (tables.fact_unreadable, tables.result_counted):
        later.create(connection, checkfirst=True)
    found = read_setting(connection, "schema")
    if found is None:
        for name, value in (("schema", str(tables.SCHEMA)), ("secret", token_hex(32))):
            connection.execute(sa.insert(tables.setting).values(name=name, value=value))
    elif int(found) > tables.SCHEMA:
        raise StoreTooNewError(
            f"the database has schema {found}, this release knows {tables.SCHEMA}; start the newer release"
        )
    if read_setting(connection, DOSSIERS_NOTED) is None:
        dossiers.note_earlier(connection)
        connection.execute(sa.insert(tables.setting).values(name=DOSSIERS_NOTED, value="1"))


def read_setting(connection: Connection, name: str) -> str | None:
    """Value of a setting, or None."""
    return connection.execute(sa.select(tables.setting.c.value).where(tables.setting.c.name == name)).scalar()
