"""Load on a server: wrk where it is installed, else a small asyncio driver that says the same of itself."""

import resource
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.harness.machine import tool_version
from benchmarks.harness.processes import pinned
from benchmarks.harness.servers import Contender

__all__ = ["Load", "LoadError", "LoadResult", "Watch", "driver_name", "parse_result", "run_load"]

_SCRIPT: Final = Path(__file__).with_name("mint.lua")
_ROOT: Final = Path(__file__).parents[2]
_MARK: Final = "RESULT "
_MOST_BUSY: Final = 0.8
"""Share of its core above which load and upstream, not the server, could be what is measured."""


class LoadError(Exception):
    """The load did not measure what it should."""


@dataclass(frozen=True, slots=True)
class Load:
    """How a server is asked."""

    connections: int
    seconds: float


class LoadResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the driver saw."""

    requests: int
    duration_us: int
    bad_status: int
    failed: int
    p50_us: int
    p90_us: int
    p99_us: int
    max_us: int
    cpu_seconds: float = 0.0
    """The driver's own."""

    @property
    def per_second(self) -> float:
        """Return requests a second."""
        return self.requests / (self.duration_us / 1e6)


def driver_name() -> str:
    """Say what makes the load here."""
    if shutil.which("wrk"):
        return " ".join(tool_version(["wrk", "--version"]).split()[:2])
    return "asyncio driver (no wrk on this machine)"


def run_load(contender: Contender, *, port: int, load: Load, core: int) -> LoadResult:
    """Ask `contender` for keys, all connections at once, each as soon as it has its answer.

    Raises:
        LoadError: the driver failed, or an answer was not a key.
    """
    command = _wrk(contender, port, load) if shutil.which("wrk") else _asyncio_driver(contender, port, load)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with pinned(core):
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise LoadError(done.stderr[-1000:] or done.stdout[-1000:])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    result = msgspec.structs.replace(parse_result(done.stdout), cpu_seconds=cpu)
    if result.bad_status or not result.requests:
        raise LoadError(f"{contender.name}: {result.bad_status} of {result.requests} answers were no key")
    return result


def parse_result(output: str) -> LoadResult:
    """Read the line that both drivers print.

    Raises:
        LoadError: there is none.
    """
    line = next((line for line in output.splitlines() if line.startswith(_MARK)), None)
    if line is None:
        raise LoadError(f"the driver printed no result: {output[-500:]}")
    return msgspec.json.decode(line.removeprefix(_MARK), type=LoadResult)


class Watch:
    """Knows how busy the core is that load and upstream share.

    Raises:
        LoadError: from `share`, when it was too busy for the figures to be the server's.
    """

    def __init__(self, upstream_cpu_seconds: float) -> None:
        self._started = time.monotonic()
        self._before = upstream_cpu_seconds

    def share(self, upstream_cpu_seconds: float, result: LoadResult) -> float:
        """Return the share of the core that driver and upstream used since the watch began."""
        used = upstream_cpu_seconds - self._before + result.cpu_seconds
        share = used / (time.monotonic() - self._started)
        if share > _MOST_BUSY:
            raise LoadError(f"load and upstream used {share:.0%} of their core; the server's figures mean nothing")
        return share


def _wrk(contender: Contender, port: int, load: Load) -> list[str]:
    return [
        "wrk",
        "--threads=1",
        f"--connections={load.connections}",
        f"--duration={max(1, round(load.seconds))}s",
        "--timeout=20s",
        f"--script={_SCRIPT}",
        f"http://127.0.0.1:{port}",
        "--",
        *_arguments(contender),
    ]


def _asyncio_driver(contender: Contender, port: int, load: Load) -> list[str]:
    place = [str(port), str(load.connections), str(load.seconds)]
    return [sys.executable, "-m", "benchmarks.harness.driver", *place, *_arguments(contender)]


def _arguments(contender: Contender) -> list[str]:
    kind = "unique" if contender.unique_keys else "plain"
    return [contender.path, kind, contender.body, *([contender.authorization] if contender.authorization else [])]
