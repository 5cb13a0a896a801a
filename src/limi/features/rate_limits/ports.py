"""What the limiter needs from outside: a place that counts, in this process or shared by many."""

from collections.abc import Sequence
from typing import Protocol

from limi.features.rate_limits.model import Decision, Window

__all__ = ["WindowStore"]


class WindowStore(Protocol):
    """Counts admissions over sliding windows, atomically over all windows of one request."""

    async def admit(self, windows: Sequence[Window]) -> Decision:
        """Count the request in every window, or in none when one of them is full."""
