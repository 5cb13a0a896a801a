"""Time as an argument, so that an hour can pass in a test without anyone waiting for it."""

import time
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """Tells two kinds of time, both in seconds."""

    def now(self) -> float:
        """Return wall-clock time in Unix seconds; it may jump when the machine's clock is set."""

    def monotonic(self) -> float:
        """Return seconds since an arbitrary start; it never goes back, so intervals are measured with it."""


class SystemClock:
    """The machine's own clocks."""

    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
