"""What do webhooks cost? Deliveries by the second and each, what a mint pays for them, and how long it waits."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.harness.access_setup import Stores, stores_running
from benchmarks.harness.answers import check_answer
from benchmarks.harness.load import Load, LoadError, LoadResult, run_load
from benchmarks.harness.processes import choose_cores
from benchmarks.harness.report import Column, Report
from benchmarks.harness.rounds import Options, interleave
from benchmarks.harness.run import make_report
from benchmarks.harness.servers import Contender, Server, running, upstream_running
from benchmarks.harness.webhook_receiver import Deliveries, Receiver, receiver_running
from benchmarks.harness.webhook_setup import DATABASES, Database, quiet, subscribe, uncounted, verify

__all__ = ["Drained", "drained", "measure"]

_ROUNDS: Final = 5
_SECONDS: Final = 4.0
_WARM_UP_SECONDS: Final = 3.0
"""The most of each: a round starts ten servers, and must stay below two minutes."""
_SETTLE_SECONDS: Final = 0.5
"""After the load: what is written later for a request, such as its log, is its cost as well."""
_LOOK_SECONDS: Final = 0.1
_LEAST: Final = 300
"""Deliveries below which a rate is a matter of chance."""
_DELAY_MS: Final = 50.0
_IN_FLIGHT: Final = {"at_200": 10, "at_600": 32}
"""Callers that each ask again once answered: with an upstream of 50 ms some 200 and 600 mints a second."""

_COLUMNS: Final = (
    Column(key="per_second", heading="deliveries / s", digits=0),
    Column(key="cpu_ms", heading="CPU ms / delivery", digits=3),
    Column(key="postgres_ms", heading="PostgreSQL's CPU ms / delivery", digits=3),
    Column(key="mint_without", heading="CPU s / 1000 mints, nobody subscribed", digits=3),
    Column(key="mint_with", heading="… one endpoint, deliveries excluded", digits=3),
    Column(key="mint_ratio", heading="ratio", digits=3),
    *(
        Column(key=f"p99_ms_{place}_{who}", heading=f"p99 ms added, {said} mints / s{more}", digits=2)
        for place, said in (("at_200", "200"), ("at_600", "600"))
        for who, more in (("without", ""), ("with", ", each delivered meanwhile"))
    ),
    *(
        Column(key=f"p50_ms_{place}_{who}", heading=f"p50 ms added, {place}, {who}", digits=2, shown=False)
        for place in _IN_FLIGHT
        for who in ("without", "with")
    ),
    *(
        Column(key=f"delivered_{place}", heading=f"deliveries / s, {place}", digits=0, shown=False)
        for place in _IN_FLIGHT
    ),
)
_NOTES: Final = (
    (
        "Deliveries / s and their CPU are taken while a backlog goes out and nothing else happens: claiming, "
        "signing, sending and settling of `token.generated` to one endpoint. All the CPU is the server's own; "
        "analytics are off for it, which would count the mints of before meanwhile."
    ),
    (
        "What a mint pays is measured with a receiver that takes the first delivery and never answers, so that "
        "every mint writes a delivery and none is made. The ratio is of two servers of one round, and its least "
        "and greatest show what chance does to it."
    ),
    (
        "p99 is what is added to an upstream of 50 ms, with the receiver on the core of the load and upstream; "
        "mints come as often as the heading says, and each is delivered in the same process meanwhile."
    ),
    "The receiver is a loopback away, without TLS, keeps connections alive and answers at once with 204.",
)


def measure(_: Sequence[Contender], options: Options) -> Report:
    """Run the question; it has contenders of its own."""
    short = options.at_most(rounds=_ROUNDS, seconds=_SECONDS, warm_up_seconds=_WARM_UP_SECONDS)
    databases = {database.name: database for database in DATABASES}
    contenders = [database.contender() for database in DATABASES]
    outcome = interleave(
        contenders, short.rounds, lambda contender, folder: _once(databases[contender.name], folder, short)
    )
    return make_report(
        question="webhooks",
        title="What webhooks cost",
        contenders=contenders,
        options=short,
        outcome=outcome,
        columns=_COLUMNS,
        compared_by=None,
        notes=_NOTES,
    )


@dataclass(frozen=True, slots=True)
class _Bench:
    """A server that was warmed up, and what surrounds it."""

    contender: Contender
    server: Server
    stores: Stores
    upstream: Server

    def load(self, connections: int, seconds: float) -> LoadResult:
        """Mint."""
        load = Load(connections, seconds)
        return run_load(self.contender, port=self.server.port, load=load, core=choose_cores().load)

    def direct(self, connections: int, seconds: float) -> LoadResult:
        """Ask upstream itself."""
        load = Load(connections, seconds)
        return run_load(self.contender, port=self.upstream.port, load=load, core=choose_cores().load)


def _once(database: Database, folder: Path, options: Options) -> Mapping[str, float]:
    found = {**_deliver(database, folder / "deliver", options)}
    without = _mint(database, folder / "without", options, subscribed=False)
    with_one = _mint(database, folder / "with", options, subscribed=True)
    found |= {"mint_without": without, "mint_with": with_one, "mint_ratio": with_one / without}
    found |= _wait(database, folder / "alone", options, subscribed=False)
    return found | _wait(database, folder / "beside", options, subscribed=True)


def _deliver(database: Database, folder: Path, options: Options) -> dict[str, float]:
    """Let a backlog gather, and measure while it goes out."""
    with _bench(database, folder, options, change=uncounted) as (bench, receiver):
        secret = subscribe(bench.contender, receiver, port=bench.server.port, folder=folder)
        minted = bench.load(options.connections, options.seconds)
        # What the last mints wrote to log and journal is no delivery's cost.
        time.sleep(_SETTLE_SECONDS)
        found = drained(bench.server, bench.stores, receiver, most=minted.requests, seconds=options.seconds)
        verify(receiver.read(), secret)
    return {
        "per_second": found.count / found.seconds,
        "cpu_ms": found.cpu_seconds / found.count * 1000,
        "postgres_ms": found.postgres_seconds / found.count * 1000,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Drained:
    """What went out while nothing else happened, and what it took."""

    count: int
    seconds: float
    cpu_seconds: float
    postgres_seconds: float


def drained(server: Server, stores: Stores, receiver: Receiver, *, most: int, seconds: float) -> Drained:
    """Watch deliveries go out for so long, or until all are out.

    Raises:
        LoadError: too few were left to go out.
    """
    began, before = time.monotonic(), receiver.read()
    cpu, postgres = server.cpu_seconds, stores.postgres_cpu_seconds
    now: Deliveries = before
    while time.monotonic() - began < seconds and now.events < most:
        time.sleep(_LOOK_SECONDS)
        now = receiver.read()
    found = Drained(
        count=now.taken - before.taken,
        seconds=time.monotonic() - began,
        cpu_seconds=server.cpu_seconds - cpu,
        postgres_seconds=stores.postgres_cpu_seconds - postgres,
    )
    if found.count < _LEAST:
        raise LoadError(f"{found.count} deliveries went out after the load, too few to measure")
    return found


def _mint(database: Database, folder: Path, options: Options, *, subscribed: bool) -> float:
    """Return the CPU seconds of a thousand mints, deliveries excluded."""
    with _bench(database, folder, options, silent=True, change=quiet) as (bench, receiver):
        if subscribed:
            subscribe(bench.contender, receiver, port=bench.server.port, folder=folder)
            # The one attempt begins before it is measured.
            bench.load(options.connections, 1.0)
        before = bench.server.cpu_seconds
        result = bench.load(options.connections, options.seconds)
        time.sleep(_SETTLE_SECONDS)
        used = bench.server.cpu_seconds - before
        if subscribed and receiver.read().taken != 1:
            raise LoadError("the receiver that should be silent was delivered to")
    return used / result.requests * 1000


def _wait(database: Database, folder: Path, options: Options, *, subscribed: bool) -> dict[str, float]:
    """Return how much later mints come than upstream answers, at some rates."""
    who, found = "with" if subscribed else "without", dict[str, float]()
    with _bench(database, folder, options, delay_ms=_DELAY_MS) as (bench, receiver):
        if subscribed:
            subscribe(bench.contender, receiver, port=bench.server.port, folder=folder)
        for place, many in _IN_FLIGHT.items():
            direct = bench.direct(many, options.seconds)
            before, began = receiver.read().taken, time.monotonic()
            through = bench.load(many, options.seconds)
            if subscribed:
                delivered = receiver.read().taken - before
                found[f"delivered_{place}"] = delivered / (time.monotonic() - began)
            found[f"p50_ms_{place}_{who}"] = (through.p50_us - direct.p50_us) / 1000
            found[f"p99_ms_{place}_{who}"] = (through.p99_us - direct.p99_us) / 1000
    return found


@contextmanager
def _bench(
    database: Database,
    folder: Path,
    options: Options,
    *,
    silent: bool = False,
    change: Callable[[Contender], Contender] | None = None,
    delay_ms: float = 0.0,
) -> Iterator[tuple[_Bench, Receiver]]:
    """Run all that a measurement needs, the server after a `change`; a `silent` receiver never answers."""
    folder.mkdir()
    cores = choose_cores()
    with ExitStack() as stack:
        upstream = stack.enter_context(upstream_running(core=cores.load, folder=folder, delay_ms=delay_ms))
        receiver = stack.enter_context(receiver_running(core=cores.load, folder=folder, silent=silent))
        stores = stack.enter_context(stores_running(database.step, core=cores.load, folder=folder))
        made = database.contender(stores)
        contender = change(made) if change else made
        url = f"http://127.0.0.1:{upstream.port}/v1"
        server = stack.enter_context(running(contender, core=cores.server, upstream_url=url, folder=folder))
        check_answer(contender, server.port)
        bench = _Bench(contender, server, stores, upstream)
        bench.load(options.connections, options.warm_up_seconds)
        yield bench, receiver
