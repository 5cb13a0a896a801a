"""The sessions that run, however they are carried: they share one limit, and one end."""

import asyncio
from typing import Final

from limi.sandbox.sessions.live_session import LiveSession
from limi.sandbox.sessions.send_queue import Farewell

__all__ = ["OpenSessions"]

_GOING_AWAY: Final = 1001


class OpenSessions:
    """Knows who is there."""

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        self._open: set[LiveSession] = set()
        self._empty = asyncio.Event()
        self._empty.set()
        self.is_stopping = False

    def __len__(self) -> int:
        return len(self._open)

    @property
    def is_full(self) -> bool:
        """Whether no other session may begin."""
        return len(self._open) >= self.limit

    def add(self, live: LiveSession) -> None:
        """Count a session in."""
        self._open.add(live)
        self._empty.clear()

    def discard(self, live: LiveSession) -> None:
        """Count a session out; harmless for one that is not there."""
        self._open.discard(live)
        if not self._open:
            self._empty.set()

    def dismiss(self) -> None:
        """Ask every session to close with 1001; whoever opens sessions takes no more."""
        self.is_stopping = True
        for live in self._open:
            live.leave(Farewell(_GOING_AWAY, "The sandbox is shutting down."))

    async def empty(self) -> None:
        """Wait until no session runs."""
        await self._empty.wait()
