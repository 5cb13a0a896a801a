"""A Redis for one measurement: on its own port, keeping nothing."""

import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from redis import Redis

from benchmarks.harness.machine import tool_version
from benchmarks.harness.processes import pinned
from benchmarks.harness.servers import NotReadyError, free_port

__all__ = ["redis_cpu_seconds", "redis_running", "redis_version"]

_NAMES: Final = ("redis-server", "valkey-server")
_START_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.01


@contextmanager
def redis_running(*, core: int, folder: Path) -> Iterator[str]:
    """Run a Redis or Valkey on one core until the end of the block, and give its URL.

    Raises:
        NotReadyError: none is installed, or it does not answer.
    """
    program = _program()
    if program is None:
        raise NotReadyError("Redis is missing: run scripts/system_packages.sh redis-server")
    port = free_port()
    options = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(folder))
    with pinned(core):
        process = subprocess.Popen(  # noqa: S603 - the machine's own
            [program, "--port", str(port), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
    try:
        _wait(process, port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.kill()
        process.wait()


def redis_cpu_seconds(url: str) -> float:
    """Return the processor time that a server has used, by its own account."""
    with Redis.from_url(url) as operator:
        found = operator.info("cpu")
    return float(found["used_cpu_user"]) + float(found["used_cpu_sys"])


def redis_version() -> str:
    """Return the version that is installed; empty where none is."""
    program = _program()
    found = re.search(r"v=(\S+)", tool_version([program, "--version"])) if program else None
    return found[1] if found else ""


def _program() -> str | None:
    return next(filter(None, map(shutil.which, _NAMES)), None)


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    started = time.monotonic()
    while not _answers(port):
        if process.poll() is not None or time.monotonic() - started > _START_SECONDS:
            raise NotReadyError("Redis does not answer")
        time.sleep(_POLL_SECONDS)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
