"""Whether an open SQLite file is still the one at its path.

A connection keeps the file it opened. When that is moved, removed or replaced under a running server, SQLite in
WAL mode goes on writing to what nobody will ever read, and every commit succeeds. So each connection carries what
was at the path when it was opened, and is compared with what is there now before it is used: one `stat`.

SQLite finds out in the same way, but Python offers no way to ask it (`SQLITE_FCNTL_HAS_MOVED` in
https://www.sqlite.org/c3ref/c_fcntl_begin_atomic_write.html). Neither notices a file overwritten in place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, event
from sqlalchemy.pool import ConnectionPoolEntry

from limi.adapters.sql.errors import DatabaseReplacedError

__all__ = ["check_file", "watch_file"]

_NOTE: Final = "limi.opened_file"


@dataclass(frozen=True, slots=True)
class _OpenedFile:
    """What a connection opened."""

    path: Path
    identity: tuple[int, int] | None

    def is_at_its_path(self) -> bool:
        return self.identity is not None and self.identity == _identity(self.path)


def watch_file(engine: Engine, path: Path) -> None:
    """Have the connections of `engine` note which file they open, and refuse to leave the pool when it is gone.

    `engine.connect()` raises `DatabaseReplacedError` then; whoever called disposes of the other connections.
    """

    def note(_dialect: object, record: ConnectionPoolEntry, _arguments: object, _options: object) -> None:
        # Looked at before SQLite opens it: replaced in between, it is taken for gone and not for what was opened.
        record.info[_NOTE] = _OpenedFile(path, _identity(path))

    def compare(_connection: object, record: ConnectionPoolEntry, _proxy: object) -> None:
        _compare(record.info)

    event.listen(engine, "do_connect", note)
    event.listen(engine, "checkout", compare)


def check_file(connection: Connection) -> None:
    """Return when what `connection` writes to can be found at its path; for one kept out of the pool.

    A connection of another database than SQLite has nothing to compare.

    Raises:
        DatabaseReplacedError: when the file was moved, removed or replaced.
    """
    _compare(connection.info)


def _compare(info: Mapping[str, object]) -> None:
    opened = info.get(_NOTE)
    if isinstance(opened, _OpenedFile) and not opened.is_at_its_path():
        raise DatabaseReplacedError(opened.path)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return device and inode of what is at `path`, None when nothing that can be looked at is."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
