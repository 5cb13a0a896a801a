"""Starts a server on its own core, waits until it answers, and leaves nothing behind."""

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.harness.processes import cpu_seconds, pinned, resident_bytes

__all__ = [
    "Contender",
    "Launch",
    "NotReadyError",
    "Server",
    "free_port",
    "helper_running",
    "post",
    "running",
    "upstream_running",
]

_START_SECONDS: Final = 90.0
"""LiteLLM takes 12 s on a busy machine; nobody honest takes this long."""
_STOP_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.002
"""Well below the shortest start there is, so that it does not show in one."""
_END_SECONDS: Final = 0.05
_REST_SECONDS: Final = 10.0
"""The longest wait for a server that does not come to rest: one that never does is measured all the same."""
_REST_LOOK_SECONDS: Final = 0.2
_AT_REST: Final = 0.1
"""Share of a core; the slowest server is busy for a second with what was under way when a load ended."""
_OK: Final = 200
_ROOT: Final = Path(__file__).parents[2]


class NotReadyError(Exception):
    """The server ended, or did not answer in time; the message has the end of its log."""


@dataclass(frozen=True, slots=True)
class Launch:
    """What a contender is told when it is started."""

    port: int
    upstream_url: str
    folder: Path
    """Empty, its own, gone after the run."""


class Contender(msgspec.Struct, frozen=True, kw_only=True):
    """A server that mints, and how to talk to it."""

    name: str
    title: str
    command: Callable[[Launch], Sequence[str]]
    """What starts it; installs it first where that is needed."""
    environ: Callable[[Launch], Mapping[str, str]]
    versions: Callable[[], Mapping[str, str]]
    read: Callable[[Any], Mapping[str, object]]
    """Turns its answer into the common one, so that all can be compared."""
    check: Callable[[Path, int], None] | None = None
    """Looks at what so many keys left in its folder, after its end; raises ValueError where something lacks."""
    path: str = "/api/client-secret"
    body: str = '{"sessionId":"bench-session-1","model":"gpt-realtime"}'
    wrong_body: str | None = '{"sessionId":"not an id!","model":"gpt-realtime"}'
    """What its validation must refuse."""
    authorization: str | None = None
    unique_keys: bool = False
    """Whether each request carries an `Idempotency-Key` of its own."""
    logs_each: bool = True
    """Whether it writes a line `mint.succeeded` for each key."""
    rest_seconds: float = 0.3
    """How long after a load it may wait until it begins what is left to do for it, such as writing its log."""


@dataclass(frozen=True, slots=True)
class Server:
    """A process that answers."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path
    start_seconds: float
    """From its start to its first right answer."""

    @property
    def cpu_seconds(self) -> float:
        """Return the processor time used so far."""
        return cpu_seconds(self.process.pid)

    @property
    def resident_bytes(self) -> int:
        """Return the memory held now."""
        return resident_bytes(self.process.pid)

    def rest(self, seconds: float) -> None:
        """Wait so long, and then until it does nothing, so that all it does for a load is done."""
        time.sleep(seconds)
        given_up, before = time.monotonic() + _REST_SECONDS, self.cpu_seconds
        while time.monotonic() < given_up:
            time.sleep(_REST_LOOK_SECONDS)
            now = self.cpu_seconds
            if now - before < _REST_LOOK_SECONDS * _AT_REST:
                return
            before = now

    def must_run(self) -> None:
        """Make sure that it has not ended.

        Raises:
            NotReadyError: it has.
        """
        # Its connections break a moment before it is gone.
        with contextlib.suppress(subprocess.TimeoutExpired):
            status = self.process.wait(_END_SECONDS)
            raise NotReadyError(f"{_tail(self.log)}\nit ended with status {status} while it was measured")


@contextmanager
def running(contender: Contender, *, core: int | None, upstream_url: str, folder: Path) -> Iterator[Server]:
    """Run a contender on one core until the end of the block, or on all that this process may use.

    Raises:
        NotReadyError: it does not answer a mint with 200.
    """
    launch = Launch(port=free_port(), upstream_url=upstream_url, folder=folder)

    def answers() -> bool:
        return post(contender, launch.port)[0] == _OK

    with _process(contender.command(launch), contender.environ(launch), core, folder) as (process, log):
        seconds = _wait(process, log, answers)
        yield Server(process, launch.port, log, seconds)


@contextmanager
def upstream_running(*, core: int, folder: Path, delay_ms: float = 0.0) -> Iterator[Server]:
    """Run the fixed upstream until the end of the block."""
    port = free_port()
    command = (sys.executable, "-m", "benchmarks.harness.upstream", f"--port={port}", f"--delay-ms={delay_ms}")
    with helper_running(command, port=port, core=core, folder=folder) as server:
        yield server


@contextmanager
def helper_running(command: Sequence[str], *, port: int, core: int, folder: Path) -> Iterator[Server]:
    """Run a program of this harness, which listens on `port`, until the end of the block.

    Raises:
        NotReadyError: it does not listen.
    """
    with _process(command, {"PYTHONPATH": str(_ROOT)}, core, folder) as (process, log):
        seconds = _wait(process, log, lambda: _listens(port))
        yield Server(process, port, log, seconds)


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def post(
    contender: Contender, port: int, *, body: str | None = None, request_id: str = "check"
) -> tuple[int, Any]:
    """Send one mint and return status and decoded body; status 0 where nobody answered."""
    headers = {"content-type": "application/json", "x-request-id": request_id}
    if contender.authorization:
        headers["authorization"] = contender.authorization
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("POST", contender.path, body=body or contender.body, headers=headers)
        response = connection.getresponse()
        return response.status, msgspec.json.decode(response.read())
    except (OSError, http.client.HTTPException, msgspec.DecodeError):
        return 0, None
    finally:
        connection.close()


@contextmanager
def _process(
    command: Sequence[str], environ: Mapping[str, str], core: int | None, folder: Path
) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    log = folder / f"{free_port()}.log"
    with log.open("wb") as out, contextlib.nullcontext() if core is None else pinned(core):
        process = subprocess.Popen(  # noqa: S603 - our own commands
            list(command),
            cwd=folder,
            env={**_inherited(), **environ},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        yield process, log
    finally:
        _stop(process)


def _inherited() -> dict[str, str]:
    """Return the environment without what would configure a server behind the benchmark's back."""
    hidden = ("LIMI_", "OPENAI_", "LITELLM_", "NODE_", "PYTHON", "UVICORN_")
    return {name: value for name, value in os.environ.items() if not name.startswith(hidden)}


def _wait(process: subprocess.Popen[bytes], log: Path, answers: Callable[[], bool]) -> float:
    started = time.monotonic()
    while time.monotonic() - started < _START_SECONDS:
        if answers():
            return time.monotonic() - started
        if process.poll() is not None:
            break
        time.sleep(_POLL_SECONDS)
    raise NotReadyError(_tail(log))


def _tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-2000:]


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a process and whatever it started: its session is its own, so the group is known."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
