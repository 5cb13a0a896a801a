"""What does a mint cost? Processor time, throughput, latency and memory under full load, beside the others'."""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.harness.answers import DifferentAnswerError, check_answer, check_traces
from benchmarks.harness.load import Load, LoadResult, Watch, run_load
from benchmarks.harness.processes import choose_cores
from benchmarks.harness.report import Column, Report
from benchmarks.harness.rounds import Bursts, Options, take_turns
from benchmarks.harness.run import make_report
from benchmarks.harness.servers import Contender, Server, running, upstream_running
from benchmarks.harness.upstream import read_keys_made

__all__ = ["burst_seconds", "measure", "measure_by"]

_LEAST_ANSWERS: Final = 500
_LONGEST_SECONDS: Final = 5.0
"""A burst of a slow server is longer, up to this, so that its latencies are of more than the first answers. It is
so many times rarer, for nobody needs a ratio of 50 as sharply as one of 3."""
_MEGABYTE: Final = 1e6

_COLUMNS: Final = (
    Column(key="cpu_s_per_1000", heading="CPU s / 1000 mints", digits=3),
    Column(key="cpu_s_per_1000", heading="… in the quietest quarter", digits=3, only_low=True),
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
    "All of it is loopback without TLS: a real upstream adds its own time, and TLS a few microseconds of CPU.",
)
_NOTES_ON_BURSTS: Final = (
    (
        "In the quietest quarter of its bursts a server took no more than that column says: neighbours only ever "
        "add to what a mint takes, so of all figures this one has the least of them in it."
    ),
    (
        "CPU is divided by the keys that upstream made, those for requests that nobody waited for any more at a "
        "burst's end included; mints / s counts answers alone, which costs the slowest about a tenth."
    ),
    (
        "Limi is given two seconds after each burst to count usage, and what it does while idle is charged "
        "as well: about two percent."
    ),
)


def measure(contenders: Sequence[Contender], options: Options) -> Report:
    """Run the question."""
    return measure_by(contenders, options, question="mint", title="What a mint costs", notes=_NOTES)


def measure_by(
    contenders: Sequence[Contender], options: Options, *, question: str, title: str, notes: Sequence[str]
) -> Report:
    """Measure any contenders in this way, for other questions to which it is the answer."""
    cut = options.cut()
    outcome = take_turns(contenders, cut.rounds, lambda contender, folder: _running(contender, folder, cut))
    return make_report(
        question=question,
        title=title,
        contenders=contenders,
        options=cut,
        outcome=outcome,
        columns=_COLUMNS,
        compared_by="cpu_s_per_1000",
        notes=(*notes, *_NOTES_ON_BURSTS),
    )


@dataclass(slots=True)
class _Bench:
    """A server that takes part, and its own upstream."""

    contender: Contender
    server: Server
    upstream: Server
    answers: int = 0
    """How many keys the load was handed so far."""

    def burst(self, load: Load, lead_in: Load | None) -> Mapping[str, float]:
        """Measure it once, after a `lead_in` that is not measured."""
        try:
            if lead_in:
                self.load(lead_in)
                # Requests that the lead-in left behind would hold the connections that are measured.
                self.server.rest(self.contender.rest_seconds)
            cpu_seconds, keys_made = self.server.cpu_seconds, read_keys_made(self.upstream.port)
            watch = Watch(self.upstream.cpu_seconds)
            result = self.load(load)
            share = watch.share(self.upstream.cpu_seconds, result)
            self.server.rest(self.contender.rest_seconds)
        finally:
            # Whatever else went wrong, the end of a server is its reason.
            self.server.must_run()
        used = self.server.cpu_seconds - cpu_seconds
        minted = read_keys_made(self.upstream.port) - keys_made
        if minted < result.requests:
            raise DifferentAnswerError(f"{result.requests} keys were handed out, and {minted} made by upstream")
        return {
            "cpu_s_per_1000": used / minted * 1000,
            "per_second": result.per_second,
            "p50_ms": result.p50_us / 1000,
            "p99_ms": result.p99_us / 1000,
            "memory_mb": self.server.resident_bytes / _MEGABYTE,
            "load_core_share": share,
        }

    def load(self, load: Load) -> LoadResult:
        """Ask it for keys."""
        result = run_load(self.contender, port=self.server.port, load=load, core=choose_cores().load)
        self.answers += result.requests
        return result


@contextmanager
def _running(contender: Contender, folder: Path, options: Options) -> Iterator[Bursts]:
    """Run a contender with its upstream, warmed up, until the end of the block."""
    cores = choose_cores()
    with upstream_running(core=cores.load, folder=folder) as upstream:
        url = f"http://127.0.0.1:{upstream.port}/v1"
        with running(contender, core=cores.server, upstream_url=url, folder=folder) as server:
            check_answer(contender, server.port)
            bench = _Bench(contender, server, upstream)
            warmed = bench.load(Load(options.connections, options.warm_up_seconds))
            server.rest(contender.rest_seconds)
            load = Load(options.connections, burst_seconds(warmed, options.seconds))
            every = round(load.seconds / options.seconds)
            # The slow ones' HTTP clients give up idle connections, and take seconds of load to have them back.
            lead_in = load if every > 1 else None
            yield Bursts(measure=lambda: bench.burst(load, lead_in), every=every)
        check_traces(contender, folder, bench.answers)


def burst_seconds(warmed: LoadResult, least: float) -> float:
    """Return how long the bursts of a server are, as it answered when it was warmed up."""
    return min(max(least, math.ceil(_LEAST_ANSWERS / warmed.per_second)), _LONGEST_SECONDS)
