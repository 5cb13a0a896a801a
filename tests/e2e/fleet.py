"""Several servers behind the simplest of proxies: it asks `/readyz`, and takes the next where nobody listens."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from tests.architecture.log_watch import WATCH
from tests.e2e.harness import MINT, Server

__all__ = ["Fleet"]


@dataclass
class Fleet:
    """The servers, and what callers got of them."""

    keys: dict[str, str] = field(default_factory=dict)
    """Every key that was received, by its session id."""
    lost: list[str] = field(default_factory=list)
    """Every request that got no key, and why."""
    _clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    _ready: set[str] = field(default_factory=set)
    _turn: int = 0

    @asynccontextmanager
    async def with_server(self, server: Server) -> AsyncIterator[None]:
        """Send requests to `server` as well, while it is ready, until the block ends."""
        url = server.url
        async with server.client() as client:
            self._clients[url] = client
            asking = asyncio.create_task(self._ask(url, client))
            try:
                await self._until_ready(url)
                yield
            finally:
                asking.cancel()
                self._ready.discard(url)
                await asyncio.gather(asking, return_exceptions=True)
                del self._clients[url]

    @asynccontextmanager
    async def under_load(self, callers: int = 8) -> AsyncIterator[None]:
        """Keep callers minting until the block ends."""
        ended = asyncio.Event()

        async def call(name: int) -> None:
            asked = 0
            while not ended.is_set():
                asked += 1
                await self._mint(f"caller{name}-{asked}")

        tasks = [asyncio.create_task(call(name)) for name in range(callers)]
        try:
            yield
        finally:
            ended.set()
            await asyncio.gather(*tasks)

    async def until_more_keys(self, count: int) -> None:
        """Wait until so many more keys were received."""
        wanted = len(self.keys) + count
        async with asyncio.timeout(60):
            while True:
                if len(self.keys) >= wanted:
                    return
                await asyncio.sleep(0.01)

    async def _mint(self, session_id: str) -> None:
        try:
            answer = await self._send(session_id)
        except httpx.HTTPError as exc:
            self.lost.append(repr(exc))
            return
        if answer.status_code == 200:
            self.keys[session_id] = answer.json()["ephemeralKey"]
            WATCH.register(answer.json()["ephemeralKey"])
        else:
            self.lost.append(answer.text)

    async def _send(self, session_id: str) -> httpx.Response:
        """Send to the next ready server; only where nobody listens is another one asked."""
        ready = sorted(self._ready)
        self._turn += 1
        for number in range(len(ready)):
            client = self._clients[ready[(self._turn + number) % len(ready)]]
            try:
                return await client.post(MINT, json={"sessionId": session_id})
            except httpx.ConnectError:
                continue
        raise httpx.ConnectError("no server is ready")

    async def _ask(self, url: str, client: httpx.AsyncClient) -> None:
        while True:
            try:
                is_ready = (await client.get("/readyz", headers={"connection": "close"})).status_code == 200
            except httpx.TransportError:
                is_ready = False
            (self._ready.add if is_ready else self._ready.discard)(url)
            await asyncio.sleep(0.1)

    async def _until_ready(self, url: str) -> None:
        async with asyncio.timeout(30):
            while True:
                if url in self._ready:
                    return
                await asyncio.sleep(0.01)
