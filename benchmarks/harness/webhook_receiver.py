"""The receiver of webhooks: takes every delivery with as little work as Python allows, and counts.

It is no example of a receiver: it verifies nothing, so that it costs the same however much comes. The first
delivery is kept for the harness, which verifies that one. Run as
`python -m benchmarks.harness.webhook_receiver --port 9000 [--silent]`; a silent one never answers.
"""

import argparse
import asyncio
import contextlib
import http.client
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, cast

import httptools
import msgspec
import uvloop

from benchmarks.harness.servers import free_port, helper_running

__all__ = ["Deliveries", "First", "Receiver", "listen", "receiver_running"]

_TAKEN: Final = b"HTTP/1.1 204 No Content\r\n\r\n"
_COUNT_PATH: Final = "/count"


class First(msgspec.Struct, frozen=True, kw_only=True):
    """The first delivery, as it came."""

    headers: dict[str, str]
    body: str


class Deliveries(msgspec.Struct, frozen=True, kw_only=True):
    """What has come so far."""

    taken: int
    events: int
    """Without those that came again."""
    first: First | None


@dataclass(frozen=True, slots=True)
class Receiver:
    """A receiver that runs."""

    port: int

    @property
    def url(self) -> str:
        """Return where it takes deliveries."""
        return f"http://127.0.0.1:{self.port}/hook"

    def read(self) -> Deliveries:
        """Return what has come so far."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        with contextlib.closing(connection):
            connection.request("GET", _COUNT_PATH)
            return msgspec.json.decode(connection.getresponse().read(), type=Deliveries)


@contextmanager
def receiver_running(*, core: int, folder: Path, silent: bool = False) -> Iterator[Receiver]:
    """Run a receiver on one core until the end of the block."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.harness.webhook_receiver", f"--port={port}"]
    with helper_running([*command, *(["--silent"] if silent else [])], port=port, core=core, folder=folder):
        yield Receiver(port)


@dataclass
class _Book:
    """What all connections have taken."""

    silent: bool
    taken: int = 0
    events: set[bytes] = field(default_factory=set)
    first: First | None = None

    def answer(self) -> bytes:
        body = msgspec.json.encode(Deliveries(taken=self.taken, events=len(self.events), first=self.first))
        return f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


class _Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, book: _Book) -> None:
        self._book = book
        self._parser = httptools.HttpRequestParser(self)
        self._headers: dict[str, str] = {}
        self._body = b""
        self._event = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast rather than a check: uvloop's transports are not of asyncio's class.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Note the event's id; httptools calls this for each header."""
        if name.lower() == b"webhook-id":
            self._event = value
        if self._book.first is None:
            self._headers[name.decode().lower()] = value.decode()

    def on_body(self, body: bytes) -> None:
        """Keep the first body; httptools calls this for each piece."""
        if self._book.first is None:
            self._body += body

    def on_message_complete(self) -> None:
        """Answer; httptools calls this at the end of each request."""
        book = self._book
        if self._parser.get_method() == b"GET":
            self._transport.write(book.answer())
            return
        book.taken += 1
        book.events.add(self._event)
        if book.first is None:
            book.first = First(headers=self._headers, body=self._body.decode())
        if not book.silent:
            self._transport.write(_TAKEN)


async def listen(port: int, *, silent: bool = False) -> asyncio.Server:
    """Take deliveries on a port of 127.0.0.1 until the server is closed; port 0 picks one."""
    book = _Book(silent)
    return await asyncio.get_running_loop().create_server(lambda: _Connection(book), "127.0.0.1", port)


async def _serve(port: int, *, silent: bool) -> None:
    async with await listen(port, silent=silent) as server:
        await server.serve_forever()


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--silent", action="store_true", help="take connections and never answer a delivery")
    args = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(args.port, silent=args.silent))


if __name__ == "__main__":
    _main()
