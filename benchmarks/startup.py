"""How long until the first key, and how much memory while nobody asks?"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks.harness.processes import choose_cores
from benchmarks.harness.report import Column, Report
from benchmarks.harness.rounds import Options, interleave
from benchmarks.harness.run import make_report
from benchmarks.harness.servers import Contender, running, upstream_running

__all__ = ["measure"]

_IDLE_SECONDS: Final = 2.0
"""Long enough for what a server does right after its first answer."""
_MEGABYTE: Final = 1e6

_COLUMNS: Final = (
    Column(key="start_s", heading="start to first key, s", digits=2),
    Column(key="idle_mb", heading="idle memory MB", digits=0),
)
_NOTES: Final = (
    (
        "Programs are in the page cache after the first round; a cold disk adds its own time. Limi's start "
        "includes making its keys and its database."
    ),
)


def measure(contenders: Sequence[Contender], options: Options) -> Report:
    """Run the question; of two contenders that are started alike only the first takes part."""
    distinct = list({contender.command: contender for contender in reversed(contenders)}.values())[::-1]
    outcome = interleave(distinct, options.rounds, _once)
    return make_report(
        question="startup",
        title="Start and idle memory",
        contenders=distinct,
        options=options,
        outcome=outcome,
        columns=_COLUMNS,
        compared_by="start_s",
        notes=_NOTES,
    )


def _once(contender: Contender, folder: Path) -> Mapping[str, float]:
    cores = choose_cores()
    with upstream_running(core=cores.load, folder=folder) as upstream:
        url = f"http://127.0.0.1:{upstream.port}/v1"
        with running(contender, core=cores.server, upstream_url=url, folder=folder) as server:
            time.sleep(_IDLE_SECONDS)
            return {"start_s": server.start_seconds, "idle_mb": server.resident_bytes / _MEGABYTE}
