"""Calls an ASGI application by hand, as uvicorn would, so that nothing but the application takes CPU time."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

from benchmarks.harness.upstream import SECRET_BODY
from limi.adapters.upstream.transports import Answer
from limi.features.journal.memory import InMemoryJournalStore
from limi.features.journal.model import Link
from limi.features.journal.ports import Delivery
from limi.http.asgi import ASGIApp, Message, Scope
from limi.kernel.facts import Fact

__all__ = ["ForgetfulStore", "InstantTransport", "mint_once", "started"]

_OK: Final = 200
_BODY: Final = b'{"sessionId":"bench-session-1","model":"gpt-realtime"}'
_HEADERS: Final = (
    (b"host", b"127.0.0.1:3001"),
    (b"user-agent", b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0"),
    (b"accept", b"*/*"),
    (b"accept-encoding", b"gzip, deflate, br"),
    (b"origin", b"http://127.0.0.1:3001"),
    (b"content-type", b"application/json"),
    (b"content-length", str(len(_BODY)).encode()),
)
"""A browser's, because headers are part of what a request costs."""


class InstantTransport:
    """Implements Limi's `Transport` without a network."""

    async def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Answer at once."""
        del method, path, headers, body
        return Answer(_OK, SECRET_BODY, {})

    async def close(self) -> None:
        """Nothing is open."""


class ForgetfulStore(InMemoryJournalStore):
    """Keeps no fact, so that the thousandth mint costs what the first does."""

    def append(
        self,
        facts: Sequence[Fact],
        *,
        writer: str,
        links: Sequence[Link] = (),
        deliveries: Sequence[Delivery] = (),
    ) -> None:
        """Drop `facts`."""
        del facts, writer, links, deliveries


@asynccontextmanager
async def started(app: ASGIApp) -> AsyncIterator[None]:
    """Run the application's lifespan around the block."""
    orders: asyncio.Queue[Message] = asyncio.Queue()
    said: asyncio.Queue[Message] = asyncio.Queue()
    scope: Scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
    task = asyncio.ensure_future(app(scope, orders.get, said.put))
    orders.put_nowait({"type": "lifespan.startup"})
    if (await said.get())["type"] != "lifespan.startup.complete":
        raise RuntimeError("the application did not start")
    try:
        yield
    finally:
        orders.put_nowait({"type": "lifespan.shutdown"})
        await task


async def mint_once(app: ASGIApp) -> None:
    """Send one mint as a browser would.

    Raises:
        RuntimeError: the answer is not 200.
    """
    status, answer = 0, b""

    async def receive() -> Message:
        return {"type": "http.request", "body": _BODY, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status, answer
        status = message.get("status", status)
        answer += message.get("body", b"")

    await app(_scope(), receive, send)
    if status != _OK:
        raise RuntimeError(f"the mint answered {status}: {answer.decode()}")


def _scope() -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 3001),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "root_path": "",
        "headers": list(_HEADERS),
        "state": {},
        "method": "POST",
        "path": "/api/client-secret",
        "raw_path": b"/api/client-secret",
        "query_string": b"",
    }
