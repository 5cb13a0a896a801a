"""A client of WebRTC calls, as a browser would be one: aiortc on loopback, with a microphone and a loudspeaker."""

import asyncio
import json
from array import array
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from fractions import Fraction
from math import pi, sin
from typing import Any

from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame

from limi.kernel.clock import SystemClock
from limi.sandbox.speech import SpeechWindow, VoiceStyle
from limi.sandbox.transports.loopback import confine
from limi.sandbox.transports.playback import FRAME_SAMPLES, SAMPLE_RATE, Pacer
from tests.integration.sandbox.support import check_frame

_FRAME_BYTES = 2 * FRAME_SAMPLES
_WINDOW_BYTES = 1_536
_LOUD = 1_000
_HEARD_BYTES_PER_SECOND = 2 * 48_000


def tone(seconds: float, *, hertz: float = 440.0, amplitude: int = 12_000) -> bytes:
    """Return PCM16 at 24 kHz that a detector of loudness takes for speech."""
    samples = int(seconds * SAMPLE_RATE)
    return array("h", (int(amplitude * sin(2 * pi * hertz * i / SAMPLE_RATE)) for i in range(samples))).tobytes()


def peak(pcm: bytes) -> int:
    """Return the loudest sample's height."""
    return max((abs(sample) for sample in array("h", pcm)), default=0)


class ToneVoice:
    """Speaks a tenth of a second of tone for each word."""

    async def speak(self, text: str, style: VoiceStyle) -> AsyncGenerator[bytes, None]:
        del style
        for _ in text.split():
            yield tone(0.1)

    async def prepare(self) -> None:
        return

    async def close(self) -> None:
        return


class LoudnessDetector:
    """Hears speech wherever it is loud; Opus makes no difference to that."""

    def __init__(self) -> None:
        self._streams: dict[str, tuple[int, bytes]] = {}

    async def listen(self, stream: str, audio: bytes, encoding: str) -> Sequence[SpeechWindow]:
        assert encoding == "audio/pcm"
        begin, rest = self._streams.get(stream, (0, b""))
        audio = rest + audio
        count = len(audio) // _WINDOW_BYTES
        windows = [audio[i * _WINDOW_BYTES : (i + 1) * _WINDOW_BYTES] for i in range(count)]
        self._streams[stream] = (begin + count, audio[count * _WINDOW_BYTES :])
        return [SpeechWindow(32 * (begin + i), float(peak(w) > _LOUD)) for i, w in enumerate(windows, start=1)]

    async def forget(self, stream: str) -> None:
        self._streams.pop(stream, None)

    async def close(self) -> None:
        return


class _Microphone(MediaStreamTrack):
    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.to_say = bytearray()
        self.is_dead = False
        self.revived = asyncio.Event()
        self._pacer = Pacer(clock=SystemClock(), sleep=asyncio.sleep)
        self._samples = 0

    async def recv(self) -> AudioFrame:
        await self._pacer.wait()
        if self.is_dead:
            await self.revived.wait()
        pcm = bytes(self.to_say[:_FRAME_BYTES]).ljust(_FRAME_BYTES, b"\0")
        del self.to_say[:_FRAME_BYTES]
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME_SAMPLES)
        frame.planes[0].update(pcm)
        frame.sample_rate = SAMPLE_RATE
        frame.time_base = Fraction(1, SAMPLE_RATE)
        frame.pts = self._samples
        self._samples += FRAME_SAMPLES
        return frame


class Caller:
    """One client with one call."""

    def __init__(self, *, channel: str | None = "oai-events") -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.microphone = _Microphone()
        self.frames: list[str] = []
        self.events: list[dict[str, Any]] = []
        self.heard = bytearray()
        """What the loudspeaker played: PCM16 at 48 kHz, one of the two channels."""
        self.channel_closed = asyncio.Event()
        self._opened = asyncio.Event()
        self._arrived = asyncio.Event()
        self._listening: asyncio.Task[None] | None = None
        self.connection.addTrack(self.microphone)
        self.connection.on("track", self._listen)
        self.channel = None if channel is None else self.connection.createDataChannel(channel)
        if self.channel is not None:
            self.channel.on("message", self._received)
            self.channel.on("open", self._opened.set)
            self.channel.on("close", self.channel_closed.set)

    async def offer(self) -> str:
        """Return an SDP offer; the client's own sockets stay on loopback, too."""
        connection = self.connection
        transports = [transceiver.receiver.transport for transceiver in connection.getTransceivers()]
        if connection.sctp is not None:
            transports.append(connection.sctp.transport)
        for gatherer in {id(one): one.transport.iceGatherer for one in transports}.values():
            confine(gatherer._connection, address="127.0.0.1")
        await connection.setLocalDescription(await connection.createOffer())
        sdp: str = connection.localDescription.sdp
        return sdp

    async def accept(self, answer: str) -> None:
        """Take the answer and wait until the data channel is open, if there is one."""
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))
        if self.channel is not None:
            await asyncio.wait_for(self._opened.wait(), 10)

    def send(self, event_type: str, **members: Any) -> None:
        assert self.channel is not None
        self.channel.send(json.dumps({"type": event_type, **members}))

    def say(self, pcm: bytes) -> None:
        self.microphone.to_say += pcm

    async def until(self, event_type: str, *, count: int = 1) -> dict[str, Any]:
        """Wait for the nth event of a type."""
        async with asyncio.timeout(20):
            while True:
                found = [event for event in self.events if event["type"] == event_type]
                if len(found) >= count:
                    return found[count - 1]
                self._arrived.clear()
                await self._arrived.wait()

    async def hears(self, seconds: float) -> None:
        """Wait until the loudspeaker has played so much more, silence included."""
        enough = len(self.heard) + seconds * _HEARD_BYTES_PER_SECOND
        async with asyncio.timeout(20):
            while len(self.heard) < enough:  # noqa: ASYNC110 - sound arrives by itself
                await asyncio.sleep(0.01)

    async def hears_sound(self) -> None:
        """Wait until the loudspeaker is not silent."""
        async with asyncio.timeout(20):
            while peak(bytes(self.heard[-3_840:])) < _LOUD:  # noqa: ASYNC110 - sound arrives by itself
                await asyncio.sleep(0.01)

    async def hears_silence(self) -> None:
        """Wait until the loudspeaker has been silent for 100 ms."""
        async with asyncio.timeout(20):
            while peak(bytes(self.heard[-9_600:])) >= _LOUD:  # noqa: ASYNC110 - sound arrives by itself
                await asyncio.sleep(0.01)

    def types(self) -> list[str]:
        """Name the events, runs of deltas once."""
        names: list[str] = []
        for event in self.events:
            if not (event["type"].endswith(".delta") and event["type"] in names):
                names.append(event["type"])
        return names

    def vanish(self) -> None:
        """Be gone from one moment to the next, as after a pulled plug: nothing is said, nothing is answered."""
        self.microphone.is_dead = True
        for transceiver in self.connection.getTransceivers():
            for protocol in transceiver.receiver.transport.transport._connection._protocols:
                protocol.transport.abort()

    async def close(self) -> None:
        """Hang up as a tab that is closed does."""
        await self.connection.close()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        for frame in self.frames:
            check_frame(frame)

    def _received(self, message: str) -> None:
        self.frames.append(message)
        self.events.append(json.loads(message))
        self._arrived.set()

    def _listen(self, track: MediaStreamTrack) -> None:
        self._listening = asyncio.create_task(self._hear(track), name="caller listens")

    async def _hear(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                assert isinstance(frame, AudioFrame)
                stereo = bytes(frame.planes[0])[: 4 * frame.samples]
                self.heard += array("h", stereo)[::2].tobytes()


Answerer = Callable[[str], Awaitable[str]]


@asynccontextmanager
async def calling(answer: Answerer, *, channel: str | None = "oai-events") -> AsyncIterator[Caller]:
    """Hold a call with whoever answers offers."""
    caller = Caller(channel=channel)
    try:
        await caller.accept(await answer(await caller.offer()))
        yield caller
    finally:
        await caller.close()
