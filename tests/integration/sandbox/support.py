"""A sandbox behind a real server, with every frame it sends checked against the SDK's own types."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, get_args

import uvicorn
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel

from limi.kernel.clock import SystemClock
from limi.kernel.ids import RandomIds
from limi.sandbox.app import Sandbox, create_sandbox
from limi.sandbox.config import SandboxConfig

BYTES_PER_SECOND = 48_000
CHUNK = BYTES_PER_SECOND // 10


def _event_classes() -> Iterator[tuple[str, type[BaseModel]]]:
    union = get_args(RealtimeServerEvent)[0]
    for event_class in get_args(union):
        (name,) = get_args(event_class.model_fields["type"].annotation)
        yield name, event_class


EVENT_CLASSES = dict(_event_classes())


def check_frame(frame: str) -> None:
    """Hold a frame against the class that the openai package has for its type; fails when it does not fit."""
    event = BaseModelWithType.model_validate_json(frame)
    EVENT_CLASSES[event.type].model_validate_json(frame)


class BaseModelWithType(BaseModel):
    """Any event."""

    type: str


@dataclass
class Served:
    """A sandbox that can be reached."""

    sandbox: Sandbox
    port: int
    frames: list[str] = field(default_factory=list)

    @property
    def http_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def socket_url(self) -> str:
        return f"ws://127.0.0.1:{self.port}/v1/realtime"

    def client(self, key: str = "sk-test") -> AsyncOpenAI:
        return AsyncOpenAI(api_key=key, base_url=self.http_url, max_retries=0)


@asynccontextmanager
async def serve(config: SandboxConfig | None = None, **parts: Any) -> AsyncIterator[Served]:
    """Run a sandbox on a free port of 127.0.0.1 in this very event loop."""
    sandbox = create_sandbox(config, clock=SystemClock(), ids=RandomIds(), **parts)
    served = Served(sandbox, 0)
    async with serve_app(_recording(sandbox, served.frames)) as port:
        served.port = port
        yield served
    assert sandbox.open_sessions == 0
    for frame in served.frames:
        check_frame(frame)


@asynccontextmanager
async def serve_app(app: Any, **changes: Any) -> AsyncIterator[int]:
    """Run an ASGI application on a free port and yield it; `changes` are uvicorn's settings."""
    settings = uvicorn.Config(
        app,
        host="127.0.0.1",
        port=0,
        log_config=None,
        ws="websockets-sansio",
        ws_max_size=21 * 2**20,
        **changes,
    )
    server = uvicorn.Server(settings)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await serving


def _recording(app: Sandbox, frames: list[str]) -> Callable[[Any, Any, Any], Awaitable[None]]:
    async def recorded(scope: Any, receive: Any, send: Any) -> None:
        async def send_and_keep(message: Any) -> None:
            if message["type"] == "websocket.send":
                frames.append(message["text"])
            await send(message)

        await app(scope, receive, send_and_keep)

    return recorded


async def say(connection: AsyncRealtimeConnection, speech: bytes, *, silence_seconds: float = 0.0) -> None:
    """Append speech in chunks of a tenth of a second, and silence after it."""
    audio = speech + bytes(2 * int(silence_seconds * BYTES_PER_SECOND / 2))
    for start in range(0, len(audio), CHUNK):
        await connection.input_audio_buffer.append(audio=base64.b64encode(audio[start : start + CHUNK]).decode())


async def until(connection: AsyncRealtimeConnection, event_type: str) -> list[Any]:
    """Receive events up to and including the first of a type."""
    events: list[Any] = []
    async with asyncio.timeout(30):
        async for event in connection:
            events.append(event)
            if event.type == event_type:
                return events
    raise AssertionError(f"the connection ended before {event_type}")


def audio_of(events: list[Any]) -> bytes:
    """Join the speech of a reply."""
    return b"".join(
        base64.b64decode(event.delta) for event in events if event.type == "response.output_audio.delta"
    )


def types_of(events: list[Any]) -> list[str]:
    """Name the events, runs of deltas once."""
    names: list[str] = []
    for event in events:
        if not (event.type.endswith(".delta") and event.type in names):
            names.append(event.type)
    return names


@contextmanager
def no_error_frames(served: Served) -> Iterator[None]:
    """Fail when the sandbox sent an error event meanwhile."""
    begin = len(served.frames)
    yield
    errors = [frame for frame in served.frames[begin:] if '"type":"error"' in frame]
    assert errors == []
