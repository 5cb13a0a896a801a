"""What is heard of the replies: cut into frames of 20 ms, in the order and at the speed of speech.

Replies arrive several times faster than they are spoken. A track asks for one frame after the other; with each it
gets told what has begun or ended with it, so that the session knows what was heard.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from limi.kernel.clock import Clock
from limi.sandbox.sleep import Sleep

__all__ = [
    "FRAME_SAMPLES",
    "FRAME_SECONDS",
    "SAMPLE_RATE",
    "Frame",
    "Pacer",
    "PlaybackStarted",
    "PlaybackStopped",
    "Player",
]

SAMPLE_RATE: Final = 24_000
FRAME_SECONDS: Final = 0.02
"""What Opus packs into one packet unless told otherwise."""
FRAME_SAMPLES: Final = 480
_FRAME_BYTES: Final = 2 * FRAME_SAMPLES
_BYTES_PER_MS: Final = 2 * SAMPLE_RATE // 1000
_SILENCE: Final = bytes(_FRAME_BYTES)
_MOST_LATE_SECONDS: Final = 0.2
"""A track this late skips the time it lost. Catching up would pour the frames into the client's jitter buffer at
once, which throws most of them away; less than that it absorbs."""


@dataclass(frozen=True, slots=True)
class PlaybackStarted:
    """The first sound of a reply leaves."""

    response_id: str


@dataclass(frozen=True, slots=True)
class PlaybackStopped:
    """The last sound of a reply has left."""

    response_id: str


@dataclass(frozen=True, slots=True)
class Frame:
    """20 ms of sound, and what is to be reported because of it."""

    pcm: bytes
    reports: tuple[PlaybackStarted | PlaybackStopped, ...] = ()


@dataclass(slots=True)
class _Reply:
    """What is left of one response's speech."""

    pieces: deque[tuple[str, bytes]] = field(default_factory=deque)
    waiting_bytes: int = 0
    newest_item: str = ""
    played_bytes: int = 0
    """Of the newest item, which is the one that a barge-in cuts short."""
    has_started: bool = False
    is_complete: bool = False

    def add(self, item_id: str, audio: bytes) -> None:
        if item_id != self.newest_item:
            self.newest_item = item_id
            self.played_bytes = 0
        self.pieces.append((item_id, audio))
        self.waiting_bytes += len(audio)

    def take(self, wanted: int) -> bytes:
        taken = bytearray()
        while self.pieces and len(taken) < wanted:
            item_id, audio = self.pieces.popleft()
            part, rest = audio[: wanted - len(taken)], audio[wanted - len(taken) :]
            if rest:
                self.pieces.appendleft((item_id, rest))
            if item_id == self.newest_item:
                self.played_bytes += len(part)
            taken += part
        self.waiting_bytes -= len(taken)
        return bytes(taken)


class Player:
    """Holds the speech of a call until it is heard; replies are heard one after the other."""

    def __init__(self, *, limit_bytes: int) -> None:
        """Make a silent player.

        Args:
            limit_bytes: How much speech may wait before `room` does.
        """
        self._limit = limit_bytes
        self._replies: dict[str, _Reply] = {}
        self._has_room = asyncio.Event()
        self._has_room.set()

    def play(self, response_id: str, item_id: str, audio: bytes) -> None:
        """Put a piece of a reply behind what waits: whole samples of PCM16 at 24 kHz."""
        self._replies.setdefault(response_id, _Reply()).add(item_id, audio)
        self._look_for_room()

    def complete(self, response_id: str) -> None:
        """Nothing will be added to a reply; only now can its last sound be told from a pause."""
        if (reply := self._replies.get(response_id)) is not None:
            reply.is_complete = True

    def clear(self, response_id: str) -> int:
        """Forget what is left of a reply; returns how many milliseconds of its newest item were heard."""
        reply = self._replies.pop(response_id, None)
        self._look_for_room()
        return 0 if reply is None else reply.played_bytes // _BYTES_PER_MS

    async def room(self) -> None:
        """Wait until less than the limit waits to be heard."""
        await self._has_room.wait()

    def next_frame(self) -> Frame:
        """Return the next 20 ms, which are silent when there is nothing to say."""
        reports: list[PlaybackStarted | PlaybackStopped] = []
        while self._replies:
            response_id, reply = next(iter(self._replies.items()))
            if reply.is_complete and not reply.waiting_bytes:
                del self._replies[response_id]
                reports.append(PlaybackStopped(response_id))
                continue
            if reply.waiting_bytes < _FRAME_BYTES and not reply.is_complete:
                break
            pcm = reply.take(_FRAME_BYTES).ljust(_FRAME_BYTES, b"\0")
            self._look_for_room()
            if not reply.has_started:
                reply.has_started = True
                reports.append(PlaybackStarted(response_id))
            return Frame(pcm, tuple(reports))
        return Frame(_SILENCE, tuple(reports))

    def _look_for_room(self) -> None:
        if sum(reply.waiting_bytes for reply in self._replies.values()) > self._limit:
            self._has_room.clear()
        else:
            self._has_room.set()


class Pacer:
    """Lets one frame pass every 20 ms, by a clock that does not drift with the time each frame takes."""

    def __init__(self, *, clock: Clock, sleep: Sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._due: float | None = None

    async def wait(self) -> None:
        """Wait until the next frame is due."""
        now = self._clock.monotonic()
        if self._due is None or now - self._due > _MOST_LATE_SECONDS:
            self._due = now
        elif now < self._due:
            await self._sleep(self._due - now)
        self._due += FRAME_SECONDS
