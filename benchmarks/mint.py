"""What does a mint cost? Processor time, throughput, latency and memory under full load, beside the others'."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.harness.answers import check_answer, check_traces
from benchmarks.harness.load import Load, Watch, run_load
from benchmarks.harness.processes import choose_cores
from benchmarks.harness.report import Column, Report
from benchmarks.harness.rounds import Options, interleave
from benchmarks.harness.run import make_report
from benchmarks.harness.servers import Contender, running, upstream_running

__all__ = ["measure", "measure_by"]

_SETTLE_SECONDS: Final = 0.5
"""After the load: what a server does later for a request, such as writing its log, is its cost as well."""
_MEGABYTE: Final = 1e6

_COLUMNS: Final = (
    Column(key="cpu_s_per_1000", heading="CPU s / 1000 mints", digits=3),
    Column(key="per_second", heading="mints / s on one core", digits=0),
    Column(key="p50_ms", heading="p50 ms", digits=1),
    Column(key="p99_ms", heading="p99 ms", digits=1),
    Column(key="memory_mb", heading="memory MB", digits=0),
    Column(key="load_core_share", heading="load core busy", digits=2, shown=False),
)

_NOTES: Final = (
    (
        "CPU seconds are the process's own accounting and the figure to trust: throughput and latency swing with "
        "the neighbours of a shared machine, and at full load latency says only how long the queue was."
    ),
    (
        "Limi does more for it than the others do: its journal on disk, metrics, security headers and idempotency "
        "have no counterpart in the peers."
    ),
    (
        "The peers log one line a mint and keep their limit in memory, as Limi does; LiteLLM logs errors only, "
        "checks a master key and encrypts the key it hands out."
    ),
    "Requests unanswered when the time is over are charged too; for the slowest that is a few percent.",
    "All of it is loopback without TLS: a real upstream adds its own time, and TLS a few microseconds of CPU.",
)


def measure(contenders: Sequence[Contender], options: Options) -> Report:
    """Run the question."""
    return measure_by(contenders, options, question="mint", title="What a mint costs", notes=_NOTES)


def measure_by(
    contenders: Sequence[Contender], options: Options, *, question: str, title: str, notes: Sequence[str]
) -> Report:
    """Measure any contenders in this way, for other questions to which it is the answer."""
    outcome = interleave(contenders, options.rounds, lambda contender, folder: _once(contender, folder, options))
    return make_report(
        question=question,
        title=title,
        contenders=contenders,
        options=options,
        outcome=outcome,
        columns=_COLUMNS,
        compared_by="cpu_s_per_1000",
        notes=notes,
    )


def _once(contender: Contender, folder: Path, options: Options) -> Mapping[str, float]:
    cores = choose_cores()
    with upstream_running(core=cores.load, folder=folder) as upstream:
        url = f"http://127.0.0.1:{upstream.port}/v1"
        with running(contender, core=cores.server, upstream_url=url, folder=folder) as server:
            check_answer(contender, server.port)
            warm_up = Load(options.connections, options.warm_up_seconds)
            warmed = run_load(contender, port=server.port, load=warm_up, core=cores.load)
            before, watch = server.cpu_seconds, Watch(upstream.cpu_seconds)
            load = Load(options.connections, options.seconds)
            result = run_load(contender, port=server.port, load=load, core=cores.load)
            share = watch.share(upstream.cpu_seconds, result)
            time.sleep(_SETTLE_SECONDS)
            used, memory = server.cpu_seconds - before, server.resident_bytes
        check_traces(contender, folder, warmed.requests + result.requests)
    return {
        "cpu_s_per_1000": used / result.requests * 1000,
        "per_second": result.per_second,
        "p50_ms": result.p50_us / 1000,
        "p99_ms": result.p99_us / 1000,
        "memory_mb": memory / _MEGABYTE,
        "load_core_share": share,
    }
