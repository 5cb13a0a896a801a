"""One worker as its supervisor sees it: what it says, what it is asked, and its end."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from limi.adapters.telemetry.totals import Snapshot, gauge
from limi.cli.worker_process import WorkerProcess

_OF_ALL = (gauge("limi_all", "Everybody's.", 9),)
_SOURCE = str(Path(__file__).parents[3] / "src")

_SCRIPT = """
import asyncio, sys, time
sys.path.insert(0, SOURCE)
from limi.adapters.telemetry.totals import gauge
from limi.cli.worker_link import WorkerLink, adopt_sockets

async def main():
    listener, control = adopt_sockets(sys.argv[-1])
    link, stopped = WorkerLink(control=control), asyncio.Queue()
    counted = [gauge("limi_own", "Own.", 1)] if "ask" in sys.argv else []
    link.attach(snapshot=lambda: tuple(counted), facts={"version": "1"})
    await link.begin("http://localhost:1", stopped.put_nowait)
    if "ask" in sys.argv:
        counted[:] = await link.gather(tuple(counted))
    if "hang" in sys.argv:
        time.sleep(3600)
    code = 5 if await stopped.get() else 6
    await link.end()
    sys.exit(code)

asyncio.run(main())
"""


@pytest.fixture
async def listener() -> AsyncIterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


async def _start(listener: socket.socket, *arguments: str) -> WorkerProcess:
    async def gather(asking: WorkerProcess) -> Snapshot:
        return (*asking.counted, *_OF_ALL)

    command = [sys.executable, "-c", _SCRIPT.replace("SOURCE", repr(_SOURCE)), *arguments]
    worker = await WorkerProcess.start(command, listener, gather=gather)
    await asyncio.wait_for(worker.ready.wait(), 60)
    return worker


async def test_it_is_ready_when_it_says_so_and_ends_when_told(listener: socket.socket) -> None:
    worker = await _start(listener)
    assert worker.facts == {"url": "http://localhost:1", "version": "1"}
    assert await worker.count() == ()
    worker.retire()
    assert await asyncio.wait_for(worker.ended(), 60) == 5
    assert worker.has_ended
    assert worker.age_seconds() > 0


async def test_it_is_told_what_all_have_counted_and_its_last_word_is_kept(listener: socket.socket) -> None:
    worker = await _start(listener, "ask")
    worker.retire()
    await asyncio.wait_for(worker.ended(), 60)
    assert [family.name for family in worker.counted] == ["limi_own", "limi_all"]


async def test_one_that_does_not_say_is_taken_for_what_it_said_last(listener: socket.socket) -> None:
    worker = await _start(listener, "ask", "hang")
    assert (await worker.count())[0].name == "limi_own"
    assert (await worker.count())[0].name == "limi_own"
    worker.kill()
    assert await asyncio.wait_for(worker.ended(), 60) == -9


async def test_ending_what_has_ended_is_no_error(listener: socket.socket) -> None:
    worker = await _start(listener)
    worker.terminate()
    assert await asyncio.wait_for(worker.ended(), 60) == -15
    worker.terminate()
    worker.kill()
    worker.retire()
    assert await worker.count() == ()


async def test_who_stops_waiting_for_its_end_does_not_end_the_hearing(listener: socket.socket) -> None:
    worker = await _start(listener)
    waiting = asyncio.create_task(worker.ended())
    await asyncio.sleep(0)
    waiting.cancel()
    assert await worker.count() == ()
    worker.kill()
    await asyncio.wait_for(worker.ended(), 60)
