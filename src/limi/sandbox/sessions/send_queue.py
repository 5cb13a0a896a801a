"""Events on their way to one client: bounded in bytes, ended by a close."""

import asyncio
from collections import deque
from dataclasses import dataclass

__all__ = ["Farewell", "SendQueue"]


@dataclass(frozen=True, slots=True)
class Farewell:
    """How the connection is to be closed once all events are sent."""

    code: int
    reason: str


class SendQueue:
    """Filled by a session without waiting; whoever gives the session work waits for `room` first."""

    def __init__(self, *, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._events: deque[bytes] = deque()
        self._bytes = 0
        self._farewell: Farewell | None = None
        self._filled = asyncio.Event()
        self._closed = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()

    def put(self, event: bytes) -> None:
        """Add an event; after a close nothing is added."""
        if self._farewell is not None:
            return
        self._events.append(event)
        self._bytes += len(event)
        self._filled.set()
        if self._bytes > self._limit:
            self._has_room.clear()

    def close(self, farewell: Farewell) -> None:
        """End after what is in it; the first farewell counts."""
        if self._farewell is None:
            self._farewell = farewell
            self._closed.set()
            self._filled.set()
            self._has_room.set()

    @property
    def is_over_limit(self) -> bool:
        """Whether more waits than should."""
        return self._bytes > self._limit

    def abandon(self, farewell: Farewell) -> None:
        """End at once: what waits is forgotten. A farewell that was said before still counts."""
        self._events.clear()
        self._bytes = 0
        self.close(farewell)

    async def closed(self) -> None:
        """Wait for the farewell, which may come while events still wait."""
        await self._closed.wait()

    async def room(self) -> None:
        """Wait until less than the limit waits to be sent."""
        await self._has_room.wait()

    async def take(self) -> bytes | Farewell:
        """Return the next event, or the farewell after the last one."""
        while not self._events:
            if self._farewell is not None:
                return self._farewell
            self._filled.clear()
            await self._filled.wait()
        event = self._events.popleft()
        self._bytes -= len(event)
        if self._bytes <= self._limit:
            self._has_room.set()
        return event
