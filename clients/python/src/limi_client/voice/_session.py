"""A voice conversation, as its user holds it."""

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import IO, Any, Final

from limi_client._errors import VoiceConnectionError
from limi_client._ports import SYSTEM, Ports
from limi_client.voice._answer import Answer, AnswerBuilder, first_answer
from limi_client.voice._conversation import Conversation
from limi_client.voice._driver import Driver
from limi_client.voice._events import StateChanged, TranscriptEntry, VoiceEvent, VoiceState
from limi_client.voice._levels import level_of
from limi_client.voice._machine_words import Input
from limi_client.voice._options import VoiceOptions
from limi_client.voice._ports import Sleep, VoiceBackend
from limi_client.voice._realtime import RealtimeConnector, connect_by_sdk
from limi_client.voice._recital import recite
from limi_client.voice._stream import EventStream
from limi_client.voice._wav import BYTES_PER_SECOND, pcm_from_wav

__all__ = ["VoiceSession"]

_MOST_BYTES_AT_ONCE: Final = 10 * BYTES_PER_SECOND
"""Of sound in one event; the server's own bound is 15 MiB."""
_TRANSCRIPT_SECONDS: Final = 5.0
"""What is said may be written down later than it is answered, but not much."""


class VoiceSession:
    """A conversation by WebSocket, which survives what can be survived.

    Iterate over it for all that happens, or wait for `next_answer()`. A lost connection comes back by itself with
    a fresh key; what cannot be mended ends the iteration with the error.

    Example:
        async with client.create_voice_session() as voice:
            await voice.send_wav("hello.wav")
            answer = await voice.next_answer()
            answer.save("answer.wav")
    """

    def __init__(
        self,
        backend: VoiceBackend,
        options: VoiceOptions | None = None,
        *,
        connector: RealtimeConnector = connect_by_sdk,
        ports: Ports = SYSTEM,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Open nothing yet.

        Args:
            backend: Mints keys; usually an `AsyncLimiAIClient`, which stays open longer than this.
            options: How the conversation is to be.
            connector: Opens sessions; the openai SDK's unless given.
            ports: Time, chance and identifiers.
            sleep: How to wait.
        """
        self.options: VoiceOptions = options or VoiceOptions()
        self._ports, self._sleep = ports, sleep
        self._stream = EventStream(self.options.max_waiting_bytes)
        self._changed = asyncio.Event()
        self._closing: asyncio.Task[None] | None = None
        self._muted = False
        self._sent_bytes = 0
        self._input_level = 0.0
        self._conversation = Conversation(
            options=self.options, ports=ports, emit=self._emit, send=self._send, origin=backend.origin
        )
        self._driver = Driver(
            backend=backend,
            options=self.options,
            connector=connector,
            ports=ports,
            sleep=sleep,
            on_state=self._state_changed,
            on_session=self._session_begun,
            on_event=self._take,
            on_sound=self._hear_microphone,
        )

    def __repr__(self) -> str:
        return f"VoiceSession({self.state.status!r})"

    @property
    def state(self) -> VoiceState:
        """How the conversation stands."""
        return self._driver.state

    @property
    def transcript(self) -> tuple[TranscriptEntry, ...]:
        """What both sides said so far, across reconnects."""
        return self._conversation.transcript.entries

    @property
    def awaits_transcript(self) -> bool:
        """Whether something was said that is still to be written down."""
        return self._conversation.awaits_transcript

    @property
    def levels(self) -> tuple[float, float]:
        """How loud the user and the assistant are, each from 0 to 1; for a meter."""
        playing = self._conversation.seconds_to_play > 0
        return self._input_level, self._conversation.output_level if playing else 0.0

    @property
    def muted(self) -> bool:
        """Whether silence is sent in place of what the user says."""
        return self._muted

    def mute(self, on: bool = True) -> None:  # noqa: FBT001, FBT002 - a switch
        """Send silence in place of what the user says, or no longer."""
        self._muted = on

    async def __aenter__(self) -> "VoiceSession":
        """Connect."""
        try:
            await self.connect()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        await self.close()

    def __aiter__(self) -> AsyncIterator[VoiceEvent]:
        """Return this conversation's events: those that nobody has read yet, and all that come."""
        return self._stream

    async def connect(self) -> None:
        """Mint a key and open the session.

        Raises:
            LimiError: It could not be opened.
            RuntimeError: The conversation was closed.
        """
        if self._closing is not None:
            raise RuntimeError("this conversation was closed; create another one")
        if self.options.speaker is not None:
            self.options.speaker.open()
        if self._stream.has_ended:
            self._stream = EventStream(self.options.max_waiting_bytes)
        self._driver.take(Input("connect"))
        await self._until_connected()

    async def close(self) -> None:
        """End the conversation and leave nothing behind, also when cancelled meanwhile; may be called twice."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close(), name="limi close")
        cancelled: asyncio.CancelledError | None = None
        while not self._closing.done():
            # It has time-outs of its own, so that whoever cancels waits some seconds at most.
            try:
                await asyncio.shield(self._closing)
            except asyncio.CancelledError as exc:  # noqa: PERF203 - it goes round once, as a rule
                cancelled = exc
        if cancelled is not None:
            raise cancelled

    async def send_text(self, text: str) -> None:
        """Say something by keyboard; an answer under way is stopped first.

        Raises:
            LimiError: There is no connection, and there will be none.
        """
        await self._until_connected()
        await self._conversation.say(text)

    async def send_audio(self, pcm: bytes) -> None:
        """Send sound as it is spoken: 24 kHz, one channel, 16 bit; it is lost while there is no connection.

        Raises:
            ValueError: It is half a sample too long.
        """
        if len(pcm) % 2:
            raise ValueError("pcm: must be whole samples of 16 bit")
        self._input_level = 0.0 if self._muted else level_of(pcm)
        for start in range(0, len(pcm), _MOST_BYTES_AT_ONCE):
            piece = pcm[start : start + _MOST_BYTES_AT_ONCE]
            await self._append(bytes(len(piece)) if self._muted else piece)

    async def send_wav(self, source: str | os.PathLike[str] | bytes | IO[bytes], *, speed: float = 1.0) -> None:
        """Say a recording, and then silence until the server has noticed that the turn is over.

        Args:
            source: A WAV file of any rate, width and number of channels, as a path, its bytes or an open file.
            speed: How much faster than it was spoken it is sent; infinity for as fast as can be.

        Raises:
            ValueError: It is no such file, or the speed is not above 0.
            OSError: It cannot be read.
            LimiError: There is no connection, and there will be none.
        """
        if not speed > 0:
            raise ValueError("speed: must be above 0")
        # In a thread: other rates take a while.
        pcm = await asyncio.to_thread(pcm_from_wav, source)
        await recite(pcm, _Ear(self), speed=speed, sleep=self._sleep, monotonic=self._ports.monotonic)

    async def next_answer(
        self, *, timeout: float | None = None, on_event: Callable[[VoiceEvent], None] | None = None
    ) -> Answer:
        """Wait for the next complete answer.

        Args:
            timeout: Seconds; unless given, as long as it takes.
            on_event: Is shown what comes on the way, which is read and gone.

        Raises:
            LimiError: It failed, or the conversation ended before.
            TimeoutError: It did not come in time.
        """
        builder = AnswerBuilder(on_event)
        try:
            await asyncio.wait_for(first_answer(self._stream, builder), timeout)
        except asyncio.TimeoutError:
            raise TimeoutError(f"no complete answer within {timeout:g} seconds") from None
        if self.options.speaker is None:
            # Whoever takes answers as a whole has all of it, however long it would take to play.
            self._conversation.note_heard()
        # Where the question is not written down in time it is not in the answer; that is what was asked for.
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._read_transcripts(builder), _TRANSCRIPT_SECONDS)
        return builder.build()

    async def interrupt(self) -> None:
        """Stop the answer, and have the server forget what was not heard of it."""
        await self._conversation.interrupt()

    async def send_event(self, event: Mapping[str, Any]) -> bool:
        """Send a client event of the Realtime API as it is, for what this class does not cover.

        Returns:
            Whether it was sent; without a connection it is not.
        """
        return await self._driver.send(event)

    async def _close(self) -> None:
        await self._driver.close()
        if self.options.speaker is not None:
            self.options.speaker.close()
        self._stream.end()
        self._changed.set()

    async def _until_connected(self) -> None:
        while self.state.status != "connected":
            if self.state.status == "failed" and self.state.error is not None:
                raise self.state.error
            if self.state.status == "disconnected":
                raise VoiceConnectionError("network_error", message="There is no conversation; connect first")
            self._changed.clear()
            await self._changed.wait()

    async def _read_transcripts(self, builder: AnswerBuilder) -> None:
        while self._conversation.awaits_transcript:
            event = await self._stream.get()
            if event is None:
                return
            builder.take(event)

    async def _append(self, pcm: bytes) -> None:
        audio = base64.b64encode(pcm).decode()
        if await self._driver.send({"type": "input_audio_buffer.append", "audio": audio}):
            self._sent_bytes += len(pcm)

    async def _hear_microphone(self, pcm: bytes) -> None:
        if self.state.status == "connected":
            await self.send_audio(pcm)

    async def _session_begun(self, created: Mapping[str, Any], restore: bool) -> None:  # noqa: FBT001 - the driver's word
        session = created.get("session")
        self._conversation.begin_session(session if isinstance(session, dict) else {})
        self._sent_bytes = 0
        settings: dict[str, Any] = {}
        if self.options.instructions is not None:
            settings["instructions"] = self.options.instructions
        if self.options.tools:
            settings["tools"] = [tool.as_sent() for tool in self.options.tools]
        if settings:
            await self._send({"type": "session.update", "session": {"type": "realtime", **settings}})
        if restore:
            await self._conversation.restore()

    async def _take(self, event: Mapping[str, Any]) -> None:
        calls = await self._conversation.take(event)
        if calls:
            self._driver.run(f"tools {self._ports.new_id()}", self._conversation.run_tools(calls))
        if self._conversation.is_busy:
            self._driver.take(Input("busy"))
        else:
            self._driver.run("quiet", self._be_quiet())

    async def _be_quiet(self) -> None:
        await self._sleep(self._conversation.seconds_to_play)
        self._driver.take(Input("quiet"))

    async def _send(self, event: Mapping[str, Any]) -> None:
        await self._driver.send(event)

    def _emit(self, event: VoiceEvent) -> None:
        self._stream.put(event)

    def _state_changed(self, state: VoiceState) -> None:
        self._changed.set()
        self._emit(StateChanged(state))
        if state.status == "failed":
            self._stream.end(state.error)


class _Ear:
    """The conversation as a recording is said into it."""

    def __init__(self, voice: VoiceSession) -> None:
        self._voice = voice

    @property
    def sent_seconds(self) -> float:
        return self._voice._sent_bytes / BYTES_PER_SECOND  # noqa: SLF001 - a part of the session

    @property
    def speech_ended_at(self) -> float:
        return self._voice._conversation.speech_ended_at  # noqa: SLF001 - as above

    @property
    def speaking(self) -> bool:
        return self._voice._conversation.speaking  # noqa: SLF001 - as above

    @property
    def detects_turns(self) -> bool:
        return self._voice._conversation.detects_turns  # noqa: SLF001 - as above

    async def hear(self, pcm: bytes) -> None:
        await self._voice._until_connected()  # noqa: SLF001 - as above
        await self._voice.send_audio(pcm)

    async def end_turn(self) -> None:
        await self._voice.send_event({"type": "input_audio_buffer.commit"})
        await self._voice._conversation.want_answer()  # noqa: SLF001 - as above
