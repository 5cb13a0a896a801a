"""Sliding windows in this process: the exact log of admissions of the last minute.

The `limits` library was tried first. Its store reads the clock itself, so no test could move a window without
waiting; keeps every key for ever unless a thread of its own sweeps; and needs a second call for the room that is
left. What is wanted is this one method (docs/decisions/0004-own-sliding-window.md).
"""

from collections import OrderedDict, deque
from collections.abc import Sequence

from limi.features.rate_limits.model import WINDOW_SECONDS, Decision, Window
from limi.kernel.clock import Clock

__all__ = ["InMemoryWindowStore"]


class InMemoryWindowStore:
    """Holds at most `max_keys` windows; past that the one silent for longest is forgotten.

    Nothing in `admit` awaits, so concurrent requests of one event loop cannot slip between check and count.
    """

    def __init__(self, *, clock: Clock, max_keys: int) -> None:
        self._clock = clock
        self._max_keys = max_keys
        self._logs: OrderedDict[str, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        """Return how many windows are remembered."""
        return len(self._logs)

    async def admit(self, windows: Sequence[Window]) -> Decision:
        """Count the request in every window, or in none when one of them is full."""
        now = self._clock.monotonic()
        logs: list[deque[float]] = []
        tightest: Decision | None = None
        for window in windows:
            log = self._recent(window.key, now)
            logs.append(log)
            room = window.limit - len(log)
            # With a limit lowered since, more than one admission must leave before there is room again.
            reset = log[max(0, -room)] + WINDOW_SECONDS - now if log else WINDOW_SECONDS
            if room <= 0:
                return Decision(admitted=False, limit=window.limit, remaining=0, reset_seconds=reset)
            if tightest is None or room - 1 < tightest.remaining:
                tightest = Decision(admitted=True, limit=window.limit, remaining=room - 1, reset_seconds=reset)
        for log in logs:
            log.append(now)
        if tightest is None:
            msg = "a request is counted in at least one window"
            raise ValueError(msg)
        return tightest

    def _recent(self, key: str, now: float) -> deque[float]:
        log = self._logs.get(key)
        if log is None:
            log = self._logs[key] = deque()
            if len(self._logs) > self._max_keys:
                self._logs.popitem(last=False)
        else:
            self._logs.move_to_end(key)
        while log and log[0] <= now - WINDOW_SECONDS:
            log.popleft()
        return log
