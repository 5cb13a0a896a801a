"""Carries a session over WebRTC: sound by a media track each way, events by the data channel `oai-events`.

The only module that imports aiortc and PyAV, which are large and optional: `limi.sandbox.transports.peers` imports
it when the first call comes. What aiortc does not do for a server, and why it was taken all the same, stands in
docs/decisions/0012.
"""

import asyncio
from contextlib import suppress
from fractions import Fraction
from typing import Final

import structlog
from aiortc import (
    MediaStreamTrack,
    RTCConfiguration,
    RTCDataChannel,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.jitterbuffer import JitterFrame
from aiortc.mediastreams import MediaStreamError
from av import AudioFrame, AudioResampler

from limi.sandbox.config import SandboxConfig
from limi.sandbox.sessions.live_session import Faculties, LiveSession
from limi.sandbox.sessions.send_queue import Farewell
from limi.sandbox.transports.arrivals import hand_on_at_once
from limi.sandbox.transports.data_channel import Inbox, fit_message
from limi.sandbox.transports.loopback import confine
from limi.sandbox.transports.playback import (
    FRAME_SAMPLES,
    SAMPLE_RATE,
    Pacer,
    PlaybackStarted,
    Player,
)
from limi.sandbox.transports.sdp import InvalidOfferError, Offer
from limi.sandbox.transports.timeline import Timeline

__all__ = ["WebRTCPeer"]

_log = structlog.get_logger(__name__)

_EVENTS: Final = "oai-events"
_OVER: Final = frozenset({"failed", "closed"})
_MOST_BUFFERED_BYTES: Final = 256 * 1024
"""Events that may wait inside the data channel; past it the session waits, as with a socket that is not read."""
_LITTLE_BUFFERED_BYTES: Final = 64 * 1024
_FLUSH_SECONDS: Final = 1.0
"""What a call that is hung up may take to send its last events: on a slow network a round trip or three."""
_PIECE_BYTES: Final = 2 * 2 * FRAME_SAMPLES
"""Two frames are heard at a time. Handing sound to the detector's process is the dearest thing the event loop does
for a call, a third of its work when it is done for each frame; with more frames every turn would end later."""


class WebRTCPeer:
    """The server's end of one call."""

    def __init__(self, *, live: LiveSession, player: Player, faculties: Faculties, config: SandboxConfig) -> None:
        """Make an end that nobody is connected to.

        Args:
            live: The session, whose loudspeaker `player` is.
            player: Where the sound to be sent comes from.
            faculties: Its time, and identifiers for events of its own.
            config: The sandbox's settings.
        """
        self._live = live
        self._faculties = faculties
        self._config = config
        self._inbox = Inbox(limit_bytes=config.inbox_bytes)
        # Without the empty list aiortc asks Google's STUN server who we are, and waits five seconds for it.
        self._connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._ears = _Ears(live)
        pacer = Pacer(clock=faculties.clock, sleep=faculties.sleep)
        self._mouth = _Mouth(live=live, player=player, pacer=pacer, ears=self._ears)
        self._message_bytes = 0
        self._channel: RTCDataChannel | None = None
        self._channel_decided = asyncio.Event()
        self._drained = asyncio.Event()
        self._connected = asyncio.Event()
        self._ended = asyncio.Event()
        self._connection.on("connectionstatechange", self._state_changed)
        self._connection.on("datachannel", self._channel_opened)
        self._connection.on("track", self._track_added)

    async def answer(self, offer: Offer) -> str:
        """Return the answer to an offer; `run` must follow, or `close`.

        Raises:
            InvalidOfferError: The offer cannot be answered.
            OSError: This machine has no such address as clients are to be told.
        """
        self._message_bytes = offer.message_bytes
        if not offer.has_data_channel:
            self._channel_decided.set()
        try:
            await self._accept(offer.sdp)
        except Exception as exc:
            # aiortc reads SDP with asserts, indexes and dictionaries.
            raise InvalidOfferError(f"it could not be understood ({type(exc).__name__})") from exc
        description: str = self._connection.localDescription.sdp
        if "a=candidate:" not in description:
            # aioice passes over addresses that it cannot bind.
            raise OSError(f"no socket can be bound for calls at {self._config.public_ip}")
        return description

    async def run(self) -> None:
        """Carry the session until either side ends it; leaves nothing running."""
        ends = [
            asyncio.create_task(work, name=f"sandbox call {name}")
            for name, work in (
                ("end", _until(self._ended)),
                ("writer", self._write()),
                ("reader", self._read()),
                ("hang-up", self._hang_up()),
            )
        ]
        watchdog = asyncio.create_task(self._watch(), name="sandbox call watchdog")
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*ends, watchdog):
                task.cancel()
            await asyncio.gather(*ends, watchdog, return_exceptions=True)
            await self.close()
        for task in ends:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def close(self) -> None:
        """End the connection and the session; may be called twice."""
        try:
            async with asyncio.timeout(self._config.close_seconds):
                await self._connection.close()
        except Exception:  # noqa: BLE001 - a time-out, or what a connection raises that broke on its offer
            # Neither may keep the session alive.
            _log.exception("sandbox.call.close_failed")
        await self._ears.close()
        await self._live.close()

    # --- what the connection says ---

    def _state_changed(self) -> None:
        state = self._connection.connectionState
        if state == "connected":
            self._connected.set()
        elif state in _OVER:
            self._ended.set()

    def _channel_opened(self, channel: RTCDataChannel) -> None:
        if channel.label != _EVENTS or self._channel is not None:
            _log.info("sandbox.call.channel_ignored", label=channel.label[:100])
            return
        channel.bufferedAmountLowThreshold = _LITTLE_BUFFERED_BYTES
        channel.on("message", self._message_received)
        channel.on("bufferedamountlow", self._drained.set)
        channel.on("close", self._drained.set)
        self._channel = channel
        # It is open already when aiortc tells of it, and says nothing further.
        self._channel_decided.set()

    def _message_received(self, message: str | bytes) -> None:
        # An exception here would end the connection, so that nothing is done but to keep the message.
        if not self._inbox.put(message):
            _log.warning("sandbox.call.flooded", limit_bytes=self._config.inbox_bytes)
            self._ended.set()

    def _track_added(self, track: MediaStreamTrack) -> None:
        if track.kind == "audio":
            self._ears.follow(track)

    # --- what runs while the call does ---

    async def _accept(self, sdp: str) -> None:
        connection = self._connection
        opus = [codec for codec in RTCRtpSender.getCapabilities("audio").codecs if codec.mimeType == "audio/opus"]
        connection.addTransceiver(self._mouth).setCodecPreferences(opus)
        await connection.setRemoteDescription(RTCSessionDescription(sdp=sdp, type="offer"))
        for transceiver in connection.getTransceivers():
            if transceiver.kind != "audio":
                transceiver.direction = "inactive"
            else:
                hand_on_at_once(transceiver.receiver, make_frame=JitterFrame)
        transports = [transceiver.receiver.transport for transceiver in connection.getTransceivers()]
        if connection.sctp is not None:
            transports.append(connection.sctp.transport)
        for gatherer in {id(one): one.transport.iceGatherer for one in transports}.values():
            confine(gatherer._connection, address=self._config.public_ip)  # noqa: SLF001 - see `loopback`
        await connection.setLocalDescription(await connection.createAnswer())

    async def _watch(self) -> None:
        """End a call whose client does not come."""
        await self._faculties.sleep(self._config.connect_seconds)
        if not self._connected.is_set():
            _log.info("sandbox.call.never_connected", seconds=self._config.connect_seconds)
            self._ended.set()
        # A client may announce a data channel and never open one of the right name; then nobody reads events.
        self._channel_decided.set()

    async def _write(self) -> None:
        while not isinstance(event := await self._live.send_queue.take(), Farewell):
            await self._channel_decided.wait()
            channel = self._channel
            if channel is None or channel.readyState != "open":
                continue
            fitting = fit_message(event, most_bytes=self._message_bytes, new_id=self._faculties.new_id)
            channel.send(fitting.decode())
            await self._until_buffered(_MOST_BUFFERED_BYTES)
        await self._until_buffered(0)

    async def _until_buffered(self, most: int) -> None:
        channel = self._channel
        while channel is not None and channel.readyState == "open" and channel.bufferedAmount > most:
            channel.bufferedAmountLowThreshold = min(most, _LITTLE_BUFFERED_BYTES)
            self._drained.clear()
            await self._drained.wait()

    async def _read(self) -> None:
        while True:
            message = await self._inbox.take()
            if isinstance(message, str):
                await self._live.receive_text(message)
            else:
                await self._live.receive_binary(message)

    async def _hang_up(self) -> None:
        """End the call soon after the farewell, however slowly the client reads what was said before it."""
        await self._live.send_queue.closed()
        if self._channel is not None:
            await self._faculties.sleep(_FLUSH_SECONDS)


async def _until(event: asyncio.Event) -> None:
    await event.wait()


class _Ears:
    """Hears the client: any sound it sends, as the PCM that the session wants."""

    def __init__(self, live: LiveSession) -> None:
        self._live = live
        self._timeline = Timeline()
        self._unheard = bytearray()
        self._listening: asyncio.Task[None] | None = None

    def follow(self, track: MediaStreamTrack) -> None:
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen(track), name="sandbox call ears")

    def frame_passed(self) -> None:
        """Hear silence where the client has sent nothing for long."""
        if silence := self._timeline.frame_passed():
            self._hear(silence)

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _listen(self, track: MediaStreamTrack) -> None:
        resampler = AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
        with suppress(MediaStreamError):
            while True:
                received = await track.recv()
                assert isinstance(received, AudioFrame)  # noqa: S101 - a track of sound has nothing else
                self._hear(self._silence_before(received))
                for frame in resampler.resample(received):
                    # A plane may be longer than what is in it.
                    self._hear(bytes(frame.planes[0])[: 2 * frame.samples])

    def _silence_before(self, received: AudioFrame) -> bytes:
        if received.pts is None or received.time_base is None:
            return b""
        begins = int(received.pts * received.time_base * SAMPLE_RATE)
        return self._timeline.silence_before(begins, received.samples * SAMPLE_RATE // received.sample_rate)

    def _hear(self, pcm: bytes) -> None:
        self._unheard += pcm
        if len(self._unheard) >= _PIECE_BYTES:
            self._live.receive_audio(bytes(self._unheard))
            self._unheard.clear()


class _Mouth(MediaStreamTrack):
    """The track that replies are heard on; it sends silence in between, as a microphone would."""

    kind = "audio"

    def __init__(self, *, live: LiveSession, player: Player, pacer: Pacer, ears: _Ears) -> None:
        super().__init__()
        self._live = live
        self._player = player
        self._pacer = pacer
        self._ears = ears
        self._samples = 0

    async def recv(self) -> AudioFrame:
        """Return the next 20 ms when they are due."""
        await self._pacer.wait()
        frame = self._player.next_frame()
        for report in frame.reports:
            if isinstance(report, PlaybackStarted):
                self._live.playback_started(report.response_id)
            else:
                self._live.playback_stopped(report.response_id)
        self._ears.frame_passed()
        return self._to_av(frame.pcm)

    def _to_av(self, pcm: bytes) -> AudioFrame:
        # Each sample twice: aiortc makes stereo of everything, and would take 3 dB off a mono track for it.
        stereo = bytearray(2 * len(pcm))
        stereo[0::4] = stereo[2::4] = pcm[0::2]
        stereo[1::4] = stereo[3::4] = pcm[1::2]
        frame = AudioFrame(format="s16", layout="stereo", samples=FRAME_SAMPLES)
        frame.planes[0].update(bytes(stereo))
        frame.sample_rate = SAMPLE_RATE
        frame.time_base = Fraction(1, SAMPLE_RATE)
        frame.pts = self._samples
        self._samples += FRAME_SAMPLES
        return frame
