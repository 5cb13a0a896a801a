"""Brings one protocol session to life: does what it wants, tells it what became of it, keeps its time.

The session computes and this does. No socket is known here: what is to be sent goes into a queue that a transport
empties, and a transport hands in what it receives. The WebSocket is one such transport.
"""

import asyncio
from dataclasses import dataclass

import msgspec
import structlog

from limi.kernel.clock import Clock
from limi.protocol import (
    Close,
    ConfigureVAD,
    Effect,
    FeedVAD,
    Generate,
    IdKind,
    Modality,
    NewId,
    RealtimeSession,
    SessionType,
    StopGenerating,
    Transcribe,
)
from limi.sandbox.brain import Brain
from limi.sandbox.config import SandboxConfig
from limi.sandbox.generation import Generation, Pace, Sleep
from limi.sandbox.listening import Listener
from limi.sandbox.owned_tasks import OwnedTasks
from limi.sandbox.send_queue import Farewell, SendQueue
from limi.sandbox.speech import Recogniser, SpeechError, Voice, VoiceActivityDetector
from limi.sandbox.speech.turns import SpeechStarted, SpeechStopped

__all__ = ["Faculties", "LiveSession"]

_log = structlog.get_logger(__name__)


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


class LiveSession:
    """One running session with all its tasks."""

    def __init__(self, *, session: RealtimeSession, faculties: Faculties, config: SandboxConfig) -> None:
        """Take over a session that nobody has driven yet; `start` sets it going.

        Args:
            session: The state machine.
            faculties: What it hears, thinks and speaks with.
            config: The sandbox's settings.
        """
        self._session = session
        self._faculties = faculties
        self._config = config
        self._tasks = OwnedTasks()
        self._generations: dict[str, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._wake_at = float("inf")
        self._said_deaf = False
        self.send_queue = SendQueue(limit_bytes=config.send_queue_bytes)
        """Where a transport takes what is to be sent."""
        self._listener = Listener(
            name=session.id,
            detector=faculties.detector,
            semantic_silence_ms=config.semantic_silence_ms,
            limit_bytes=config.unheard_bytes,
            on_turn=self._turn,
            on_deafness=self._deaf,
        )

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
        self._session.receive_text(frame, self._now())
        await self._settle_with_room()
        await self._listener.room()

    async def receive_binary(self, frame: bytes) -> None:
        """Take a binary frame, which the session refuses."""
        self._session.receive_binary(frame, self._now())
        await self._settle_with_room()

    def leave(self, farewell: Farewell) -> None:
        """Ask the transport to close the connection, because the sandbox stops."""
        self.send_queue.close(farewell)

    async def close(self) -> None:
        """Stop all work on the session; may be called twice."""
        await self._tasks.cancel_all()

    def _now(self) -> float:
        return self._faculties.clock.monotonic()

    async def _settle_with_room(self) -> None:
        self._settle()
        await self.send_queue.room()

    def _settle(self) -> None:
        """Send and do what the session's last input caused; the session demands it after each one."""
        for event in self._session.events_to_send():
            self.send_queue.put(event)
        for effect in self._session.effects():
            self._carry_out(effect)
        deadline = self._session.next_deadline()
        if deadline is None or deadline < self._wake_at:
            self._wake.set()

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case FeedVAD() | ConfigureVAD():
                self._listener.take(effect)
            case Generate():
                self._generate(effect)
            case StopGenerating(response_id):
                if (task := self._generations.pop(response_id, None)) is not None:
                    task.cancel()
            case Transcribe():
                self._tasks.start(self._transcribe(effect), name="sandbox transcription")
            case Close(code, reason):
                self.send_queue.close(Farewell(code, reason))
            case _:
                # Playing and falling silent are asked of transports with a media track only.
                _log.error("sandbox.effect.unexpected", effect=type(effect).__name__)

    def _generate(self, effect: Generate) -> None:
        faculties = self._faculties
        generation = Generation(
            response_id=effect.response_id,
            request=effect.request,
            session=self._session,
            settle=self._settle_with_room,
            brain=faculties.brain,
            voice=faculties.voice,
            recogniser=faculties.recogniser,
            clock=faculties.clock,
            sleep=faculties.sleep,
            pace=Pace(self._config.audio_pace, self._config.audio_lead_seconds),
        )
        task = self._tasks.start(generation.run(), name=f"sandbox {effect.response_id}")
        self._generations[effect.response_id] = task
        task.add_done_callback(lambda _: self._generations.pop(effect.response_id, None))

    async def _transcribe(self, effect: Transcribe) -> None:
        try:
            text = await self._faculties.recogniser.recognise(effect.audio, effect.audio_format.value)
        except SpeechError as error:
            self._session.transcription_failed(effect.item_id, "speech_failed", str(error), self._now())
        else:
            self._session.transcription_delta(effect.item_id, text, self._now())
            self._session.transcription_finished(effect.item_id, text, self._now())
        await self._settle_with_room()

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
        self.send_queue.put(msgspec.json.encode(event))

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
