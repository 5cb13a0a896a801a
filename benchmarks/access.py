"""What do keys, tenants, Redis and PostgreSQL add to a mint? Limi in steps, each with one thing more."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.harness.access_setup import (
    Caller,
    Step,
    Stores,
    admit,
    check_callers,
    check_limits,
    stores_running,
)
from benchmarks.harness.answers import check_answer, check_traces
from benchmarks.harness.load import Load, LoadResult, Watch, run_load
from benchmarks.harness.processes import choose_cores
from benchmarks.harness.report import Column, Report
from benchmarks.harness.rounds import Options, interleave
from benchmarks.harness.run import make_report
from benchmarks.harness.servers import Contender, Server, running, upstream_running

__all__ = ["STEPS", "Used", "cost", "measure"]

_ROUNDS: Final = 3
_SECONDS: Final = 4.0
_WARM_UP_SECONDS: Final = 3.0
"""The most of each, so that seven steps stay below five minutes. After 1 s two workers are still cold, each having
had half of the requests, and look twice as dear as they are."""
_ALONE_SECONDS: Final = 1.0
_SETTLE_SECONDS: Final = 0.5
"""After the load: what is written later for a request, such as its log, is its cost as well."""

STEPS: Final = (
    Step(name="anonymous", title="anonymous, limits in memory, SQLite", caller=Caller.ANYBODY),
    Step(name="key", title="with a Limi API key", caller=Caller.KEY),
    Step(name="tenant", title="with the key of a tenant that has limits", caller=Caller.TENANT_KEY),
    Step(name="redis", title="… and limits in Redis", caller=Caller.TENANT_KEY, redis=True),
    Step(
        name="postgres",
        title="… and PostgreSQL instead of SQLite",
        caller=Caller.TENANT_KEY,
        redis=True,
        postgres=True,
    ),
    Step(
        name="one-worker",
        title="the same, free to use every core",
        caller=Caller.TENANT_KEY,
        redis=True,
        postgres=True,
        on_all_cores=True,
    ),
    Step(
        name="two-workers",
        title="the same, two workers",
        caller=Caller.TENANT_KEY,
        redis=True,
        postgres=True,
        workers=2,
        on_all_cores=True,
    ),
)
"""The first is what `mint` measures; the last two differ in nothing but the workers."""

_COLUMNS: Final = (
    Column(key="cpu_s_per_1000", heading="CPU s / 1000 mints", digits=3),
    Column(key="redis_s_per_1000", heading="Redis's CPU s / 1000", digits=3),
    Column(key="postgres_s_per_1000", heading="PostgreSQL's CPU s / 1000", digits=3),
    Column(key="alone_ms", heading="p50 ms, one at a time", digits=2),
    Column(key="p99_ms", heading="p99 ms", digits=1),
    Column(key="per_second", heading="mints / s", digits=0),
    Column(key="memory_mb", heading="memory MB", digits=0),
    Column(key="load_core_share", heading="load core busy by load and upstream", digits=2, shown=False),
    Column(key="stores_core_share", heading="load core busy by Redis and PostgreSQL", digits=2, shown=False),
)
_NOTES: Final = (
    (
        "CPU seconds are the server's own, its workers and their supervisor together; what Redis and PostgreSQL "
        "use for it stands beside them. They are the figures to trust."
    ),
    (
        "p99 and mints / s are taken at full load, where they say how long the queue was; one at a time says what "
        "a mint waits for."
    ),
    (
        "Redis and PostgreSQL share the core of the load and the upstream, so with them a mint also waits for "
        "that core: mints / s and p99 are worse than with stores on machines of their own, CPU is not."
    ),
    (
        "The last two rows may use every core, the load's included. On two cores servers, load and stores share "
        "them, so their mints / s can be compared with each other but do not show how Limi scales; CPU per mint "
        "shows what a second worker costs."
    ),
    "Redis and PostgreSQL are a loopback away: a network adds its round trips to the time, not to the CPU.",
    "SQLite and PostgreSQL both wait for the disk at each commit, PostgreSQL as it comes.",
    "One key asks, so it is in memory at each request; a key that is new to a process costs a read more.",
)


def measure(_: Sequence[Contender], options: Options) -> Report:
    """Run the question; it has contenders of its own."""
    short = options.at_most(rounds=_ROUNDS, seconds=_SECONDS, warm_up_seconds=_WARM_UP_SECONDS)
    steps = {step.name: step for step in STEPS}
    contenders = [step.contender() for step in STEPS]
    outcome = interleave(
        contenders, short.rounds, lambda contender, folder: _once(steps[contender.name], folder, short)
    )
    return make_report(
        question="access",
        title="What keys, tenants, Redis and PostgreSQL add",
        contenders=contenders,
        options=short,
        outcome=outcome,
        columns=_COLUMNS,
        compared_by="cpu_s_per_1000",
        notes=_NOTES,
    )


@dataclass(frozen=True, slots=True)
class Used:
    """Processor time since each one's start, in seconds."""

    server: float
    redis: float
    postgres: float

    @classmethod
    def until_now(cls, server: Server, stores: Stores) -> "Used":
        """Read all three; a store that is not there has used nothing."""
        return cls(server.cpu_seconds, stores.redis_cpu_seconds, stores.postgres_cpu_seconds)


def _once(step: Step, folder: Path, options: Options) -> Mapping[str, float]:
    cores = choose_cores()
    with (
        upstream_running(core=cores.load, folder=folder) as upstream,
        stores_running(step, core=cores.load, folder=folder) as stores,
    ):
        url = f"http://127.0.0.1:{upstream.port}/v1"
        core = None if step.on_all_cores else cores.server
        with running(step.contender(stores), core=core, upstream_url=url, folder=folder) as server:
            contender, caller = admit(step, step.contender(stores), port=server.port, folder=folder)
            check_answer(contender, server.port)
            warmed = _load(contender, server, options.connections, options.warm_up_seconds)
            alone = _load(contender, server, 1, _ALONE_SECONDS)
            before, watch = Used.until_now(server, stores), Watch(upstream.cpu_seconds)
            result = _load(contender, server, options.connections, options.seconds)
            share = watch.share(upstream.cpu_seconds, result)
            time.sleep(_SETTLE_SECONDS)
            after, memory = Used.until_now(server, stores), server.resident_bytes
        requests = sum(each.requests for each in (warmed, alone, result))
        check_traces(contender, folder, requests)
        check_callers(stores.database_url(folder), caller, requests)
        check_limits(folder)
    return {
        **cost(before, after, result),
        "alone_ms": alone.p50_us / 1000,
        "p99_ms": result.p99_us / 1000,
        "per_second": result.per_second,
        "memory_mb": memory / 1e6,
        "load_core_share": share,
    }


def _load(contender: Contender, server: Server, connections: int, seconds: float) -> LoadResult:
    core = choose_cores().load
    return run_load(contender, port=server.port, load=Load(connections, seconds), core=core)


def cost(before: Used, after: Used, result: LoadResult) -> Mapping[str, float]:
    """Return what a thousand mints took of each, and how busy the stores kept their core."""
    redis, postgres = after.redis - before.redis, after.postgres - before.postgres
    return {
        "cpu_s_per_1000": (after.server - before.server) / result.requests * 1000,
        "redis_s_per_1000": redis / result.requests * 1000,
        "postgres_s_per_1000": postgres / result.requests * 1000,
        "stores_core_share": (redis + postgres) / (result.duration_us / 1e6),
    }
