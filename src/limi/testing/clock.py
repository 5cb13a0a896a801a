"""Time and identifiers under a test's control."""

import hashlib

__all__ = ["CountingIds", "ManualClock"]


class ManualClock:
    """A clock that moves only when told; it begins at a fixed moment of 2026."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self._now = now
        self._monotonic = 1000.0

    def now(self) -> float:
        """Return Unix seconds."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds since an arbitrary start."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
        self._monotonic += seconds

    def set_now(self, now: float) -> None:
        """Set the wall clock as an operator would: intervals do not notice."""
        self._now = now


class CountingIds:
    """Identifiers that repeat from run to run, and never within one."""

    def __init__(self) -> None:
        self._count = 0

    def hex(self, length: int) -> str:
        """Return `length` hexadecimal characters."""
        self._count += 1
        return hashlib.shake_256(str(self._count).encode()).hexdigest((length + 1) // 2)[:length]
