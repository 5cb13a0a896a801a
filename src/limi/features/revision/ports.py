"""What noticing changes needs from outside."""

from collections.abc import Callable
from typing import Protocol

__all__ = ["RevisionSignal", "RevisionStore"]


class RevisionStore(Protocol):
    """Where the number is kept."""

    async def read(self) -> int:
        """Return the number.

        Raises:
            AccessUnavailableError: it cannot be read.
        """


class RevisionSignal(Protocol):
    """Wakes other processes sooner than they would look by themselves.

    It may lose wake-ups, because everybody looks at the number anyway.
    """

    async def publish(self) -> None:
        """Tell the other processes that the number moved. It never raises, and never takes longer than a look."""

    def subscribe(self, wake: Callable[[], None]) -> None:
        """Have `wake` called, in the event loop, whenever another process published."""
