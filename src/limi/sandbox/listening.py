"""The ears of one session: audio goes to the detector in order, turns come back.

The detector works in another process, so a client can send faster than it hears; `room` holds such a client back.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping

from limi.protocol import AudioFormat, ConfigureVAD, Eagerness, FeedVAD, ServerVAD, TurnDetection
from limi.sandbox.speech import SpeechError, VoiceActivityDetector
from limi.sandbox.speech.turns import SpeechStarted, SpeechStopped, TurnDetector

__all__ = ["Listener"]

_SEMANTIC_THRESHOLD = 0.5

OnTurn = Callable[[SpeechStarted | SpeechStopped], None]
OnDeafness = Callable[[SpeechError], None]


class Listener:
    """Follows one session's input; owns no task, `run` is somebody else's."""

    def __init__(
        self,
        *,
        name: str,
        detector: VoiceActivityDetector,
        semantic_silence_ms: Mapping[Eagerness, int],
        limit_bytes: int,
        on_turn: OnTurn,
        on_deafness: OnDeafness,
    ) -> None:
        """Make a listener that hears nothing yet.

        Args:
            name: Tells this session's streams from those of others.
            detector: Says where speech is.
            semantic_silence_ms: The silence that ends a turn under semantic VAD.
            limit_bytes: How much audio may wait before `room` does.
            on_turn: Told when a turn begins and ends, at milliseconds of the session's audio.
            on_deafness: Told when the detector fails; audio is dropped from then on until the next configuration.
        """
        self._name = name
        self._detector = detector
        self._semantic_silence_ms = semantic_silence_ms
        self._limit = limit_bytes
        self._on_turn = on_turn
        self._on_deafness = on_deafness
        self._waiting: deque[ConfigureVAD | FeedVAD] = deque()
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._streams = 0
        self._stream: _Stream | None = None

    def take(self, effect: ConfigureVAD | FeedVAD) -> None:
        """Put settings or audio behind what waits already."""
        self._waiting.append(effect)
        self._count(len(effect.audio) if isinstance(effect, FeedVAD) else 0)
        self._arrived.set()

    async def room(self) -> None:
        """Wait until the detector has caught up."""
        await self._has_room.wait()

    async def run(self) -> None:
        """Listen until cancelled."""
        try:
            while True:
                while not self._waiting:
                    self._arrived.clear()
                    await self._arrived.wait()
                effect = self._waiting.popleft()
                if isinstance(effect, ConfigureVAD):
                    await self._configure(effect)
                else:
                    await self._hear(effect)
                    self._count(-len(effect.audio))
        finally:
            await self._forget()

    def _count(self, change: int) -> None:
        self._waiting_bytes += change
        if self._waiting_bytes > self._limit:
            self._has_room.clear()
        else:
            self._has_room.set()

    async def _configure(self, effect: ConfigureVAD) -> None:
        await self._forget()
        if effect.turn_detection is None:
            return
        self._streams += 1
        self._stream = _Stream(
            name=f"{self._name}/{self._streams}",
            audio_format=effect.audio_format,
            turns=self._turn_detector(effect.turn_detection, in_speech=effect.in_speech),
        )

    def _turn_detector(self, settings: TurnDetection, *, in_speech: bool) -> TurnDetector:
        if isinstance(settings, ServerVAD):
            threshold, silence_ms = settings.threshold, settings.silence_duration_ms
        else:
            threshold, silence_ms = _SEMANTIC_THRESHOLD, self._semantic_silence_ms[settings.eagerness]
        return TurnDetector(threshold=threshold, silence_ms=silence_ms, speaking=in_speech)

    async def _hear(self, effect: FeedVAD) -> None:
        stream = self._stream
        if stream is None:
            return
        if stream.begins_ms is None:
            stream.begins_ms = effect.start_ms
        try:
            windows = await self._detector.listen(stream.name, effect.audio, stream.audio_format.value)
        except SpeechError as error:
            await self._forget()
            self._on_deafness(error)
            return
        for window in windows:
            match stream.turns.hear(window):
                case SpeechStarted(at_ms):
                    self._on_turn(SpeechStarted(stream.begins_ms + at_ms))
                case SpeechStopped(at_ms):
                    self._on_turn(SpeechStopped(stream.begins_ms + at_ms))

    async def _forget(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            await self._detector.forget(stream.name)


class _Stream:
    """Sound heard under one configuration."""

    __slots__ = ("audio_format", "begins_ms", "name", "turns")

    def __init__(self, *, name: str, audio_format: AudioFormat, turns: TurnDetector) -> None:
        self.name = name
        self.audio_format = audio_format
        self.turns = turns
        self.begins_ms: int | None = None
