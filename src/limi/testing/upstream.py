"""An upstream that behaves as told, well or badly, over a real socket."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Asked", "FakeUpstream", "Reply", "read_request"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered to one request."""

    status: int = 200
    body: bytes | None = None
    """None means a client secret that is right in every member."""
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    silent: bool = False
    """Take the request and never answer."""
    cut_after: int | None = None
    """Break the connection after this many bytes of the body."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:  # noqa: ANN401 - whatever was sent
        """Return the body as JSON."""
        return json.loads(self.body)


class FakeUpstream:
    """Answers with the replies that were queued, then with `always`."""

    def __init__(self, *, always: Reply | None = None, ttl_seconds: int = 600) -> None:
        self.always = always or Reply()
        self.queued: deque[Reply] = deque()
        self.asked: list[Asked] = []
        self.url = ""
        self.gate: asyncio.Event | None = None
        """While set to an event that is not, requests wait: a test decides when upstream answers."""
        self.now = 1_790_000_000
        self._ttl_seconds = ttl_seconds
        self._connections: set[asyncio.Task[None]] = set()
        self._arrival = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FakeUpstream"]:
        """Listen on a free port of 127.0.0.1."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=2**20)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        try:
            yield self
        finally:
            server.close()
            for task in self._connections:
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            await server.wait_closed()

    async def until_asked(self, count: int = 1) -> None:
        """Wait until so many requests have arrived since `asked` was last empty."""
        while len(self.asked) < count:
            self._arrival.clear()
            await self._arrival.wait()

    def secret(self) -> dict[str, Any]:
        """Return the next client secret: its number is in key and session id."""
        number = len(self.asked)
        model = self.asked[-1].json()["session"]["model"]
        session = {"id": f"sess_{number:06d}", "object": "realtime.session", "type": "realtime", "model": model}
        return {"value": f"ek_{number:032x}", "expires_at": self.now + self._ttl_seconds, "session": session}

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task  # noqa: S101 - a callback of a stream server runs in a task
        self._connections.add(task)
        try:
            while (request := await read_request(reader)) is not None:
                self.asked.append(request)
                self._arrival.set()
                if self.gate:
                    await self.gate.wait()
                reply = self.queued.popleft() if self.queued else self.always
                if not await self._answer(reply, request, writer):
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _answer(self, reply: Reply, request: Asked, writer: asyncio.StreamWriter) -> bool:
        """Send `reply`, and say whether the connection lives on."""
        if reply.silent:
            await asyncio.Event().wait()
        if reply.delay_seconds:
            await asyncio.sleep(reply.delay_seconds)
        body = reply.body if reply.body is not None else self._default_body(request)
        headers = {"content-type": "application/json", "content-length": str(len(body)), **reply.headers}
        head = f"HTTP/1.1 {reply.status} Said\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers.items())
        sent = body if reply.cut_after is None else body[: reply.cut_after]
        writer.write(head.encode() + b"\r\n" + sent)
        await writer.drain()
        return reply.cut_after is None

    def _default_body(self, request: Asked) -> bytes:
        if request.method == "GET":
            return b'{"object": "list", "data": []}'
        return json.dumps(self.secret()).encode()


async def read_request(reader: asyncio.StreamReader) -> Asked | None:
    """Return the next request of a connection, None where there is no further one."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    method, path, _ = first.split(" ")
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, path, headers, body)
