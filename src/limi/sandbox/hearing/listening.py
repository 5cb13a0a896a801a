"""The ears of one session: audio goes to the detector in order, turns come back.

The detector works in another process, so a client can send faster than it hears; `room` holds such a client back.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from limi.protocol import AudioFormat, ConfigureVAD, FeedVAD, TurnDetection
from limi.sandbox.hearing.turn_ends import TurnEnds
from limi.sandbox.speech import SpeechError, SpeechWindow, VoiceActivityDetector
from limi.sandbox.speech.recent import RecentSound
from limi.sandbox.speech.turns import SpeechPaused, SpeechStarted, SpeechStopped, TurnDetector

__all__ = ["Listener"]

_JUDGED_MS: Final = 8_000
"""How much of a turn its end is judged by: as much as the judge takes."""
_BEFORE_MS: Final = 300
"""How much is judged from before a turn's first sound, as much as goes into its item."""

OnTurn = Callable[[SpeechStarted | SpeechStopped], None]
OnDeafness = Callable[[SpeechError], None]


class Listener:
    """Follows one session's input; owns no task, `run` is somebody else's."""

    def __init__(
        self,
        *,
        name: str,
        detector: VoiceActivityDetector,
        ends: TurnEnds,
        limit_bytes: int,
        on_turn: OnTurn,
        on_deafness: OnDeafness,
    ) -> None:
        """Make a listener that hears nothing yet.

        Args:
            name: Tells this session's streams from those of others.
            detector: Says where speech is.
            ends: Which silence ends a turn.
            limit_bytes: How much audio may wait before `room` does.
            on_turn: Told when a turn begins and ends, at milliseconds of the session's audio.
            on_deafness: Told when the detector fails; audio is dropped from then on until the next configuration.
        """
        self._name = name
        self._detector = detector
        self._ends = ends
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

    @property
    def has_room(self) -> bool:
        """Whether the detector has caught up."""
        return self._has_room.is_set()

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
            settings=effect.turn_detection,
            turns=self._ends.detector(effect.turn_detection, speaking=effect.in_speech),
        )

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
        if self._ends.judges(stream.settings):
            stream.sound.add(effect.audio)
        await self._follow(stream, stream.begins_ms, windows)

    async def _follow(self, stream: "_Stream", begins_ms: int, windows: Sequence[SpeechWindow]) -> None:
        for window in windows:
            turn = stream.turns.hear(window)
            if isinstance(turn, SpeechPaused):
                turn = await self._judge(stream, turn)
            match turn:
                case SpeechStarted(at_ms):
                    stream.turn_begins_ms = max(0, at_ms - _BEFORE_MS)
                    self._on_turn(SpeechStarted(begins_ms + at_ms))
                case SpeechStopped(at_ms):
                    self._on_turn(SpeechStopped(begins_ms + at_ms))

    async def _judge(self, stream: "_Stream", pause: SpeechPaused) -> SpeechStopped | None:
        audio = stream.sound.between(stream.turn_begins_ms, pause.at_ms)
        return stream.turns.expect(await self._ends.silence_after(audio, stream.audio_format, stream.settings))

    async def _forget(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            await self._detector.forget(stream.name)


class _Stream:
    """Sound heard under one configuration."""

    __slots__ = ("audio_format", "begins_ms", "name", "settings", "sound", "turn_begins_ms", "turns")

    def __init__(
        self, *, name: str, audio_format: AudioFormat, settings: TurnDetection, turns: TurnDetector
    ) -> None:
        self.name = name
        self.audio_format = audio_format
        self.settings = settings
        self.turns = turns
        self.begins_ms: int | None = None
        self.turn_begins_ms = 0
        self.sound = RecentSound(bytes_per_ms=audio_format.bytes_per_ms, limit_ms=_JUDGED_MS)
