"""When a failed request is sent again, and how long after; pure arithmetic.

Only what is safe is repeated: a mint carries an idempotency key, so that a repeat gets the same key and no second
one. What cannot get better (a wrong API key, a member that breaks a rule, a bug in the server) is not repeated.
"""

from dataclasses import dataclass
from typing import Final

from limi_client._errors import APIConnectionError, APIStatusError, LimiError

__all__ = ["NO_RETRIES", "RetryPolicy", "may_get_better"]

_STATUSES: Final = frozenset({408, 429, 502, 503, 504})
_FIRST_SECONDS: Final = 0.5
_LONGEST_SECONDS: Final = 8.0
"""Between two tries, unless the server names a time; the same bounds as the openai package has."""
_SPREAD: Final = 0.25
"""So much of a wait is chance, so that clients which failed together do not come back together."""


@dataclass(frozen=True)
class RetryPolicy:
    """How often, and how long at most."""

    max_retries: int = 2
    """Repeats after the first try; the openai package's number."""
    max_wait_seconds: float = 5.0
    """A server that asks for more gets no repeat, and the caller the error with `retry_after_seconds`: nobody who
    wants to talk waits silently for longer."""

    def wait_seconds(self, failure: LimiError, *, retries_done: int, chance: float) -> float | None:
        """Return how long to wait before a repeat, or None if there is to be none.

        Args:
            failure: How the last try ended.
            retries_done: How many repeats there have been.
            chance: A random number of [0, 1).
        """
        if retries_done >= self.max_retries or not may_get_better(failure):
            return None
        asked = failure.retry_after_seconds
        if asked is not None:
            # Later than asked for, never earlier.
            return asked * (1 + _SPREAD * chance) if asked <= self.max_wait_seconds else None
        # The exponent is bounded too: 2.0 ** 1100 is an OverflowError.
        longest = min(_FIRST_SECONDS * 2.0 ** min(retries_done, 10), _LONGEST_SECONDS, self.max_wait_seconds)
        return longest * (1 - _SPREAD * chance)


NO_RETRIES: Final = RetryPolicy(max_retries=0)


def may_get_better(failure: LimiError) -> bool:
    """Whether a repeat of the same request may end better."""
    if isinstance(failure, APIStatusError):
        return failure.status_code in _STATUSES
    return isinstance(failure, APIConnectionError)
