"""The event loop that answers mints is not held while the sandbox listens, understands and speaks."""

import asyncio
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager

import pytest
from openai import AsyncOpenAI

from limi.sandbox.config import SandboxConfig
from tests.integration.sandbox.support import say as send
from tests.integration.sandbox.support import serve, until
from tests.integration.speech.conftest import Say

pytestmark = pytest.mark.asyncio(loop_scope="module")

_TICK_SECONDS = 0.001
_HELD_SECONDS = 0.005


class _LoopOfItsOwn:
    """A sandbox in a thread whose loop does nothing else, so that what is measured is the sandbox's work alone."""

    def __init__(self, config: SandboxConfig) -> None:
        self._config = config
        self._port: Future[str] = Future()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.held: list[float] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with serve(self._config) as served:
            measuring = asyncio.create_task(self._measure())
            self._port.set_result(served.http_url)
            await self._stop.wait()
            measuring.cancel()
            await asyncio.gather(measuring, return_exceptions=True)

    async def _measure(self) -> None:
        """Note how much processor time this thread takes from one tick to the next.

        Processor time rather than time, because on a busy machine the thread is interrupted by other programs. A
        tick is due after a millisecond, so whatever took longer than that was one round of the loop, in which
        nobody else had a turn.
        """
        before = time.thread_time()
        while True:
            await asyncio.sleep(0.001)
            now = time.thread_time()
            self.held.append(now - before)
            before = now

    @contextmanager
    def running(self) -> Iterator[str]:
        self._thread.start()
        try:
            yield self._port.result(timeout=30)
        finally:
            if self._loop is not None and self._stop is not None:
                self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(timeout=30)


async def test_no_round_of_the_loop_takes_longer_than_five_milliseconds(config: SandboxConfig, say: Say) -> None:
    speech = await say("Please count to five.")
    sandbox = _LoopOfItsOwn(config)
    with sandbox.running() as url:
        client = AsyncOpenAI(api_key="sk-test", base_url=url, max_retries=0)
        async with client, client.realtime.connect(model="gpt-realtime") as connection:
            for turn in range(3):
                if turn == 1:
                    # The first turn imports and fills caches, once in the life of a server.
                    sandbox.held.clear()
                await send(connection, speech, silence_seconds=1)
                await until(connection, "response.done")
    assert len(sandbox.held) > 100
    assert max(sandbox.held) < _TICK_SECONDS + _HELD_SECONDS
