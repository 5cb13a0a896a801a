"""Which HTTP client serves Limi best? Its own, pyreqwest and aiohttp in the whole job, all else alike."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from benchmarks import mint
from benchmarks.contenders import (
    LIMI_REST_SECONDS,
    check_journal,
    limi_environ,
    limi_versions,
    locked_versions,
    read_common,
)
from benchmarks.harness.report import Report
from benchmarks.harness.rounds import Options
from benchmarks.harness.servers import Contender, Launch
from benchmarks.setup import install_packages

__all__ = ["measure"]

_ROOT: Final = Path(__file__).parents[1]
_MODULE: Final = "benchmarks.harness.client_server"

_OWN: Final = "own"
_LIBRARIES: Final = ("pyreqwest", "aiohttp")

_NOTES: Final = (
    (
        "All servers are Limi's mint with everything on, under one server and the same settings; only what sends "
        "the request upstream differs."
    ),
    "pyreqwest works in a thread of its own, so its answers cross to the event loop; the others work on the loop.",
    "The libraries do more than Limi asks of them, such as redirects, cookies, compression and HTTP/2.",
)


def measure(_: Sequence[Contender], options: Options) -> Report:
    """Run the question; it has contenders of its own."""
    return mint.measure_by(
        [_contender(_OWN), *(_contender(library) for library in _LIBRARIES)],
        options,
        question="clients",
        title="The HTTP client in the whole job",
        notes=_NOTES,
    )


def _contender(client: str) -> Contender:
    def command(_: Launch) -> Sequence[str]:
        return [sys.executable, "-m", _MODULE, client]

    def environ(launch: Launch) -> Mapping[str, str]:
        path = str(_ROOT) if client == _OWN else f"{_ROOT}:{install_packages(client)}"
        return {**limi_environ(launch), "PYTHONPATH": path}

    def versions() -> Mapping[str, str]:
        return limi_versions() if client == _OWN else locked_versions(client, (client,))

    return Contender(
        name=client,
        title="Limi as it is" if client == _OWN else f"Limi with {client}",
        command=command,
        environ=environ,
        versions=versions,
        read=read_common,
        check=check_journal,
        rest_seconds=LIMI_REST_SECONDS,
    )
