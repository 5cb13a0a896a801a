"""The number in memory, and the signal that nobody hears: for one process, and for tests."""

import asyncio
from collections.abc import Callable

from limi.kernel.revision import AccessUnavailableError

__all__ = ["InMemoryRevisionStore", "NullRevisionSignal", "StillRevision"]


class InMemoryRevisionStore:
    """Implements `RevisionStore`; whatever keeps keys, tenants and profiles beside it calls `move`."""

    def __init__(self) -> None:
        self.broken = False
        """Whether reading fails, as it does when a database is away."""
        self._number = 1

    def move(self) -> None:
        """Count a change."""
        self._number += 1

    async def read(self) -> int:
        """Return the number."""
        if self.broken:
            raise AccessUnavailableError("the number cannot be read")
        return self._number


class NullRevisionSignal:
    """Implements `RevisionSignal` for a process that is alone."""

    async def publish(self) -> None:
        """Tell nobody."""

    def subscribe(self, wake: Callable[[], None]) -> None:
        """Never call."""


class StillRevision:
    """Implements `Revision` where nothing is cached for long, such as a command: the number never moves."""

    number = 0
    fresh = True

    async def refresh(self) -> None:
        """Find nothing new."""

    async def announce(self) -> None:
        """Tell nobody: other processes look by themselves."""

    async def moved_from(self, number: int | None) -> None:
        """Return at once where `number` is not the one, and else never."""
        if number == self.number:
            await asyncio.Event().wait()
