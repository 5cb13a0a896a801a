"""A chat endpoint that answers as told, well or badly, over a real socket: what `--brain openai-chat` talks to."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

__all__ = ["ChatAnswer", "ChatEnd", "ChatRequest", "FakeChat"]

_MODEL: Final = "fake-chat"
_LARGEST_HEAD: Final = 2**20


class ChatEnd(StrEnum):
    """How an answer's stream ends."""

    DONE = "done"
    """As it should."""
    STALL = "stall"
    """Not at all: the connection stays open and nothing more comes."""
    CUT = "cut"
    """In the middle: the connection breaks."""


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """What is answered to one request."""

    text: str = ""
    """Streamed word by word."""
    calls: tuple[tuple[str, str], ...] = ()
    """Functions called, each with its arguments as JSON text, streamed behind the text in several pieces."""
    error: str | None = None
    """An error that the stream breaks off with, behind text and calls."""
    end: ChatEnd = ChatEnd.DONE
    status: int = 200
    """Any other than 200 is answered with `text` as the error's message."""
    raw: bytes | None = None
    """The stream's bytes, or the refusal's, in place of all the above but the status."""
    silent: bool = False
    """Take the request and never answer."""
    begins: asyncio.Event | None = None
    """The headers and comments that keep the connection alive are sent at once, and the rest once this is set."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """One request that arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any


class FakeChat:
    """Answers with the answers that were queued, then with `always`."""

    def __init__(self, *, always: ChatAnswer | None = None) -> None:
        self.always = always or ChatAnswer("Hello from the fake chat model.")
        self.queued: deque[ChatAnswer] = deque()
        self.asked: list[ChatRequest] = []
        self.url = ""
        """The base URL, ending in `/v1`, while it runs."""
        self.hung_up = asyncio.Event()
        """Set once a client has closed its connection before its answer was complete."""
        self._connections: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["FakeChat"]:
        """Listen on a free port of 127.0.0.1."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=_LARGEST_HEAD)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        try:
            yield self
        finally:
            server.close()
            for task in self._connections:
                task.cancel()
            await asyncio.gather(*self._connections, return_exceptions=True)
            await server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task  # noqa: S101 - a callback of a stream server runs in a task
        self._connections.add(task)
        try:
            request = await _read_request(reader)
            self.asked.append(request)
            await self._answer(request, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _answer(
        self, request: ChatRequest, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if request.method == "GET":
            listed = {"object": "list", "data": [{"id": _MODEL, "object": "model"}]}
            await _send_whole(writer, 200, json.dumps(listed).encode())
            return
        answer = self.queued.popleft() if self.queued else self.always
        if answer.silent:
            await self._wait_for_hang_up(reader)
        elif answer.status != 200:  # noqa: PLR2004 - HTTP
            said = answer.raw or json.dumps({"error": {"message": answer.text}}).encode()
            await _send_whole(writer, answer.status, said)
        else:
            await self._stream(answer, reader, writer)

    async def _stream(
        self, answer: ChatAnswer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n")
        try:
            if answer.begins is not None:
                await _send_piece(writer, b": keep-alive\n\n")
                await answer.begins.wait()
            for piece in _pieces(answer):
                await _send_piece(writer, piece)
        except ConnectionError:
            self.hung_up.set()
            raise
        if answer.end is ChatEnd.STALL:
            await self._wait_for_hang_up(reader)
        elif answer.end is ChatEnd.DONE:
            writer.write(b"0\r\n\r\n")
            writer.write_eof()
            # Until the client has read it all and closed; an abort would take back what is on its way.
            await reader.read()

    async def _wait_for_hang_up(self, reader: asyncio.StreamReader) -> None:
        # A connection that is reset is hung up as much as one that is closed.
        with suppress(ConnectionError):
            await reader.read()
        self.hung_up.set()


async def _send_piece(writer: asyncio.StreamWriter, piece: bytes) -> None:
    writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    await writer.drain()


async def _read_request(reader: asyncio.StreamReader) -> ChatRequest:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.strip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    method, path, _ = first.split(" ")
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return ChatRequest(method, path, headers, json.loads(body) if body else None)


async def _send_whole(writer: asyncio.StreamWriter, status: int, content: bytes) -> None:
    head = f"HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {len(content)}\r\n"
    writer.write(head.encode() + b"connection: close\r\n\r\n" + content)
    await writer.drain()
    writer.close()
    await writer.wait_closed()


def _pieces(answer: ChatAnswer) -> Iterator[bytes]:
    if answer.raw is not None:
        yield answer.raw
        return
    words = answer.text.split(" ")
    for number, word in enumerate(words if answer.text else ()):
        yield _event({"content": word if number == 0 else f" {word}"})
    for index, (name, arguments) in enumerate(answer.calls):
        first = {"index": index, "id": f"call_{index}", "type": "function"}
        yield _event({"tool_calls": [{**first, "function": {"name": name, "arguments": ""}}]})
        half = len(arguments) // 2
        for part in (arguments[:half], arguments[half:]):
            yield _event({"tool_calls": [{"index": index, "function": {"arguments": part}}]})
    if answer.error is not None:
        yield _data({"error": {"message": answer.error}})
    elif answer.end is ChatEnd.DONE:
        yield _event({}, finish_reason="tool_calls" if answer.calls else "stop")
        yield b"data: [DONE]\n\n"


def _event(delta: dict[str, Any], *, finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return _data({"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": _MODEL, "choices": [choice]})


def _data(event: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(event).encode() + b"\n\n"
