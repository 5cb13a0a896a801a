"""A contender made for tests, and the fixed upstream to answer for it."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from benchmarks.contenders import read_common
from benchmarks.harness.servers import Contender, Launch
from benchmarks.harness.upstream import listen


def _command(launch: Launch) -> list[str]:
    return [sys.executable, "-m", "benchmarks.harness.upstream", f"--port={launch.port}"]


def _environ(_: Launch) -> dict[str, str]:
    return {"PYTHONPATH": str(Path(__file__).parents[4])}


@pytest.fixture
def contender() -> Contender:
    """A server that answers every POST with 200: the fixed upstream itself."""
    return Contender(
        name="made-up", title="Made up", command=_command, environ=_environ, versions=dict, read=read_common
    )


@pytest.fixture
async def upstream_port() -> AsyncIterator[int]:
    """The port of a fixed upstream in this event loop."""
    server = await listen(0)
    async with server:
        yield server.sockets[0].getsockname()[1]
