"""What does a limit cost that many processes share? In memory, in Redis as Limi asks it, and one call each."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from benchmarks.contenders import limi_versions
from benchmarks.harness.limit_process import IN_FLIGHT
from benchmarks.harness.load import LoadError
from benchmarks.harness.machine import python_versions
from benchmarks.harness.processes import choose_cores, pinned
from benchmarks.harness.redis_server import redis_running
from benchmarks.harness.report import Column, Report
from benchmarks.harness.rounds import Options, interleave
from benchmarks.harness.run import make_report
from benchmarks.harness.servers import Contender, Launch

__all__ = ["measure"]

_ROOT: Final = Path(__file__).parents[1]
_MODULE: Final = "benchmarks.harness.limit_process"
_TITLES: Final = {
    "memory": "in this process",
    "shared": "Redis, requests share a call",
    "each-its-own": "Redis, redis-py's client, a call each",
}

_COLUMNS: Final = tuple(
    Column(key=f"{key}_at_{many}", heading=f"{heading}, {many} in flight", digits=1)
    for key, heading in (("cpu_us", "CPU µs"), ("p99_us", "p99 µs"), ("redis_us", "Redis's CPU µs"))
    for many in IN_FLIGHT
)
_NOTES: Final = (
    "One admission, counted in two windows, without the request around it; Redis runs on another core.",
    (
        "All in flight ask again as soon as they are answered, so they come together. In a server they come "
        "spread out, and fewer share a call."
    ),
)


def measure(_: Sequence[Contender], options: Options) -> Report:
    """Run the question; it has contenders of its own."""
    contenders = [_contender(kind) for kind in _TITLES]
    outcome = interleave(contenders, options.rounds, lambda contender, folder: _once(contender, folder, options))
    return make_report(
        question="limits",
        title="A limit that many processes share",
        contenders=contenders,
        options=options,
        outcome=outcome,
        columns=_COLUMNS,
        compared_by=None,
        notes=_NOTES,
    )


def _once(contender: Contender, folder: Path, options: Options) -> Mapping[str, float]:
    cores = choose_cores()
    with redis_running(core=cores.load, folder=folder) as url, pinned(cores.server):
        done = subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-m", _MODULE, contender.name, url, str(options.seconds)],
            cwd=_ROOT,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise LoadError(done.stderr[-1000:])
    return msgspec.json.decode(done.stdout, type=dict[str, float])


def _contender(kind: str) -> Contender:
    def nothing(_: Launch) -> Sequence[str]:
        return ()

    def read(answer: Any) -> Mapping[str, object]:  # noqa: ANN401 - as the others' answers
        return {"answer": answer}

    return Contender(
        name=kind,
        title=_TITLES[kind],
        command=nothing,
        environ=lambda _: {},
        versions=lambda: {**limi_versions(), **python_versions(("redis", "hiredis"))},
        read=read,
    )
