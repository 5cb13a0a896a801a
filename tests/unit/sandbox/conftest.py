"""Fakes that the sandbox's unit tests share."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Protocol

import pytest

from limi.protocol import ContextItem, FunctionTool, GenerationRequest, ItemType, Modality, Role, ids_from_hex
from limi.protocol.audio_formats import AudioFormat
from limi.sandbox.answering.brain import BuiltInBrain
from limi.sandbox.calls import Calls
from limi.sandbox.config import SandboxConfig
from limi.sandbox.sessions.live_session import Faculties, LiveSession
from limi.sandbox.sessions.open_sessions import OpenSessions
from limi.sandbox.speech import SpeechError, SpeechWindow, VoiceStyle
from limi.sandbox.speech.deaf import DeafRecogniser
from limi.sandbox.transports.sdp import InvalidOfferError, Offer


class FakeClock:
    """Time that passes when told to, and while somebody sleeps by it."""

    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.slept: list[float] = []

    def now(self) -> float:
        return 1_750_000_000.0 + self.seconds

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds


class CountingIds:
    """Identifiers that count up."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def hex(self, length: int) -> str:
        return f"{next(self._numbers):0{length}x}"[-length:]


@dataclass
class FakeVoice:
    """Speaks a tenth of a second of zeros for each character."""

    error: SpeechError | None = None
    spoken: list[tuple[str, VoiceStyle]] = field(default_factory=list)
    closed: bool = False

    async def speak(self, text: str, style: VoiceStyle) -> AsyncGenerator[bytes, None]:
        self.spoken.append((text, style))
        if self.error is not None:
            raise self.error
        for _ in text:
            yield bytes(4_800)

    async def prepare(self) -> None:
        return

    async def close(self) -> None:
        self.closed = True


@dataclass
class FakeDetector:
    """Hears speech wherever a sample is not zero, in windows of 32 ms of PCM."""

    error: SpeechError | None = None
    streams: dict[str, int] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)
    closed: bool = False

    async def listen(self, stream: str, audio: bytes, encoding: str) -> Sequence[SpeechWindow]:
        assert encoding == "audio/pcm"
        if self.error is not None:
            raise self.error
        begin = self.streams.get(stream, 0)
        size = 1_536
        windows = [audio[i : i + size] for i in range(0, len(audio) - size + 1, size)]
        self.streams[stream] = begin + len(windows)
        return [SpeechWindow(32 * (begin + i), float(any(w))) for i, w in enumerate(windows, start=1)]

    async def forget(self, stream: str) -> None:
        self.forgotten.append(stream)

    async def close(self) -> None:
        self.closed = True


class MakeRequest(Protocol):
    def __call__(self, *context: ContextItem, **changes: Any) -> GenerationRequest: ...


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def ids() -> CountingIds:
    return CountingIds()


@pytest.fixture
def voice() -> FakeVoice:
    return FakeVoice()


@pytest.fixture
def detector() -> FakeDetector:
    return FakeDetector()


@pytest.fixture
def user() -> Callable[..., ContextItem]:
    """Make a user's message."""

    def make(text: str = "", *, audio_ms: int = 0) -> ContextItem:
        audio = bytes(48 * audio_ms) if audio_ms else None
        audio_format = AudioFormat.PCM16 if audio_ms else None
        return ContextItem(
            id="item_user",
            type=ItemType.MESSAGE,
            role=Role.USER,
            text=text,
            audio=audio,
            audio_format=audio_format,
            audio_ms=audio_ms,
        )

    return make


@pytest.fixture
def tool() -> Callable[..., FunctionTool]:
    """Make a function tool."""

    def make(name: str, description: str = "", **parameters: Any) -> FunctionTool:
        return FunctionTool(name=name, description=description, parameters=parameters)

    return make


@pytest.fixture
def make_request() -> MakeRequest:
    """Make what a generator is asked."""

    def make(*context: ContextItem, **changes: Any) -> GenerationRequest:
        settings: dict[str, Any] = {
            "model": "gpt-realtime",
            "instructions": "",
            "modality": Modality.TEXT,
            "voice": "alloy",
            "speed": 1.0,
            "output_format": AudioFormat.PCM16,
            "tools": (),
            "tool_choice": "auto",
            "forced_tool": None,
            "max_output_tokens": None,
            "metadata": None,
            "out_of_band": False,
        }
        return GenerationRequest(context=context, **{**settings, **changes})

    return make


class FakePeer:
    """An end that carries nothing and stays until its session is left."""

    def __init__(self, live: LiveSession, run: Callable[[], Awaitable[None]] | None) -> None:
        self.live = live
        self._run = run

    async def answer(self, offer: Offer) -> str:
        if "unanswerable" in offer.sdp:
            raise InvalidOfferError("it is unanswerable")
        return "v=0\r\n"

    async def run(self) -> None:
        try:
            await (self._run or self.live.send_queue.closed)()
        finally:
            await self.close()

    async def close(self) -> None:
        await self.live.close()


@dataclass
class FakePeers:
    """Makes such ends."""

    error: Exception | None = None
    run: Callable[[], Awaitable[None]] | None = None
    made: list[FakePeer] = field(default_factory=list)

    async def __call__(self, *, live: LiveSession, **_: Any) -> FakePeer:
        if self.error is not None:
            raise self.error
        self.made.append(FakePeer(live, self.run))
        return self.made[-1]


@pytest.fixture
def config() -> SandboxConfig:
    return SandboxConfig(max_sessions=2, max_calls=1, max_sidebands=1)


@pytest.fixture
def faculties(clock: Any, ids: Any, voice: Any, detector: Any) -> Faculties:
    return Faculties(
        brain=BuiltInBrain(clock=clock),
        voice=voice,
        detector=detector,
        recogniser=DeafRecogniser(),
        clock=clock,
        sleep=asyncio.sleep,
        new_id=ids_from_hex(ids.hex),
    )


@pytest.fixture
def sessions(config: SandboxConfig) -> OpenSessions:
    return OpenSessions(limit=config.max_sessions)


@pytest.fixture
def peers() -> FakePeers:
    return FakePeers()


@pytest.fixture
async def calls(
    config: SandboxConfig, faculties: Faculties, ids: Any, sessions: OpenSessions, peers: FakePeers
) -> AsyncIterator[Calls]:
    calls = Calls(config=config, faculties=faculties, ids=ids, sessions=sessions, make_peer=peers)
    yield calls
    await calls.close()
