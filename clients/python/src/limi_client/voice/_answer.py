"""A turn's answer as a whole, for those who want no single events."""

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from limi_client._errors import LimiError, VoiceConnectionError, VoiceError
from limi_client.voice._events import (
    AnswerFinished,
    AudioReceived,
    Interrupted,
    Notice,
    TranscriptChanged,
    VoiceEvent,
)
from limi_client.voice._wav import BYTES_PER_SECOND, wav_from_pcm

__all__ = ["Answer", "AnswerBuilder", "first_answer"]


@dataclass(frozen=True)
class Answer:
    """What was asked, and what came back."""

    asked: str
    """What the user said, as far as it was written down."""
    text: str
    """What the assistant said."""
    pcm: bytes = field(repr=False)
    """The sound of it: 24 kHz, one channel, 16 bit."""

    @property
    def seconds(self) -> float:
        """How long the sound is."""
        return len(self.pcm) / BYTES_PER_SECOND

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the sound as a WAV file.

        Raises:
            OSError: It cannot be written.
        """
        Path(path).write_bytes(wav_from_pcm(self.pcm))


class AnswerBuilder:
    """Puts an answer together from events.

    An answer that was cut off by more speech is followed by another, and one that asks for tools by the real one.
    """

    def __init__(self, on_event: Callable[[VoiceEvent], None] | None = None) -> None:
        """Begin with nothing; `on_event` is shown all that comes."""
        self.is_complete = False
        self._on_event = on_event
        self._asked: dict[str, str] = {}
        self._texts: list[str] = []
        self._sound: list[bytes] = []
        self._trouble: LimiError | None = None

    def take(self, event: VoiceEvent) -> None:
        """Take an event.

        Raises:
            LimiError: The answer failed.
        """
        if self._on_event is not None:
            self._on_event(event)
        if isinstance(event, AudioReceived):
            self._sound.append(event.pcm)
        elif isinstance(event, TranscriptChanged):
            if event.entry.role == "user":
                self._asked[event.entry.id] = event.entry.text
        elif isinstance(event, Notice):
            self._trouble = event.error
        elif isinstance(event, Interrupted):
            self._forget()
        elif isinstance(event, AnswerFinished):
            self._finish(event)

    def build(self) -> Answer:
        """Return what came."""
        return Answer(" ".join(self._asked.values()), " ".join(self._texts), b"".join(self._sound))

    def _finish(self, event: AnswerFinished) -> None:
        if event.status == "failed":
            raise self._trouble or VoiceError("unknown", message="The answer failed")
        if event.status == "cancelled":
            self._forget()
            return
        if event.text:
            self._texts.append(event.text)
        self.is_complete = not event.waits_for_tools

    def _forget(self) -> None:
        self._texts.clear()
        self._sound.clear()


async def first_answer(events: AsyncIterator[VoiceEvent], builder: AnswerBuilder) -> None:
    """Read events until an answer is complete.

    Raises:
        LimiError: It failed, or the conversation ended before.
    """
    async for event in events:
        builder.take(event)
        if builder.is_complete:
            return
    raise VoiceConnectionError("network_error", message="The conversation ended before the answer was complete")
