"""The fixed upstream: answers every POST with one constant client secret, with as little work as Python allows.

It is no fake of OpenAI: it checks nothing, so that it costs the same for every server that asks. Run as
`python -m benchmarks.harness.upstream --port 9000 --delay-ms 50`.
"""

import argparse
import asyncio
import contextlib
import http.client
import json
from dataclasses import dataclass
from typing import Any, Final, cast

import httptools
import uvloop

__all__ = ["EPHEMERAL_KEY", "EXPIRES_AT", "MODEL", "SECRET_BODY", "listen", "read_keys_made"]

MODEL: Final = "gpt-realtime"
EPHEMERAL_KEY: Final = "ek_68af296e8e408191a1120ab6383263c2"  # made up
EXPIRES_AT: Final = 4_102_444_800
"""The year 2100: no server may find the key expired, however long a run takes."""

_SESSION: Final[dict[str, Any]] = {
    "type": "realtime",
    "object": "realtime.session",
    "id": "sess_C9CiUVUzUzYIssh3ELY1d",
    "model": MODEL,
    "output_modalities": ["audio"],
    "instructions": "You are a helpful voice assistant. " * 8,
    "tools": [],
    "tool_choice": "auto",
    "max_output_tokens": "inf",
    "tracing": None,
    "truncation": "auto",
    "prompt": None,
    "expires_at": 0,
    "include": None,
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "transcription": {"model": "gpt-4o-mini-transcribe", "language": None, "prompt": None},
            "noise_reduction": {"type": "near_field"},
            "turn_detection": {
                "type": "semantic_vad",
                "eagerness": "auto",
                "create_response": True,
                "interrupt_response": True,
            },
        },
        "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "marin", "speed": 1.0},
    },
}
SECRET_BODY: Final = json.dumps({"value": EPHEMERAL_KEY, "expires_at": EXPIRES_AT, "session": _SESSION}).encode()
"""About 1.2 KB, as OpenAI's own answer."""


_KEYS_MADE_HEADER: Final = "x-keys-made"


def _response(body: bytes, more: str = "") -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body


_SECRET: Final = _response(SECRET_BODY)
_MODELS_BODY: Final = json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}).encode()


@dataclass
class _Book:
    """What all connections have answered."""

    keys_made: int = 0


class _Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, book: _Book, delay_seconds: float) -> None:
        self._book = book
        self._delay_seconds = delay_seconds
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast rather than a check: uvloop's transports are not of asyncio's class.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Answer; httptools calls this at the end of each request."""
        if self._parser.get_method() == b"POST":
            self._book.keys_made += 1
            answer = _SECRET
        else:
            answer = _response(_MODELS_BODY, f"{_KEYS_MADE_HEADER}: {self._book.keys_made}\r\n")
        if self._delay_seconds:
            self._loop.call_later(self._delay_seconds, self._write, answer)
        else:
            self._write(answer)

    def _write(self, answer: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(answer)


async def listen(port: int, *, delay_seconds: float = 0.0) -> asyncio.Server:
    """Answer on a port of 127.0.0.1 until the server is closed; port 0 picks one."""
    loop, book = asyncio.get_running_loop(), _Book()
    return await loop.create_server(lambda: _Connection(book, delay_seconds), "127.0.0.1", port)


def read_keys_made(port: int) -> int:
    """Return how many keys the upstream on a port has made since its start."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", "/v1/models")
        answer = connection.getresponse()
        answer.read()
        return int(answer.headers[_KEYS_MADE_HEADER])


async def _serve(port: int, delay_seconds: float) -> None:
    async with await listen(port, delay_seconds=delay_seconds) as server:
        await server.serve_forever()


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--delay-ms", type=float, default=0.0, help="pause before each answer")
    args = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(args.port, args.delay_ms / 1000))


if __name__ == "__main__":
    _main()
