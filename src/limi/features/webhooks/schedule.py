"""When a delivery is tried again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["MAX_RETRY_AFTER_SECONDS", "Schedule"]

MAX_RETRY_AFTER_SECONDS: Final = 86_400.0
"""Longest wait that an endpoint can ask for: as long as the longest of the schedule, so that no answer of a
receiver keeps a delivery for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The waits between tries."""

    delays: Sequence[float]
    """Seconds from each failed try to the next."""
    jitter: float
    """Share of a wait by which it is made longer or shorter at most."""

    @property
    def tries(self) -> int:
        """Return how many tries a delivery has in all."""
        return len(self.delays) + 1

    def next_try(self, attempt: int, *, now: float, retry_after: float | None, chance: float) -> float | None:
        """Return when to try again in Unix seconds, None where that was the last try.

        Args:
            attempt: which try failed, from 1.
            now: Unix seconds.
            retry_after: how many seconds the endpoint asked to be left alone; it is never asked sooner.
            chance: from 0 to 1, where within the jitter.
        """
        if attempt > len(self.delays):
            return None
        delay = self.delays[attempt - 1] * (1 + self.jitter * (2 * chance - 1))
        # Longer, never shorter: an endpoint that names a moment means not before it.
        asked = min(retry_after or 0.0, MAX_RETRY_AFTER_SECONDS) * (1 + self.jitter * chance)
        return now + max(delay, asked)
