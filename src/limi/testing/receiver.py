"""A receiver of webhooks over a real socket: it keeps what it was sent, verifies it, and answers as told."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from standardwebhooks import Webhook, WebhookVerificationError

from limi.testing.upstream import read_request

__all__ = ["Receipt", "ReceiverReply", "RecordingReceiver"]

_PIECE: Final = b"x" * 16_384


@dataclass(frozen=True, slots=True)
class ReceiverReply:
    """What is answered to one delivery."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    silent: bool = False
    """Take the delivery and never answer."""
    endless: bool = False
    """Send a body without end after the head."""
    cut: bool = False
    """Close the connection instead of answering."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """One delivery that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes
    refused: str | None
    """Why the specification's own library does not accept it; None where it does, or no secret is known."""

    @property
    def id(self) -> str:
        """Return `webhook-id`, by which duplicates are known."""
        return self.headers["webhook-id"]

    def json(self) -> Any:  # noqa: ANN401 - whatever was sent
        """Return the payload."""
        return json.loads(self.body)


class RecordingReceiver:
    """Answers with the replies that were queued, then with `always`."""

    def __init__(self, *, secret: str | None = None, always: ReceiverReply | None = None) -> None:
        """Prepare, without listening.

        Args:
            secret: `whsec_…`, to verify deliveries with; it may be set later.
            always: the answer to whatever no queued one is left for; 200 unless given.
        """
        self.secret = secret
        self.always = always or ReceiverReply()
        self.queued: deque[ReceiverReply] = deque()
        self.received: list[Receipt] = []
        self.url = ""
        self.connections = 0
        """How many were opened."""
        self._open: set[asyncio.Task[None]] = set()
        self._arrival = asyncio.Event()

    @asynccontextmanager
    async def running(self, *, port: int = 0) -> AsyncIterator["RecordingReceiver"]:
        """Listen on 127.0.0.1, on a free port unless one is given."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", port, limit=2**20)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
        try:
            yield self
        finally:
            server.close()
            for task in self._open:
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)
            await server.wait_closed()

    async def until_received(self, count: int = 1) -> None:
        """Wait until so many deliveries have arrived since `received` was last empty."""
        while len(self.received) < count:
            self._arrival.clear()
            await self._arrival.wait()

    async def until_ids(self, count: int) -> set[str]:
        """Wait until so many different events have arrived, and return their ids."""
        while len(ids := {receipt.id for receipt in self.received}) < count:
            self._arrival.clear()
            await self._arrival.wait()
        return ids

    async def until_told(self, ids: Collection[str]) -> None:
        """Wait until each of these events has arrived."""
        while not {receipt.id for receipt in self.received}.issuperset(ids):
            self._arrival.clear()
            await self._arrival.wait()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task  # noqa: S101 - a callback of a stream server runs in a task
        self._open.add(task)
        self.connections += 1
        try:
            while (request := await read_request(reader)) is not None:
                refused = self._verify(request.headers, request.body)
                self.received.append(Receipt(request.path, request.headers, request.body, refused))
                self._arrival.set()
                reply = self.queued.popleft() if self.queued else self.always
                if not await _answer(reply, writer):
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            writer.transport.abort()

    def _verify(self, headers: dict[str, str], body: bytes) -> str | None:
        if self.secret is None:
            return None
        try:
            Webhook(self.secret).verify(body, headers)
        except WebhookVerificationError as exc:
            return str(exc)
        return None


async def _answer(reply: ReceiverReply, writer: asyncio.StreamWriter) -> bool:
    """Send `reply`, and say whether the connection lives on."""
    if reply.silent:
        await asyncio.Event().wait()
    if reply.delay_seconds:
        await asyncio.sleep(reply.delay_seconds)
    if reply.cut:
        return False
    sized = {} if reply.endless else {"content-length": str(len(reply.body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in {**sized, **reply.headers}.items())
    writer.write(f"HTTP/1.1 {reply.status} Said\r\n{head}\r\n".encode() + reply.body)
    await writer.drain()
    with suppress(ConnectionError):
        while reply.endless:
            writer.write(_PIECE)
            await writer.drain()
    return not reply.endless
