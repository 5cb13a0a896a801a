"""A realtime server and a backend in memory, for what has to happen at an exact moment."""

import asyncio
import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from limi.testing import VirtualClock

from limi_client import CallURLs, EphemeralKey, LimiError, Ports, VoiceOptions, VoiceSession
from limi_client.voice import VoiceEvent, VoiceState
from limi_client.voice._realtime import ConnectionLost

__all__ = [
    "ORIGIN",
    "FakeBackend",
    "FakeServer",
    "Session",
    "Talk",
    "audio",
    "call",
    "done",
    "refused",
    "said",
    "words",
]

ORIGIN: Final = "http://backend"
_SECOND: Final = bytes(48_000)
_CREATED: Final = {"type": "session.created", "session": {"audio": {"input": {"turn_detection": {"type": "x"}}}}}


class FakeBackend:
    """Mints numbered keys, or fails as told, and keeps the reports."""

    origin = ORIGIN

    def __init__(self) -> None:
        self.minted: list[Mapping[str, Any]] = []
        self.failures: list[BaseException] = []
        self.reports: list[Mapping[str, object]] = []
        self.gate: asyncio.Event | None = None

    async def generate_ephemeral_key(self, **members: Any) -> EphemeralKey:
        self.minted.append(members)
        if self.gate is not None:
            await self.gate.wait()
        if self.failures:
            raise self.failures.pop(0)
        return EphemeralKey(
            ephemeral_key=f"ek_{len(self.minted)}",
            expires_at=2_000_000_000,
            session_id=str(members["session_id"] or "sess_1"),
            model="gpt-realtime",
            request_id="r",
            urls=CallURLs("http://r/calls", "ws://r/v1/realtime?model=gpt-realtime"),
            mode="direct",
        )

    async def report_events(self, events: Sequence[Mapping[str, object]]) -> int:
        self.reports.extend(events)
        return len(events)


class Session:
    """One connection, as the server has it: `say` to the client, look at what it `heard`."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.heard: list[Mapping[str, Any]] = []
        self.closed = False
        self._said: asyncio.Queue[Mapping[str, Any] | BaseException] = asyncio.Queue()

    def say(self, *events: Mapping[str, Any]) -> None:
        for event in events:
            self._said.put_nowait(event)

    def drop(self, code: int = 1006) -> None:
        self._said.put_nowait(ConnectionLost(code, ""))

    def heard_of(self, kind: str) -> list[Mapping[str, Any]]:
        return [event for event in self.heard if event["type"] == kind]

    async def send(self, event: Mapping[str, Any]) -> None:
        if self.closed:
            raise ConnectionLost(1006, "")
        self.heard.append(event)

    async def receive(self) -> dict[str, Any]:
        said = await self._said.get()
        if isinstance(said, BaseException):
            raise said
        return dict(said)

    async def close(self) -> None:
        self.closed = True


class FakeServer:
    """Opens sessions, or fails as told."""

    def __init__(self) -> None:
        self.sessions: list[Session] = []
        self.failures: list[LimiError] = []
        self.greeting: Mapping[str, Any] | None = _CREATED

    async def __call__(self, key: EphemeralKey, *, origin: str) -> Session:
        assert origin == ORIGIN
        if self.failures:
            raise self.failures.pop(0)
        session = Session(key.ephemeral_key)
        self.sessions.append(session)
        if self.greeting is not None:
            session.say(self.greeting)
        return session


class Talk:
    """A conversation with both of them, whose time passes at the test's word."""

    def __init__(self, **options: Any) -> None:
        self.backend, self.server, self.clock = FakeBackend(), FakeServer(), VirtualClock()
        ports = Ports(now=self.clock.now, monotonic=self.clock.monotonic, chance=lambda: 0.5)
        self.voice = VoiceSession(
            self.backend, VoiceOptions(**options), connector=self.server, ports=ports, sleep=self.clock.sleep
        )
        self.events: list[VoiceEvent] = []
        self.error: BaseException | None = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Talk":
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.voice.close()
        if self._reading is not None:
            await self._reading

    @property
    def status(self) -> str:
        return self.voice.state.status

    @property
    def session(self) -> Session:
        return self.server.sessions[-1]

    @property
    def states(self) -> list[VoiceState]:
        return [event.state for event in self.events if hasattr(event, "state")]

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    async def settle(self) -> None:
        """Let everybody do what can be done without time passing."""
        await self.clock.advance(0)

    async def until(self, is_so: Callable[[], bool]) -> None:
        """Wait for something that a thread is needed for."""
        for _ in range(5000):
            if is_so():
                return
            await asyncio.sleep(0.001)
        raise TimeoutError

    async def _read(self) -> None:
        try:
            async for event in self.voice:
                self.events.append(event)
        except LimiError as exc:
            self.error = exc


def audio(item: str, seconds: float = 1.0) -> dict[str, Any]:
    """A piece of an answer's sound."""
    delta = base64.b64encode(_SECOND[: int(48_000 * seconds)]).decode()
    return {"type": "response.output_audio.delta", "item_id": item, "content_index": 0, "delta": delta}


def done(status: str = "completed", *output: Any, **details: Any) -> dict[str, Any]:
    """An answer is over, with what it held."""
    return {"type": "response.done", "response": {"id": "r1", "status": status, "output": [*output], **details}}


def call(name: str, arguments: str = "{}", call_id: str = "c1") -> dict[str, Any]:
    """What the model asks of a tool."""
    return {"type": "function_call", "name": name, "arguments": arguments, "call_id": call_id}


def said(text: str) -> dict[str, Any]:
    """What the assistant said, as an answer holds it."""
    return {"type": "message", "content": [{"type": "output_audio", "transcript": text}]}


def refused(code: str) -> dict[str, Any]:
    """An error of the server."""
    return {"type": "error", "error": {"code": code, "message": f"Because of {code}"}}


def words(session: Session) -> list[tuple[str, str]]:
    """What a session was told of the conversation so far, by speaker."""
    items = [event["item"] for event in session.heard_of("conversation.item.create")]
    return [(item["role"], item["content"][0]["text"]) for item in items if item["type"] == "message"]
