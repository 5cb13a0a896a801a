"""From `LIMI_DATABASE_URL` to an SQLAlchemy engine, and to a transaction that may write.

Drivers are Limi's business, so the URL names none: sqlite3 of the standard library, or psycopg. Connections run in
the driver's autocommit mode on SQLite, where a single statement is a transaction; `write_transaction` makes longer
ones. A connection whose file is no longer at its path is not given out (`opened_file`).
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from math import ceil
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import sqlalchemy
from sqlalchemy import URL, Connection, Engine, event
from sqlalchemy.exc import ArgumentError

from limi.adapters.sql.errors import DatabaseMissingError, DatabaseURLError
from limi.adapters.sql.opened_file import watch_file

__all__ = [
    "SQLITE",
    "WRITE_LOCK_ID",
    "begin_writing",
    "create_database_file",
    "each_by_itself",
    "open_engine",
    "parse_url",
    "sqlite_path",
    "take_write_lock",
    "write_transaction",
]

SQLITE: Final = "sqlite"
"""What a URL of SQLite begins with, and SQLAlchemy's name for it."""
_POSTGRESQL: Final = "postgresql"

WRITE_LOCK_ID: Final = int.from_bytes(b"limi")
"""The number by which writers know their lock on PostgreSQL."""

_WRITE_LOCK: Final = {
    # Taken at the start, so that two writers queue; taken at the first write, one of them would fail.
    SQLITE: "BEGIN IMMEDIATE",
    # PostgreSQL hands out `seq` before the commit, so two writers at once could commit out of order and a
    # reader's cursor would pass rows by.
    _POSTGRESQL: f"SELECT pg_advisory_xact_lock({WRITE_LOCK_ID})",
}

_VANISHED: Final = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""A server whose machine is gone says nothing: after 25 s without a sign, or 15 s (in ms) without receipt of what
was sent, it counts as gone. The system's own defaults are hours, for which the journal's one thread would wait."""


_NULL: Final[dict[None, None]] = {}
_UNSYNCED: Final = " -c synchronous_commit=off"


def create_database_file(url: str) -> None:
    """Create the SQLite file of `url`, readable by its owner only, and its folder; leave what exists as it is.

    SQLite gives its companion files (`-wal`, `-shm`) the same permissions. Other databases need nothing.

    Raises:
        DatabaseURLError: when `url` does not fit.
        DatabaseMissingError: when the file cannot be created.
    """
    parsed = parse_url(url)
    if parsed.drivername != SQLITE:
        return
    path = sqlite_path(parsed)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as exc:
        raise DatabaseMissingError(
            f"The database {path} cannot be created: {exc.strerror}.",
            hint="Choose another place with LIMI_DATABASE_URL, or allow writing there.",
        ) from exc


def open_engine(url: str, *, busy_seconds: float = 1.0, synced: bool = True) -> Engine:
    """Return an engine for the database of `url`; it connects when it is first used.

    Args:
        url: `sqlite:///path` or `postgresql://…`.
        busy_seconds: how long a statement waits for another writer's lock. It stays below the journal's
            `write_seconds`, so that a locked database is an error before it is a time-out.
        synced: whether a commit waits for the disk. Without, a power cut may take back the last commits of this
            engine, never a part of one and never those of another engine; a crash takes back none.

    Raises:
        DatabaseURLError: when `url` does not fit.
        DatabaseMissingError: when there is no such file.
    """
    parsed = parse_url(url)
    if parsed.drivername == SQLITE:
        return _open_sqlite(sqlite_path(parsed), busy_seconds, synced=synced)
    return _open_postgresql(parsed, busy_seconds, synced=synced)


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """Give a connection in a transaction that no other writer shares; commit it at the end, or roll it back."""
    with engine.begin() as connection:
        take_write_lock(connection)
        yield connection


def take_write_lock(connection: Connection) -> None:
    """Begin a transaction on `connection` that no other writer shares; its end gives the lock back."""
    connection.exec_driver_sql(_WRITE_LOCK[connection.dialect.name])


def begin_writing(connection: Connection) -> None:
    """Begin a transaction that writes rows other than the journal's.

    SQLite has one lock and must be told beforehand; PostgreSQL locks the rows that are written.
    """
    if connection.dialect.name == SQLITE:
        take_write_lock(connection)


def each_by_itself(engine: Engine) -> Connection:
    """Return a connection, to be closed, on which each statement is a transaction: no BEGIN and no COMMIT travel.

    On SQLite every connection is so until `take_write_lock`.
    """
    connection = engine.connect()
    if connection.dialect.name != SQLITE:
        connection.execution_options(isolation_level="AUTOCOMMIT")
    return connection


def parse_url(url: str) -> URL:
    """Return `url` in its parts.

    Raises:
        DatabaseURLError: when it is no URL, or of a database that Limi cannot use.
    """
    try:
        parsed = sqlalchemy.make_url(url)
    except ArgumentError:
        raise DatabaseURLError("is not a URL") from None
    if parsed.drivername not in (SQLITE, _POSTGRESQL):
        raise DatabaseURLError(f"the scheme {parsed.drivername!r} is not one Limi can use")
    return parsed


def sqlite_path(url: URL) -> Path:
    """Return the file that a URL of SQLite names.

    Raises:
        DatabaseURLError: when it names none.
    """
    if url.host or not url.database or url.database == ":memory:" or url.query:
        raise DatabaseURLError("must name a file after `sqlite:///`, without options; a journal in memory is none")
    return Path(url.database)


def _open_sqlite(path: Path, busy_seconds: float, *, synced: bool) -> Engine:
    if not path.exists():
        raise DatabaseMissingError(
            f"There is no database at {path}.", hint="Start the server once, or set LIMI_DATABASE_URL."
        )
    # Opened as an existing file: SQLite would otherwise make an empty one, world-readable, where one was removed.
    path = path.absolute()
    url = URL.create(SQLITE, database=f"file:{quote(str(path))}", query={"mode": "rw", "uri": "true"})
    # Without these the driver looks in four places for a way to write a null or bytes, and finds none: a
    # tenth of what a row of the journal costs. They are the driver's for the whole process. Both return what they
    # are given, and are written in C, because they are called for each such value.
    sqlite3.register_adapter(type(None), _NULL.get)
    sqlite3.register_adapter(bytes, bytes)
    engine = sqlalchemy.create_engine(url, connect_args={"timeout": busy_seconds}, hide_parameters=True)
    event.listen(engine, "connect", _prepare_synced if synced else _prepare_unsynced)
    watch_file(engine, path)
    return engine


def _prepare_synced(connection: sqlite3.Connection, _record: object) -> None:
    _prepare_sqlite(connection, "FULL")


def _prepare_unsynced(connection: sqlite3.Connection, _record: object) -> None:
    _prepare_sqlite(connection, "NORMAL")


def _prepare_sqlite(connection: sqlite3.Connection, synchronous: str) -> None:
    connection.isolation_level = None
    # WAL lets readers and the writer work side by side; FULL makes a commit survive a power cut, not only a crash.
    for pragma in ("journal_mode = WAL", f"synchronous = {synchronous}", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _open_postgresql(url: URL, busy_seconds: float, *, synced: bool) -> Engine:
    if find_spec("psycopg") is None:
        raise DatabaseURLError("PostgreSQL needs the package psycopg, which is not installed")
    limits: dict[str, Any] = {
        "connect_timeout": max(2, ceil(busy_seconds)),  # Seconds; libpq reads 1 as 2.
        "options": f"-c lock_timeout={ceil(busy_seconds * 1000)}" + ("" if synced else _UNSYNCED),
        **_VANISHED,
    }
    return sqlalchemy.create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args=limits,
        hide_parameters=True,
        # One round trip before each use from the pool, so that a server which was restarted is nobody's error.
        pool_pre_ping=True,
    )
