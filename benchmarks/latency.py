"""How much later does a key come? Latency beyond that of an upstream that takes 50 ms, at 1 and 32 in flight."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.harness.answers import check_answer
from benchmarks.harness.load import Load, LoadResult, run_load
from benchmarks.harness.processes import choose_cores
from benchmarks.harness.report import Column, Report
from benchmarks.harness.rounds import Options, interleave
from benchmarks.harness.run import make_report
from benchmarks.harness.servers import Contender, running, upstream_running

__all__ = ["measure"]

_DELAY_MS: Final = 50.0
_IN_FLIGHT: Final = (1, 32)
_WARM_CONNECTIONS: Final = 64
"""A warm-up as in `mint`, so that compiled code and filled pools are measured, only without the wait."""

_COLUMNS: Final = tuple(
    Column(key=f"p{percent}_ms_at_{many}", heading=f"p{percent} ms, {many} in flight", digits=2)
    for many in _IN_FLIGHT
    for percent in (50, 99)
)
_NOTES: Final = (
    (
        "Each figure is what the server's answers took less what the upstream's own took, measured by the same "
        "driver in the same round without a server between."
    ),
    "Limi answers only when the intent is on disk; a disk slower than upstream is what it waits for.",
)


def measure(contenders: Sequence[Contender], options: Options) -> Report:
    """Run the question."""
    outcome = interleave(contenders, options.rounds, lambda contender, folder: _once(contender, folder, options))
    return make_report(
        question="latency",
        title=f"What is added to an upstream of {_DELAY_MS:.0f} ms",
        contenders=contenders,
        options=options,
        outcome=outcome,
        columns=_COLUMNS,
        compared_by=None,
        notes=_NOTES,
    )


def _once(contender: Contender, folder: Path, options: Options) -> Mapping[str, float]:
    cores = choose_cores()
    with upstream_running(core=cores.load, folder=folder, delay_ms=_DELAY_MS) as upstream:
        url = f"http://127.0.0.1:{upstream.port}/v1"
        with running(contender, core=cores.server, upstream_url=url, folder=folder) as server:
            check_answer(contender, server.port)
            warm_up = Load(_WARM_CONNECTIONS, options.warm_up_seconds)
            run_load(contender, port=server.port, load=warm_up, core=cores.load)
            found: dict[str, float] = {}
            for many in _IN_FLIGHT:
                load = Load(many, options.seconds)
                direct = run_load(contender, port=upstream.port, load=load, core=cores.load)
                found |= _added(many, direct, run_load(contender, port=server.port, load=load, core=cores.load))
    return found


def _added(many: int, direct: LoadResult, through: LoadResult) -> dict[str, float]:
    return {
        f"p50_ms_at_{many}": (through.p50_us - direct.p50_us) / 1000,
        f"p99_ms_at_{many}": (through.p99_us - direct.p99_us) / 1000,
    }
