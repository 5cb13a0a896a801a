"""Brings one protocol session to life: does what it wants, tells it what became of it, keeps its time.

The session computes and this does. No socket is known here: what is to be sent goes into a queue that a transport
empties, and a transport hands in what it receives. The WebSocket is one such transport; WebRTC is another, and has
a loudspeaker besides.
"""

import asyncio
import math
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec
import structlog

from limi.kernel.clock import Clock
from limi.protocol import (
    ClearPlayback,
    Close,
    ConfigureVAD,
    Effect,
    FeedVAD,
    Generate,
    IdKind,
    Modality,
    NewId,
    PlayAudio,
    ProtocolError,
    RealtimeSession,
    SessionType,
    StopGenerating,
    Transcribe,
)
from limi.sandbox.answering.brain import Brain
from limi.sandbox.answering.generation import Generation, Pace
from limi.sandbox.config import SandboxConfig
from limi.sandbox.frames.large_append import decode_large_append
from limi.sandbox.frames.large_frame import LARGE_CHARACTERS, read_large_frame
from limi.sandbox.hearing.dictation import Dictation
from limi.sandbox.hearing.ears import Ears
from limi.sandbox.hearing.listening import Listener
from limi.sandbox.hearing.turn_ends import TurnEnds
from limi.sandbox.hearing.utterances import Hearing
from limi.sandbox.interference import Interference
from limi.sandbox.owned_tasks import OwnedTasks
from limi.sandbox.sessions.outgoing import Outgoing
from limi.sandbox.sessions.send_queue import Farewell
from limi.sandbox.sleep import Sleep
from limi.sandbox.speech import (
    EndOfTurnJudge,
    Recogniser,
    SpeechError,
    Voice,
    VoiceActivityDetector,
)
from limi.sandbox.speech.turns import SpeechStarted, SpeechStopped

__all__ = ["Faculties", "LiveSession", "Loudspeaker"]

_log = structlog.get_logger(__name__)

_NORMAL: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Faculties:
    """What all sessions of a sandbox share: what it hears, thinks and speaks with, and its time."""

    brain: Brain
    voice: Voice
    detector: VoiceActivityDetector
    recogniser: Recogniser
    clock: Clock
    sleep: Sleep
    new_id: NewId
    judge: EndOfTurnJudge | None = None
    """Who tells by the sound whether a turn is over; without one its silence is measured."""
    interference: Interference | None = None
    """Who stands between the sessions and their clients, if anybody does."""


class Loudspeaker(Protocol):
    """Where replies are heard, on transports with a media track. It reports when one begins and ends."""

    def play(self, response_id: str, item_id: str, audio: bytes) -> None:
        """Put a piece of a reply behind what waits: PCM16 at 24 kHz."""

    def complete(self, response_id: str) -> None:
        """Nothing will be added to a reply."""

    def clear(self, response_id: str) -> int:
        """Forget what is left of a reply; returns how many milliseconds of its newest item were heard."""

    async def room(self) -> None:
        """Wait until not too much waits to be heard."""


class LiveSession:
    """One running session with all its tasks."""

    def __init__(
        self,
        *,
        session: RealtimeSession,
        faculties: Faculties,
        config: SandboxConfig,
        loudspeaker: Loudspeaker | None = None,
    ) -> None:
        """Take over a session that nobody has driven yet; `start` sets it going.

        Args:
            session: The state machine.
            faculties: What it hears, thinks and speaks with.
            config: The sandbox's settings.
            loudspeaker: Where replies are heard; None where they travel as events.
        """
        self._session = session
        self._faculties = faculties
        self._config = config
        self._loudspeaker = loudspeaker
        self._tasks = OwnedTasks()
        self._hearing = Hearing(recogniser=faculties.recogniser, tasks=self._tasks)
        self._dictation = Dictation(
            session=session,
            hearing=self._hearing,
            settle=self._settle_with_room,
            clock=faculties.clock,
            sleep=faculties.sleep,
            times_real_time=config.audio_pace,
        )
        self._generations: dict[str, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._wake_at = float("inf")
        self._said_deaf = False
        self._is_full = False
        self._ears = Ears(recogniser=faculties.recogniser, judge=faculties.judge, tasks=self._tasks)
        self._outgoing = Outgoing(
            session=session,
            config=config,
            interference=faculties.interference,
            tasks=self._tasks,
            sleep=faculties.sleep,
            expire=self._expire,
        )
        self.send_queue = self._outgoing.queue
        """Where a transport takes what is to be sent."""
        self.audience = self._outgoing.audience
        """Those who get the same events beside the client."""
        self._listener = self._new_listener()

    def start(self) -> None:
        """Begin: the session's first event is in the send queue after this."""
        self._tasks.start(self._listener.run(), name="sandbox listener")
        self._tasks.start(self._keep_time(), name="sandbox clock")
        settings = self._session.config
        if settings.type is SessionType.REALTIME and settings.modality is Modality.AUDIO:
            self._tasks.start(self._faculties.voice.prepare(), name="sandbox voice")
        self._settle()

    async def receive_text(self, frame: str) -> None:
        """Take a text frame; waits while the client does not read, or speaks faster than it can be heard."""
        self._outgoing.heard(frame)
        if LARGE_CHARACTERS < len(frame) <= self._session.frame_characters:
            await self._receive_large(frame)
        else:
            self._session.receive_text(frame, self._now())
        await self._settle_with_room()
        await self._listener.room()

    async def receive_binary(self, frame: bytes) -> None:
        """Take a binary frame, which the session refuses."""
        self._session.receive_binary(frame, self._now())
        await self._settle_with_room()

    async def _receive_large(self, frame: str) -> None:
        audio = await decode_large_append(frame)
        if audio is not None and sum(map(len, audio)) <= self._session.input_room_bytes:
            await self._receive_pieces(audio)
            return
        try:
            event = await read_large_frame(frame)
        except ProtocolError as error:
            self._session.refuse_text(error, self._now())
        else:
            self._session.receive_object(event, self._now())

    async def _receive_pieces(self, audio: list[bytes]) -> None:
        """Take what was one event as if it had been several, which is not to be told apart from outside."""
        for piece in audio:
            self._session.receive_audio(piece, self._now())
            await self._settle_with_room()
            await self._listener.room()
            await asyncio.sleep(0)

    def receive_audio(self, audio: bytes) -> None:
        """Take sound of a media track, as PCM16 at 24 kHz.

        Speech cannot be asked to wait, so what comes while the detector is far behind is lost. A microphone sends
        for ever, so that a full buffer is an error once and not fifty times a second.
        """
        if not self._listener.has_room:
            return
        was_full, self._is_full = self._is_full, self._session.input_room_bytes < len(audio)
        if not (was_full and self._is_full):
            self._session.receive_audio(audio, self._now())
            self._settle()

    def playback_started(self, response_id: str) -> None:
        """The loudspeaker begins with a reply."""
        self._session.playback_started(response_id, self._now())
        self._settle()

    def playback_stopped(self, response_id: str) -> None:
        """The loudspeaker has ended a reply."""
        self._session.playback_stopped(response_id, self._now())
        self._settle()

    def leave(self, farewell: Farewell) -> None:
        """Ask the transport to close the connection, because the sandbox stops or the call was hung up."""
        self._outgoing.close(farewell)

    async def close(self) -> None:
        """Stop all work on the session; may be called twice."""
        self._outgoing.end(Farewell(_NORMAL, "The call has ended."))
        await self._tasks.cancel_all()
        self._outgoing.closed()

    def _new_listener(self) -> Listener:
        config, faculties = self._config, self._faculties
        return Listener(
            name=self._session.id,
            detector=faculties.detector,
            ends=TurnEnds(
                silence_ms=config.semantic_silence_ms,
                judge=faculties.judge,
                pause_ms=config.semantic_pause_ms,
                longest_ms=config.semantic_longest_ms,
                opening_ms=config.semantic_opening_ms,
                opening_pause_ms=config.semantic_opening_pause_ms,
            ),
            limit_bytes=config.unheard_bytes,
            on_turn=self._turn,
            on_deafness=self._deaf,
        )

    def _now(self) -> float:
        return self._faculties.clock.monotonic()

    async def _settle_with_room(self) -> None:
        self._settle()
        await self.send_queue.room()

    async def _settle_reply(self) -> None:
        await self._settle_with_room()
        if self._loudspeaker is not None:
            await self._loudspeaker.room()

    def _settle(self) -> None:
        """Send and do what the session's last input caused; the session demands it after each one."""
        effects = self._send_events()
        while effects:
            for effect in effects:
                self._carry_out(effect)
            # Falling silent is reported at once, and the report has consequences of its own.
            effects = self._send_events()
        deadline = self._session.next_deadline()
        if deadline is None or deadline < self._wake_at:
            self._wake.set()

    def _send_events(self) -> list[Effect]:
        for event in self._session.events_to_send():
            self._outgoing.send(event)
        return self._session.effects()

    def _expire(self) -> None:
        self._session.tick(math.inf)
        self._settle()

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case FeedVAD():
                self._ears.hear()
                self._listener.take(effect)
            case ConfigureVAD(turn_detection):
                self._ears.expect(turn_detection)
                self._listener.take(effect)
            case Generate():
                self._generate(effect)
            case StopGenerating(response_id):
                if (task := self._generations.pop(response_id, None)) is not None:
                    task.cancel()
            case Transcribe():
                self._tasks.start(self._dictation.write(effect), name="sandbox transcription")
            case Close(code, reason):
                self.leave(Farewell(code, reason))
            case PlayAudio() | ClearPlayback():
                self._use_loudspeaker(effect)

    def _use_loudspeaker(self, effect: PlayAudio | ClearPlayback) -> None:
        loudspeaker, response_id = self._loudspeaker, effect.response_id
        if loudspeaker is None:
            # The session asks for it on transports with a media track only.
            _log.error("sandbox.loudspeaker.missing", effect=type(effect).__name__)
        elif isinstance(effect, PlayAudio):
            loudspeaker.play(response_id, effect.item_id, effect.audio)
        else:
            self._session.playback_cleared(response_id, loudspeaker.clear(response_id), self._now())

    def _generate(self, effect: Generate) -> None:
        faculties = self._faculties
        generation = Generation(
            response_id=effect.response_id,
            request=effect.request,
            session=self._session,
            settle=self._settle_reply,
            brain=faculties.brain,
            voice=faculties.voice,
            hearing=self._hearing,
            clock=faculties.clock,
            sleep=faculties.sleep,
            pace=Pace(self._config.audio_pace, self._config.audio_lead_seconds),
        )
        task = self._tasks.start(generation.run(), name=f"sandbox {effect.response_id}")
        self._generations[effect.response_id] = task
        task.add_done_callback(lambda _: self._generated(effect.response_id))

    def _generated(self, response_id: str) -> None:
        self._generations.pop(response_id, None)
        if self._loudspeaker is not None:
            self._loudspeaker.complete(response_id)

    def _turn(self, turn: SpeechStarted | SpeechStopped) -> None:
        if isinstance(turn, SpeechStarted):
            self._session.speech_started(turn.at_ms, self._now())
        else:
            self._session.speech_stopped(turn.at_ms, self._now())
        self._settle()

    def _deaf(self, error: SpeechError) -> None:
        _log.warning("sandbox.listening.failed", reason=str(error))
        if self._said_deaf:
            return
        self._said_deaf = True
        details = {"type": "server_error", "code": "speech_unavailable", "message": str(error), "param": None}
        event = {"type": "error", "event_id": self._faculties.new_id(IdKind.EVENT), "error": details}
        self._outgoing.send(msgspec.json.encode(event))

    async def _keep_time(self) -> None:
        while (deadline := self._session.next_deadline()) is not None:
            delay = deadline - self._now()
            if delay <= 0:
                self._session.tick(self._now())
                self._settle()
                continue
            self._wake_at = deadline
            self._wake.clear()
            await self._sleep_or_wake(delay)

    async def _sleep_or_wake(self, delay: float) -> None:
        waits = [asyncio.ensure_future(self._faculties.sleep(delay)), asyncio.ensure_future(self._wake.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
