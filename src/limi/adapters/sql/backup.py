"""A copy of the database while it is in use.

SQLite's online backup copies page by page and gives a whole database whatever is written meanwhile; a plain copy
of the file would miss what is in its `-wal`. PostgreSQL has `pg_dump`, which is called where it is installed.
"""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import URL

from limi.adapters.sql.engine import SQLITE, parse_url, sqlite_path
from limi.adapters.sql.errors import BackupError, DatabaseMissingError

__all__ = ["back_up"]

_PAGES: Final = 1000
"""Pages copied at a time, 4 MB: a writer waits no longer than these take."""


def back_up(url: str, target: Path) -> None:
    """Write a whole copy of the database of `url` to the new file `target`, which only its owner can read.

    Of SQLite the copy is a database; of PostgreSQL it is what `pg_restore` reads.

    Raises:
        DatabaseURLError: when `url` does not fit.
        DatabaseMissingError: when there is no such database.
        BackupError: when the file exists or cannot be written, or the copy fails; no half of one is left.
    """
    parsed = parse_url(url)
    if parsed.drivername == SQLITE:
        source = sqlite_path(parsed)
        if not source.exists():
            raise DatabaseMissingError(f"There is no database at {source}.", hint="Set LIMI_DATABASE_URL to one.")
        with _new_file(target):
            _copy_sqlite(source, target)
        return
    program = shutil.which("pg_dump")
    if program is None:
        raise BackupError(
            "The database is PostgreSQL's and pg_dump is not installed here.",
            hint="Install PostgreSQL's client programs, or back up on the database's own machine.",
        )
    with _new_file(target) as file:
        _dump_postgresql(program, parsed, file)


@contextmanager
def _new_file(path: Path) -> Iterator[int]:
    """Give a descriptor of a new file; it stays, on disk, only where the block ends well."""
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise BackupError(f"{path} exists.", hint="Name a new file; a backup overwrites nothing.") from None
    except OSError as exc:
        raise BackupError(f"{path} cannot be written: {exc.strerror}.", hint="Choose another place.") from exc
    try:
        yield file
        os.fsync(file)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(file)


def _copy_sqlite(source: Path, target: Path) -> None:
    # A URI, because a plain path would make an empty database of a file that was removed meanwhile.
    uri = f"{source.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as original, closing(sqlite3.connect(target)) as copy:
            original.backup(copy, pages=_PAGES)
    except sqlite3.Error as exc:
        raise BackupError(f"The copy failed: {exc}.", hint="Check the database and the room on the disk.") from exc


def _dump_postgresql(program: str, url: URL, file: int) -> None:
    with TemporaryDirectory(prefix="limi-") as folder:
        place = URL.create(url.drivername, url.username, None, url.host, url.port, url.database, url.query)
        if url.password:
            place = place.update_query_dict({"passfile": str(_password_file(Path(folder), str(url.password)))})
        command = [program, "--format=custom", "--no-password", f"--dbname={place.render_as_string()}"]
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own program
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.PIPE, text=True, check=False
        )
    if done.returncode != 0:
        said = done.stderr.strip().replace("\n", " ")
        raise BackupError(f"pg_dump failed: {said}.", hint="Check the database and that pg_dump is not older.")


def _password_file(folder: Path, password: str) -> Path:
    """Write libpq's password file: unlike an argument or a variable, no other process can look at it.

    https://www.postgresql.org/docs/current/libpq-pgpass.html
    """
    path = folder / "pgpass"
    escaped = password.replace("\\", "\\\\").replace(":", "\\:")
    path.touch(mode=0o600)
    path.write_text(f"*:*:*:*:{escaped}\n", encoding="utf-8")
    return path
