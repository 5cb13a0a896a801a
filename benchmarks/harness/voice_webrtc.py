"""A caller over WebRTC. Its sound is coded once for all callers, so that the load core is not full of coders."""

import asyncio
import http.client
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from fractions import Fraction
from functools import cache
from typing import Final

from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.codecs.opus import OpusEncoder
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, Packet
from av.stream import Stream

from benchmarks.harness.voice_sound import RATE, Microphone, cut, recorded_speech
from benchmarks.harness.voice_turns import CallError, Conversation

__all__ = ["webrtc_call"]

_PIECE_MS: Final = 20
_PIECE_SAMPLES: Final = RATE * _PIECE_MS // 1000
_CONNECT_SECONDS: Final = 20.0
_CREATED: Final = 201
_LOUD: Final = 500
"""Of 32,768: what a coder makes of silence stays far below, and speech rises ten times above."""
_LOOKED_AT: Final = 97
"""One sample of so many; a sound of 20 ms is not missed between them."""


@asynccontextmanager
async def webrtc_call(port: int, key: str, *, seconds: float | None) -> AsyncIterator[Conversation]:
    """Hold a call until the end of the block; see `socket_call`.

    Raises:
        CallError: it could not be opened.
    """
    loop = asyncio.get_running_loop()
    microphone = Microphone(speech=_coded(seconds), silence=_coded_silence(), piece_ms=_PIECE_MS)
    conversation = Conversation(microphone, clock=loop.time, has_track=True)
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    mouth, ear = _Mouth(microphone), _Ear()
    peer.addTrack(mouth)
    peer.on("track", ear.follow)
    channel = peer.createDataChannel("oai-events")
    opened = asyncio.Event()

    def receive(event: str) -> None:
        opened.set()
        if "output_audio_buffer.stopped" in event and not ear.take_loud():
            conversation.lose(CallError("an answer without sound"))
        conversation.receive(event)

    channel.on("message", receive)
    try:
        await _connect(peer, port, key)
        try:
            await asyncio.wait_for(opened.wait(), _CONNECT_SECONDS)
        except TimeoutError as exc:
            raise CallError(f"not connected within {_CONNECT_SECONDS:g} s") from exc
        # Only now does the other side surely hear, and no sound may be lost: moments are named by it.
        mouth.open()
        yield conversation
    finally:
        await peer.close()
        await ear.close()


async def _connect(peer: RTCPeerConnection, port: int, key: str) -> None:
    await peer.setLocalDescription(await peer.createOffer())
    sdp = await asyncio.to_thread(_exchange, port, key, peer.localDescription.sdp)
    await peer.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="answer"))


def _exchange(port: int, key: str, offer: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_CONNECT_SECONDS)
    headers = {"content-type": "application/sdp", "authorization": f"Bearer {key}"}
    try:
        connection.request("POST", "/v1/realtime/calls", body=offer, headers=headers)
        response = connection.getresponse()
        answer = response.read().decode()
    except (OSError, http.client.HTTPException) as exc:
        raise CallError(f"no answer to an offer: {exc}") from exc
    finally:
        connection.close()
    if response.status != _CREATED:
        raise CallError(f"an offer was answered {response.status}: {answer[:300]}")
    return answer


class _Mouth(MediaStreamTrack):
    """Sends what the microphone gives, packed already."""

    kind = "audio"

    def __init__(self, microphone: Microphone[bytes]) -> None:
        super().__init__()
        self._microphone = microphone
        self._clock = asyncio.get_running_loop().time
        self._opened = asyncio.Event()
        self._due: float | None = None
        self._samples = 0

    def open(self) -> None:
        self._opened.set()

    async def recv(self) -> "Packet[Stream]":
        await self._opened.wait()
        now = self._clock()
        self._due = now if self._due is None else self._due + _PIECE_MS / 1000
        await asyncio.sleep(self._due - now)
        packet = Packet(self._microphone.next_piece(self._clock()))
        packet.pts = self._samples
        packet.time_base = Fraction(1, RATE)
        self._samples += _PIECE_SAMPLES
        return packet


class _Ear:
    """Empties the track that replies come on, and knows whether there was sound."""

    def __init__(self) -> None:
        self._loud = False
        self._task: asyncio.Task[None] | None = None

    def follow(self, track: MediaStreamTrack) -> None:
        self._task = asyncio.create_task(self._listen(track))

    def take_loud(self) -> bool:
        """Return whether there was sound since this was asked last."""
        loud, self._loud = self._loud, False
        return loud

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame = await track.recv()
                if not self._loud and isinstance(frame, AudioFrame):
                    samples = memoryview(bytes(frame.planes[0])).cast("h")
                    self._loud = max(samples[::_LOOKED_AT]) > _LOUD


@cache
def _coded(seconds: float | None) -> list[bytes]:
    return _code(cut(recorded_speech(seconds), _PIECE_MS))


@cache
def _coded_silence() -> bytes:
    # The coder needs a moment to settle after its start.
    return _code(cut(bytes(RATE), _PIECE_MS))[-1]


def _code(pieces: Sequence[bytes]) -> list[bytes]:
    encoder = OpusEncoder()
    coded: list[bytes] = []
    for number, pcm in enumerate(pieces):
        frame = AudioFrame(format="s16", layout="mono", samples=_PIECE_SAMPLES)
        frame.planes[0].update(pcm)
        frame.sample_rate = RATE
        frame.time_base = Fraction(1, RATE)
        frame.pts = number * _PIECE_SAMPLES
        coded += encoder.encode(frame)[0]
    return coded
