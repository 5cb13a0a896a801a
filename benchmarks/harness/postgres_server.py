"""A PostgreSQL for one measurement: on its own port, with data that go afterwards.

It waits for the disk at each commit, as it does wherever an audit log is kept, and as Limi has SQLite do.
"""

import os
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.harness.machine import tool_version
from benchmarks.harness.processes import cpu_seconds, pinned
from benchmarks.harness.servers import NotReadyError, free_port

__all__ = ["PostgresServer", "find_programs", "postgres_running", "postgres_version"]

_DEBIAN: Final = Path("/usr/lib/postgresql")
"""Where Debian has the programs, in a folder for each version and in nobody's path."""
_USER: Final = "limi"
_START_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """A cluster whose one database is empty."""

    pid: int
    url: str
    """As `LIMI_DATABASE_URL` takes it."""

    @property
    def cpu_seconds(self) -> float:
        """Return the processor time used so far, by the processes of all connections together."""
        return cpu_seconds(self.pid)


@contextmanager
def postgres_running(*, core: int) -> Iterator[PostgresServer]:
    """Run a PostgreSQL on one core until the end of the block.

    Raises:
        NotReadyError: it is not installed, or does not answer.
    """
    programs, password, port = find_programs(), secrets.token_hex(12), free_port()
    # Not below the measurement's folder: PostgreSQL refuses to run as root, and that folder is root's alone.
    with tempfile.TemporaryDirectory(prefix="limi-bench-postgres-") as name:
        folder = Path(name)
        _initialise(programs, folder, password)
        with pinned(core):
            process = _start(programs, folder, port)
        try:
            _wait(process, programs, port, folder)
            yield PostgresServer(process.pid, f"postgresql://{_USER}:{password}@127.0.0.1:{port}/postgres")
        finally:
            # An immediate end, of its children as well; what it had in memory is for nobody.
            process.send_signal(signal.SIGQUIT)
            process.wait()


def find_programs(debian: Path = _DEBIAN) -> Path:
    """Return the folder of PostgreSQL's programs, of the newest version where `debian` has several.

    Raises:
        NotReadyError: there are none.
    """
    versions = {int(file.parts[-3]): file.parent for file in debian.glob("[0-9]*/bin/initdb")}
    if versions:
        return versions[max(versions)]
    found = shutil.which("initdb")
    if found is None:
        raise NotReadyError("PostgreSQL is missing: run scripts/system_packages.sh postgresql")
    return Path(found).resolve().parent


def postgres_version() -> str:
    """Return the version that is installed; empty where none is."""
    try:
        said = tool_version([str(find_programs() / "postgres"), "--version"])
    except NotReadyError:
        return ""
    found = re.search(r"\d+(\.\d+)*", said)
    return found[0] if found else said


def _account() -> str | None:
    """Return whose process it must be, where it cannot be ours."""
    return "postgres" if os.getuid() == 0 else None


def _initialise(programs: Path, folder: Path, password: str) -> None:
    secret, account = folder / "password", _account()
    secret.write_text(password, encoding="utf-8")
    if account is not None:
        for path in (folder, secret):
            shutil.chown(path, account, account)
    options = ("--username", _USER, "--pwfile", str(secret), "--auth", "scram-sha-256", "--encoding", "UTF8")
    done = subprocess.run(  # noqa: S603 - the machine's own
        [str(programs / "initdb"), "--pgdata", str(folder / "data"), *options, "--locale", "C", "--no-sync"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        user=account,
        group=account,
        extra_groups=None if account is None else [],
    )
    if done.returncode:
        raise NotReadyError(done.stderr[-1000:])


def _start(programs: Path, folder: Path, port: int) -> "subprocess.Popen[bytes]":
    account = _account()
    settings = (f"port={port}", "listen_addresses=127.0.0.1", f"unix_socket_directories={folder}")
    options = [word for setting in settings for word in ("-c", setting)]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - the machine's own
            [str(programs / "postgres"), "-D", str(folder / "data"), *options],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=account,
            group=account,
            extra_groups=None if account is None else [],
            # Ctrl-C is for the benchmark, which ends the server afterwards.
            start_new_session=True,
        )


def _wait(process: "subprocess.Popen[bytes]", programs: Path, port: int, folder: Path) -> None:
    asks = [str(programs / "pg_isready"), "--quiet", "--host", "127.0.0.1", "--port", str(port)]
    started = time.monotonic()
    while subprocess.run(asks, check=False).returncode:  # noqa: S603 - as above
        if process.poll() is not None or time.monotonic() - started > _START_SECONDS:
            raise NotReadyError((folder / "log").read_text(encoding="utf-8", errors="replace")[-1000:])
        time.sleep(_POLL_SECONDS)
