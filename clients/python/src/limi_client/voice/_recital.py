"""Says a recording into a conversation as a person would: at a pace, and with the silence that ends a turn."""

from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from limi_client.voice._ports import Sleep
from limi_client.voice._wav import BYTES_PER_SECOND, speech_end_seconds

__all__ = ["Listener", "recite"]

_CHUNK_SECONDS: Final = 0.1
_CHUNK_BYTES: Final = int(BYTES_PER_SECOND * _CHUNK_SECONDS)
_LONGEST_SILENCE_SECONDS: Final = 10.0
"""Ends a turn by any setting: semantic detection of low eagerness waits 8 seconds."""
_EARLY_SECONDS: Final = 0.5
"""By how much a server may place the end of speech before the last loud sample."""


class Listener(Protocol):
    """The conversation that is spoken to."""

    @property
    def sent_seconds(self) -> float:
        """How much sound this session was sent."""

    @property
    def speech_ended_at(self) -> float:
        """Where in it the server has heard speech end."""

    @property
    def speaking(self) -> bool:
        """Whether the server hears speech."""

    @property
    def detects_turns(self) -> bool:
        """Whether the server notices by itself that a turn is over."""

    async def hear(self, pcm: bytes) -> None:
        """Take a piece of sound, and wait while there is no connection."""

    async def end_turn(self) -> None:
        """Be told that the turn is over."""


async def recite(
    pcm: bytes, listener: Listener, *, speed: float, sleep: Sleep, monotonic: Callable[[], float]
) -> None:
    """Send a recording, and then silence until the server has heard that the turn is over.

    Args:
        pcm: 24 kHz, one channel, 16 bit.
        listener: Whom to send it to.
        speed: How much faster than it was spoken; infinity for as fast as can be.
        sleep: How to wait between two pieces.
        monotonic: What the pace is kept by.
    """
    pace = _Pace(speed, sleep, monotonic)
    for start in range(0, len(pcm), _CHUNK_BYTES):
        await listener.hear(pcm[start : start + _CHUNK_BYTES])
        await pace.keep()
    if not listener.detects_turns:
        await listener.end_turn()
        return
    trailing = len(pcm) / BYTES_PER_SECOND - speech_end_seconds(pcm)
    speech_end, silence = listener.sent_seconds - trailing, 0.0
    while silence < _LONGEST_SILENCE_SECONDS:
        if not listener.speaking and listener.speech_ended_at >= speech_end - _EARLY_SECONDS > 0:
            return
        await listener.hear(bytes(_CHUNK_BYTES))
        await pace.keep()
        silence += _CHUNK_SECONDS


class _Pace:
    """Keeps a pace by the clock, so that waits which take longer than asked for do not add up."""

    def __init__(
        self, speed: float, sleep: Callable[[float], Awaitable[None]], monotonic: Callable[[], float]
    ) -> None:
        self._step = _CHUNK_SECONDS / speed
        self._sleep = sleep
        self._monotonic = monotonic
        self._due = monotonic()

    async def keep(self) -> None:
        self._due = max(self._due + self._step, self._monotonic() - _CHUNK_SECONDS)
        await self._sleep(max(0.0, self._due - self._monotonic()))
