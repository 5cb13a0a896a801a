"""Callers that mint as fast as they are answered, and remember what they were given."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from tests.architecture.log_watch import WATCH
from tests.e2e.harness import MINT, Server

__all__ = ["Load", "under_load"]


@dataclass
class Load:
    """What the callers saw."""

    keys: dict[str, str] = field(default_factory=dict)
    """Every key that was received, by its session id."""
    errors: list[tuple[int, str]] = field(default_factory=list)
    """Every other answer: status and code."""
    asked: int = 0
    _progress: asyncio.Event = field(default_factory=asyncio.Event)

    async def until_keys(self, count: int) -> None:
        """Wait until so many keys were received in all."""
        await self._until(lambda: len(self.keys) >= count)

    async def until_errors(self, count: int) -> None:
        """Wait until so many errors were received in all."""
        await self._until(lambda: len(self.errors) >= count)

    async def mint(self, client: httpx.AsyncClient, session_id: str) -> httpx.Response:
        """Ask once, and note the answer."""
        self.asked += 1
        response = await client.post(MINT, json={"sessionId": session_id})
        body = response.json()
        if response.status_code == 200:
            self.keys[session_id] = body["ephemeralKey"]
            WATCH.register(body["ephemeralKey"])
        else:
            self.errors.append((response.status_code, body["code"]))
        self._progress.set()
        return response

    async def _until(self, reached: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not reached():
                self._progress.clear()
                await self._progress.wait()


@asynccontextmanager
async def under_load(server: Server, *, callers: int = 8, name: str = "session") -> AsyncIterator[Load]:
    """Keep callers minting until the block ends; a server that dies ends them too.

    They are asked to stop and finish what they are at. Cancelled in the middle of a connect, the HTTP client would
    leave a socket behind.
    """
    load = Load()
    ended = asyncio.Event()

    async def call(number: int, client: httpx.AsyncClient) -> None:
        asked = 0
        try:
            while not ended.is_set():
                asked += 1
                await load.mint(client, f"{name}-{number}-{asked}")
        except httpx.TransportError:
            return

    async with server.client() as client:
        tasks = [asyncio.create_task(call(number, client)) for number in range(callers)]
        try:
            yield load
        finally:
            ended.set()
            await asyncio.gather(*tasks)
