"""How much of the answer has been played, so that the server can forget what nobody heard; pure.

The server sends an answer faster than it is spoken. When the user interrupts, it must be told how far the
loudspeaker had come (`conversation.item.truncate`), or the model believes that everything was heard. Whoever plays
says so by `report`; for all others it is reckoned as if each answer were played from its first piece on.
"""

from dataclasses import dataclass
from typing import Final

__all__ = ["Heard", "Playback"]

_BYTES_PER_SECOND: Final = 48_000


@dataclass(frozen=True)
class Heard:
    """An answer that was cut off."""

    item_id: str
    content_index: int
    seconds: float


class Playback:
    """The answer that is being played, if any."""

    def __init__(self) -> None:
        """Begin in silence."""
        self._item_id: str | None = None
        self._content_index = 0
        self._received_seconds = 0.0
        self._started = 0.0
        self._reported: float | None = None

    @property
    def item_id(self) -> str | None:
        """The answer that is being played."""
        return self._item_id

    def take(self, item_id: str, content_index: int, pcm_bytes: int, *, now: float) -> None:
        """Take a piece of an answer, which arrived at `now` of a monotonic clock."""
        if item_id != self._item_id:
            # It is played behind what is left of the one before.
            end = self._started + self._received_seconds if self._item_id else now
            self._item_id, self._content_index = item_id, content_index
            self._received_seconds, self._reported = 0.0, None
            self._started = max(now, end)
        self._received_seconds += pcm_bytes / _BYTES_PER_SECOND

    def report(self, item_id: str, seconds: float) -> None:
        """Say how much of an answer has been played; from then on nothing is reckoned for it."""
        if item_id == self._item_id:
            self._reported = seconds

    def cut(self, *, now: float) -> Heard | None:
        """Stop, and return what was heard of an answer that had not been played to its end."""
        if self._item_id is None:
            return None
        reckoned = max(0.0, now - self._started)
        heard = Heard(
            self._item_id,
            self._content_index,
            min(self._received_seconds, reckoned if self._reported is None else self._reported),
        )
        unfinished = heard.seconds < self._received_seconds
        self._item_id, self._received_seconds = None, 0.0
        return heard if unfinished else None

    def remaining_seconds(self, *, now: float) -> float:
        """Return how much is still to be played."""
        if self._item_id is None:
            return 0.0
        played = now - self._started if self._reported is None else self._reported
        return max(0.0, self._received_seconds - played)
