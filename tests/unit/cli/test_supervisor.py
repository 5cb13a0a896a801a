"""Workers that share one socket: started, replaced, added up and ended by the process they belong to."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from limi.cli.supervisor import Supervisor

_SCRIPT = str(Path(__file__).with_name("worker_script.py"))
_ROOT = Path(__file__).parents[3]


class Running:
    """A supervisor in this event loop, and a client of its workers."""

    def __init__(self, listener: socket.socket, *, command: list[str], stop_seconds: float = 20) -> None:
        self.announced: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        supervisor = Supervisor(
            command=command,
            listener=listener,
            count=2,
            stop_seconds=stop_seconds,
            announce=self.announced.put_nowait,
        )
        self.ended = asyncio.create_task(supervisor.run())

    async def get(self, path: str = "/") -> str:
        """Ask on a new connection, which any worker may take."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=30) as client:
            return (await client.get(path)).text

    async def total(self) -> dict[str, float]:
        lines = (await self.get("/total")).splitlines()
        return {name: float(value) for name, value in (line.split() for line in lines)}

    async def total_when(self, reached: Callable[[dict[str, float]], bool]) -> dict[str, float]:
        async with asyncio.timeout(30):
            while True:
                if reached(total := await self.total()):
                    return total
                await asyncio.sleep(0.05)

    async def pids(self) -> set[str]:
        """Ask until both workers have answered."""
        pids: set[str] = set()
        async with asyncio.timeout(30):
            while len(pids) < 2:
                pids |= set(await asyncio.gather(*(self.get() for _ in range(8))))
        return pids


@asynccontextmanager
async def _running(*arguments: str, stop_seconds: float = 20) -> AsyncIterator[Running]:
    # The script imports from this checkout; what the supervisor runs inherits its environment.
    command = [sys.executable, "-c", f"import sys; sys.path[:0] = {[str(_ROOT / 'src')]!r}; {_RUN}", *arguments]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        running = Running(listener, command=command, stop_seconds=stop_seconds)
        try:
            yield running
        finally:
            if not running.ended.done():
                os.kill(os.getpid(), signal.SIGTERM)
                await asyncio.wait_for(running.ended, 60)


_RUN = f"import runpy; runpy.run_path({_SCRIPT!r})"


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    async with _running() as made:
        await asyncio.wait_for(made.announced.get(), 60)
        yield made


async def test_it_announces_once_when_all_answer() -> None:
    async with _running() as running:
        facts = await asyncio.wait_for(running.announced.get(), 60)
        assert facts == {"url": running.url.replace("127.0.0.1", "localhost"), "version": "1", "workers": "2"}
        assert len(await running.pids()) == 2
        assert running.announced.empty()


async def test_whoever_is_asked_knows_what_all_have_counted(running: Running) -> None:
    await running.pids()
    before = await running.total()
    for _ in range(10):
        await running.get()
    for _ in range(4):
        total = await running.total()
        assert total["requests_total"] == before["requests_total"] + 10
        assert (total["held"], total["limi_workers"], total["limi_worker_restarts_total"]) == (2, 2, 0)


async def test_a_worker_that_dies_is_replaced_and_no_connection_is_refused(running: Running) -> None:
    before = await running.pids()
    await running.total()
    with pytest.raises(httpx.TransportError):
        await running.get("/die")
    answers = await asyncio.gather(*(running.get() for _ in range(20)))
    assert len(set(answers) & before) == 1
    total = await running.total_when(lambda total: total["limi_workers"] == 2)
    assert total["limi_worker_restarts_total"] == 1
    assert len(await running.pids() & before) == 1


async def test_what_a_dead_worker_had_told_goes_on_being_counted(running: Running) -> None:
    await running.pids()
    before = await running.total()
    with pytest.raises(httpx.TransportError):
        await running.get("/die")
    total = await running.total_when(lambda total: total["limi_workers"] == 2)
    assert total["requests_total"] >= before["requests_total"] > 0
    assert total["held"] == 2


async def test_a_renewal_replaces_every_worker_and_loses_no_request_and_no_count(running: Running) -> None:
    before = await running.pids()
    asked = (await running.total())["requests_total"]
    ended = asyncio.Event()

    async def ask() -> int:
        count = 0
        while not ended.is_set():
            await running.get()
            count += 1
        return count

    callers = [asyncio.create_task(ask()) for _ in range(4)]
    os.kill(os.getpid(), signal.SIGHUP)
    async with asyncio.timeout(60):
        while before & await running.pids():
            pass
    ended.set()
    assert sum(await asyncio.gather(*callers)) > 0
    total = await running.total_when(lambda total: total["limi_workers"] == 2)
    assert total["limi_worker_restarts_total"] == 0
    assert total["requests_total"] > asked


async def test_a_start_that_fails_ends_with_the_workers_exit_code() -> None:
    async with _running("fail") as running:
        assert await asyncio.wait_for(running.ended, 60) == 3
        assert running.announced.empty()


async def test_a_signal_ends_all_and_nobody_is_let_in_any_more(running: Running) -> None:
    pids = await running.pids()
    os.kill(os.getpid(), signal.SIGTERM)
    assert await asyncio.wait_for(running.ended, 60) == 0
    with pytest.raises(httpx.ConnectError):
        await running.get()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(int(pid), 0)


async def test_a_worker_that_does_not_end_is_killed() -> None:
    async with _running(stop_seconds=0.2) as running:
        await asyncio.wait_for(running.announced.get(), 60)
        for pid in await running.pids():
            os.kill(int(pid), signal.SIGSTOP)
        os.kill(os.getpid(), signal.SIGTERM)
        assert await asyncio.wait_for(running.ended, 60) == 0
