"""A PostgreSQL server for one test run."""

import os
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from limi.adapters.sql import upgrade
from tests.architecture.log_watch import WATCH
from tests.services.running import RunningProgram, free_port, make_folder

__all__ = ["PostgreSQL"]

_USER: Final = "limi"
_TEMPLATE: Final = "limi_template"
_SPEED: Final = ("fsync=off", "full_page_writes=off")
"""What makes it forget at a power cut and quick until then; killing its processes loses nothing all the same."""


class PostgreSQL:
    """A cluster of its own, whose databases are copies of one that holds Limi's tables."""

    def __init__(self, *, durable: bool = False) -> None:
        """Make a cluster in a new folder and start it.

        Args:
            durable: whether a commit waits for the disk, for a test that measures or cuts the power.
        """
        # The server refuses to run as root, and so does what makes its files.
        self._user = "postgres" if os.getuid() == 0 else None
        self._folder = make_folder("postgres", user=self._user)
        self._bin = _programs()
        self._password = secrets.token_hex(12)
        self._settings = () if durable else _SPEED
        self._numbers = count(1)
        WATCH.register(self._password)
        self._initialise()
        self.port = free_port()
        self._program = self._start()
        self._has_template = False

    def url(self, database: str) -> str:
        """Return a database's URL as `LIMI_DATABASE_URL` takes it."""
        return f"postgresql://{_USER}:{self._password}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator[str]:
        """Give the URL of a new database, with Limi's tables unless told otherwise, and drop it afterwards."""
        name = f"test_{next(self._numbers)}"
        self._run("CREATE DATABASE {} TEMPLATE {}", name, self._template() if migrated else "template0")
        try:
            yield self.url(name)
        finally:
            self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def program(self, name: str) -> str:
        """Return the path of another of PostgreSQL's programs."""
        return str(self._bin / name)

    def kill(self) -> None:
        """End it as a power cut would."""
        self._program.end(signal.SIGKILL)

    def restart(self) -> None:
        """Start it again on the same port with the same data, after `kill` or `stop`."""
        self._program = self._start()

    def stop(self) -> None:
        """End it now, which ends its connections."""
        self._program.end(signal.SIGQUIT)

    def close(self) -> None:
        """End it and remove its data."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _initialise(self) -> None:
        password = self._folder / "password"
        password.write_text(self._password)
        if self._user is not None:
            shutil.chown(password, self._user, self._user)
        command = [
            str(self._bin / "initdb"),
            *("--pgdata", str(self._folder / "data")),
            *("--username", _USER),
            *("--pwfile", str(password)),
            *("--auth", "scram-sha-256"),
            *("--encoding", "UTF8", "--locale", "C"),
            "--no-sync",
        ]
        done = subprocess.run(  # noqa: S603 - PostgreSQL's own program
            command,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            user=self._user,
            group=self._user,
            extra_groups=[] if self._user else None,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _start(self) -> RunningProgram:
        settings = [
            f"port={self.port}",
            "listen_addresses=127.0.0.1",
            f"unix_socket_directories={self._folder}",
            "shared_buffers=32MB",
            *self._settings,
        ]
        command = [str(self._bin / "postgres"), "-D", str(self._folder / "data")]
        command += [word for setting in settings for word in ("-c", setting)]
        return RunningProgram(command, folder=self._folder, answers=self._answers, user=self._user)

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _template(self) -> str:
        """Make the database that is copied when it is first needed: to migrate each would take most of a test."""
        if not self._has_template:
            self._run("CREATE DATABASE {} TEMPLATE {}", _TEMPLATE, "template0")
            upgrade(self.url(_TEMPLATE))
            self._has_template = True
        return _TEMPLATE

    def _run(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            # Made of our own words above; the names are quoted.
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _programs() -> Path:
    """Return the folder of PostgreSQL's newest programs; Debian's are in nobody's path."""
    versions = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(re.findall(r"\d+", str(path))[0])
    )
    found = shutil.which("initdb")
    if not versions and not found:
        raise RuntimeError("PostgreSQL is missing: run scripts/system_packages.sh postgresql")
    return versions[-1].parent if versions else Path(found or "").resolve().parent
