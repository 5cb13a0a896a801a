"""Which HTTP client serves Limi best? pyreqwest and aiohttp in the whole job, all else alike."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks import mint
from benchmarks.contenders import check_journal, limi_environ, limi_versions, locked_versions, read_common
from benchmarks.harness.report import Report
from benchmarks.harness.rounds import Options
from benchmarks.harness.servers import Contender, Launch
from benchmarks.setup import install_packages

__all__ = ["measure"]

_ROOT: Final = Path(__file__).parents[1]
_MODULE: Final = "benchmarks.harness.client_server"

_NOTES: Final = (
    (
        "Both servers are Limi's mint with everything on, under one server and the same settings; only what "
        "sends the request upstream differs."
    ),
    "pyreqwest works in a thread of its own, so its answers cross to the event loop; aiohttp works on the loop.",
)


def measure(_: Sequence[Contender], options: Options) -> Report:
    """Run the question; it has contenders of its own."""
    return mint.measure_by(
        [_contender("pyreqwest"), _contender("aiohttp")],
        options,
        question="clients",
        title="The HTTP client in the whole job",
        notes=_NOTES,
    )


def _contender(client: str) -> Contender:
    def command(_: Launch) -> Sequence[str]:
        return [sys.executable, "-m", _MODULE, client]

    def environ(launch: Launch) -> Mapping[str, str]:
        path = f"{_ROOT}:{install_packages('aiohttp')}" if client == "aiohttp" else str(_ROOT)
        return {**limi_environ(launch), "PYTHONPATH": path}

    def versions() -> Mapping[str, str]:
        return limi_versions() if client == "pyreqwest" else locked_versions("aiohttp", ("aiohttp",))

    return Contender(
        name=client,
        title=f"Limi with {client}",
        command=command,
        environ=environ,
        versions=versions,
        read=read_common,
        check=check_journal,
    )
