"""What do clients' reports cost, one at a time and by the hundred, and how fast is usage counted from them?"""

import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy

from benchmarks.harness.access_setup import Stores, stores_running
from benchmarks.harness.answers import DifferentAnswerError
from benchmarks.harness.load import LoadError, LoadResult, parse_result
from benchmarks.harness.processes import choose_cores, pinned
from benchmarks.harness.report import Column, Report
from benchmarks.harness.rounds import Options, interleave
from benchmarks.harness.run import make_report
from benchmarks.harness.servers import Contender, Server, running, upstream_running
from benchmarks.harness.webhook_setup import DATABASES, Database
from limi.adapters.sql.engine import open_engine
from limi.adapters.sql.tables import client_events

__all__ = ["Counted", "ingest_cost", "measure", "rows_counted"]

_ROOT: Final = Path(__file__).parents[1]
_ROUNDS: Final = 3
_SECONDS: Final = 4.0
_WARM_UP_SECONDS: Final = 2.0
"""The most of each; a round starts four servers."""
_SETTLE_SECONDS: Final = 0.5
_BATCHES: Final = {"by_1": (1, 64), "by_100": (100, 8)}
"""Events in a request, and connections: more of the large ones would find the queue of events full."""
_PROJECTION_SECONDS: Final = "3600"
"""Longer than any measurement, so that counting is measured apart from taking in."""
_REBUILD_SECONDS: Final = 120

_COLUMNS: Final = (
    *(
        Column(key=f"{figure}_{place}", heading=f"{heading}, {said}", digits=digits)
        for place, said in (("by_1", "one a request"), ("by_100", "100 a request"))
        for figure, heading, digits in (
            ("per_second", "events / s", 0),
            ("cpu_us", "CPU µs / event", 0),
            ("postgres_us", "PostgreSQL's CPU µs / event", 0),
            ("p99_ms", "p99 ms", 1),
        )
    ),
    Column(key="rows_per_second", heading="rows counted / s", digits=0),
    Column(key="count_us", heading="CPU µs / row counted", digits=0),
    Column(key="load_core_share_by_1", heading="load core busy, one a request", digits=2, shown=False),
    Column(key="load_core_share_by_100", heading="load core busy, 100 a request", digits=2, shown=False),
)
_NOTES: Final = (
    "An event is answered for when it is on disk. Nine of ten tell of a connection, the tenth of an error.",
    (
        "Events / s are what full load gives: 64 connections with one event a request, 8 with a hundred. CPU is "
        "the server's own, what PostgreSQL uses for it stands beside it."
    ),
    (
        "Counting is `limi usage rebuild` over all that was taken in, by a process of its own whose start is not "
        "counted; a running server counts every two seconds and has mints to do meanwhile."
    ),
    "All events are of one session, model and kind of client, so rollups stay few; reading them costs the same.",
)


def measure(_: Sequence[Contender], options: Options) -> Report:
    """Run the question; it has contenders of its own."""
    short = options.at_most(rounds=_ROUNDS, seconds=_SECONDS, warm_up_seconds=_WARM_UP_SECONDS)
    databases = {database.name: database for database in DATABASES}
    contenders = [database.contender() for database in DATABASES]
    outcome = interleave(
        contenders, short.rounds, lambda contender, folder: _once(databases[contender.name], folder, short)
    )
    report = make_report(
        question="analytics",
        title="What clients' reports cost",
        contenders=contenders,
        options=short,
        outcome=outcome,
        columns=_COLUMNS,
        compared_by=None,
        notes=_NOTES,
    )
    # wrk knows no body that differs each time.
    run = msgspec.structs.replace(report.run, driver="clients in Python", connections=_BATCHES["by_1"][1])
    return msgspec.structs.replace(report, run=run)


def _once(database: Database, folder: Path, options: Options) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for place, (batch, connections) in _BATCHES.items():
        own = folder / place
        own.mkdir()
        with _bench(database, own) as (contender, server, stores):
            _report(server, batch, connections, options.warm_up_seconds)
            before = server.cpu_seconds, stores.postgres_cpu_seconds
            began, result = time.monotonic(), _report(server, batch, connections, options.seconds)
            share = result.cpu_seconds / (time.monotonic() - began)
            time.sleep(_SETTLE_SECONDS)
            used = server.cpu_seconds - before[0], stores.postgres_cpu_seconds - before[1]
            found |= {f"{name}_{place}": value for name, value in ingest_cost(result, batch, *used).items()}
            found[f"load_core_share_{place}"] = share
            if place == "by_100":
                kept = _kept(stores.database_url(own))
                if kept < result.requests * batch:
                    raise DifferentAnswerError(f"{kept} events are kept of {result.requests * batch}")
                found |= _count(contender, own, stores, kept)
    return found


def ingest_cost(result: LoadResult, batch: int, cpu_seconds: float, postgres_seconds: float) -> dict[str, float]:
    """Return what each event took."""
    events = result.requests * batch
    return {
        "per_second": events / (result.duration_us / 1e6),
        "cpu_us": cpu_seconds / events * 1e6,
        "postgres_us": postgres_seconds / events * 1e6,
        "p99_ms": result.p99_us / 1000,
    }


@contextmanager
def _bench(database: Database, folder: Path) -> Iterator[tuple[Contender, Server, Stores]]:
    cores = choose_cores()
    with (
        upstream_running(core=cores.load, folder=folder) as upstream,
        stores_running(database.step, core=cores.load, folder=folder) as stores,
    ):
        made = database.contender(stores)
        contender = msgspec.structs.replace(
            made,
            environ=lambda launch: {
                **made.environ(launch),
                "LIMI_ANALYTICS_PROJECTION_SECONDS": _PROJECTION_SECONDS,
            },
        )
        url = f"http://127.0.0.1:{upstream.port}/v1"
        with running(contender, core=cores.server, upstream_url=url, folder=folder) as server:
            yield contender, server, stores


def _report(server: Server, batch: int, connections: int, seconds: float) -> LoadResult:
    """Have clients report for so long.

    Raises:
        LoadError: the clients failed, or a report was refused.
    """
    place = [str(server.port), str(connections), str(seconds), str(batch)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with pinned(choose_cores().load):
        done = subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-m", "benchmarks.harness.event_driver", *place],
            cwd=_ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise LoadError(done.stderr[-1000:])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    result = msgspec.structs.replace(parse_result(done.stdout), cpu_seconds=cpu)
    if result.bad_status or result.failed or not result.requests:
        raise LoadError(f"{result.bad_status + result.failed} of {result.requests} reports were not accepted")
    return result


def _kept(url: str) -> int:
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            rows: int = connection.execute(
                sqlalchemy.select(sqlalchemy.func.count()).select_from(client_events)
            ).scalar_one()
            return rows
    finally:
        engine.dispose()


@dataclass(frozen=True, slots=True)
class Counted:
    """A run of the command."""

    rows: int
    seconds: float
    cpu_seconds: float


def _count(contender: Contender, folder: Path, stores: Stores, kept: int) -> dict[str, float]:
    """Count everything anew, and ask once more, which counts nothing, for what a command itself takes."""
    environ = {"LIMI_DATABASE_URL": stores.database_url(folder), "PYTHONPATH": str(_ROOT / "src")}
    found = _command(["usage", "rebuild", "--yes"], environ, folder)
    idle = _command(["usage", "--json"], environ, folder)
    if found.rows < kept:
        raise DifferentAnswerError(f"{contender.name}: {found.rows} rows were counted of {kept}")
    return {
        "rows_per_second": found.rows / max(found.seconds - idle.seconds, 0.001),
        "count_us": max(found.cpu_seconds - idle.cpu_seconds, 0.0) / found.rows * 1e6,
    }


def _command(arguments: Sequence[str], environ: Mapping[str, str], folder: Path) -> Counted:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with pinned(choose_cores().server):
        done = subprocess.run(  # noqa: S603 - our own
            [sys.executable, "-m", "limi", *arguments],
            cwd=folder,
            env=dict(environ),
            capture_output=True,
            text=True,
            check=False,
            timeout=_REBUILD_SECONDS,
        )
    seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise LoadError(done.stderr[-1000:])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Counted(rows_counted(done.stdout), seconds, cpu)


def rows_counted(output: str) -> int:
    """Return the number that the command's last line begins with; 0 where it counts nothing."""
    first = output.strip().rpartition("\n")[2].partition(" ")[0]
    return int(first) if first.isdigit() else 0
