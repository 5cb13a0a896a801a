"""The fixed upstream: answers every POST with one constant client secret, with as little work as Python allows.

It is no fake of OpenAI: it checks nothing, so that it costs the same for every server that asks. Run as
`python -m benchmarks.harness.upstream --port 9000 --delay-ms 50`.
"""

import argparse
import asyncio
import json
from typing import Any, Final, cast

import httptools
import uvloop

__all__ = ["EPHEMERAL_KEY", "EXPIRES_AT", "MODEL", "SECRET_BODY", "listen"]

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


def _response(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


_SECRET: Final = _response(SECRET_BODY)
_MODELS: Final = _response(json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}).encode())


class _Connection(asyncio.Protocol):
    """One keep-alive connection."""

    def __init__(self, delay_seconds: float) -> None:
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
        answer = _SECRET if self._parser.get_method() == b"POST" else _MODELS
        if self._delay_seconds:
            self._loop.call_later(self._delay_seconds, self._write, answer)
        else:
            self._write(answer)

    def _write(self, answer: bytes) -> None:
        if self._transport and not self._transport.is_closing():
            self._transport.write(answer)


async def listen(port: int, *, delay_seconds: float = 0.0) -> asyncio.Server:
    """Answer on a port of 127.0.0.1 until the server is closed; port 0 picks one."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(lambda: _Connection(delay_seconds), "127.0.0.1", port)


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
