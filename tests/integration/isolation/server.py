"""The real application without sockets, on the storage that a test chose."""

import asyncio
import json
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack, ExitStack
from typing import Any, Final, TypeVar

import httpx

from limi.adapters.configuration import load_settings
from limi.adapters.upstream.transports import Answer
from limi.app import create_app
from limi.testing import CountingIds, ManualClock
from limi.testing.backend import ADMIN_KEY, known_keys
from tests.architecture.log_watch import WATCH
from tests.integration.isolation.storage import OpenStorage

__all__ = ["ADMIN", "LIMIT", "Server", "Upstream"]

ADMIN: Final = {"authorization": f"Bearer {ADMIN_KEY}"}
LIMIT: Final = 1000
"""How often everybody may mint in a minute, which never ends here."""
_Result = TypeVar("_Result")


class Upstream:
    """Makes keys without a network."""

    def __init__(self) -> None:
        self.made = 0
        self.told = b""

    async def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        assert (method, path, "authorization" in headers) == ("POST", "/realtime/client_secrets", True)
        self.made += 1
        self.told = body
        value = f"ek_{self.made:032d}"
        WATCH.register(value)
        session = {"id": f"sess_{self.made}", "model": "gpt-realtime-2.1-mini", "type": "realtime"}
        given = {"value": value, "expires_at": 1_790_003_000, "session": session}
        return Answer(200, json.dumps(given).encode(), {})

    async def close(self) -> None:
        pass


class Server:
    """Runs in an event loop of its own, because a state machine's steps are plain functions."""

    def __init__(self, open_storage: OpenStorage) -> None:
        self.upstream = Upstream()
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self._kept = ExitStack()
        clock = ManualClock()
        self.storage = self._kept.enter_context(open_storage(clock))
        self.run(self._start(clock))

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return self._runner.run(work)

    def close(self) -> None:
        self.run(self._stack.aclose())
        self.run(self._stop())
        self._runner.close()
        self._kept.close()

    async def send(self, method: str, path: str, headers: Mapping[str, str], body: Any = None) -> httpx.Response:
        content = None if body is None else json.dumps(body).encode()
        kind = {"content-type": "application/json"} if content else {}
        return await self.client.request(method, path, headers={**headers, **kind}, content=content)

    async def _start(self, clock: ManualClock) -> None:
        environ = {
            "LIMI_TOKENS_PER_MINUTE": str(LIMIT),
            "LIMI_UPSTREAM_URL": "https://upstream.example/v1",
            "OPENAI_API_KEY": "sk-test-main-key",
            **self.storage.environ,
        }
        self.app = create_app(
            load_settings(environ),
            keys=known_keys(),
            clock=clock,
            ids=CountingIds(),
            transport=self.upstream,
            **self.storage.given,
        )
        self._inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._outbox: asyncio.Queue[Any] = asyncio.Queue()
        self._inbox.put_nowait({"type": "lifespan.startup"})
        lifespan = self.app.asgi({"type": "lifespan", "asgi": {}, "state": {}}, self._inbox.get, self._outbox.put)
        self._lifespan = asyncio.ensure_future(lifespan)
        assert (await self._outbox.get())["type"] == "lifespan.startup.complete"
        transport = httpx.ASGITransport(app=self.app.asgi)
        client = httpx.AsyncClient(transport=transport, base_url="http://localhost", trust_env=False)
        self.client = await self._stack.enter_async_context(client)

    async def _stop(self) -> None:
        self._inbox.put_nowait({"type": "lifespan.shutdown"})
        await self._lifespan
