"""Events on their way to whoever reads them, bounded by what they weigh."""

import asyncio
from collections import deque
from typing import Final

from limi_client.voice._events import AudioReceived, EventsDropped, VoiceEvent

__all__ = ["EventStream"]

_SMALL_EVENT_BYTES: Final = 512
"""About what an event without sound takes."""


class EventStream:
    """A queue whose oldest events are given up when nobody reads.

    A conversation cannot wait for its reader: it would no longer hear the server's pings and be cut off. So what
    is too much is dropped from the old end, and the reader is told how much by an `EventsDropped`.
    """

    def __init__(self, max_bytes: int) -> None:
        """Begin empty.

        Args:
            max_bytes: What waits at most; sound is nearly all of it.
        """
        self._max_bytes = max_bytes
        self._events: deque[VoiceEvent] = deque()
        self._bytes = 0
        self._dropped = 0
        self._ended = False
        self._error: BaseException | None = None
        self._arrival = asyncio.Event()

    def put(self, event: VoiceEvent) -> None:
        """Add an event; after the end there are none."""
        if self._ended:
            return
        self._events.append(event)
        self._bytes += _weight(event)
        while self._bytes > self._max_bytes and len(self._events) > 1:
            self._bytes -= _weight(self._events.popleft())
            self._dropped += 1
        self._arrival.set()

    def end(self, error: BaseException | None = None) -> None:
        """Let readers come to an end, by `error` if there is one, once they have read what is there."""
        if not self._ended:
            self._ended = True
            self._error = error
        self._arrival.set()

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come."""
        return self._ended

    def __aiter__(self) -> "EventStream":
        """Return this stream; those who iterate side by side share the events."""
        return self

    async def __anext__(self) -> VoiceEvent:
        """Return the next event.

        Raises:
            BaseException: What the stream was ended by.
        """
        event = await self.get()
        if event is None:
            raise StopAsyncIteration
        return event

    async def get(self) -> VoiceEvent | None:
        """Return the next event, or None after the last.

        Raises:
            BaseException: What the stream was ended by.
        """
        while True:
            if self._dropped:
                dropped, self._dropped = self._dropped, 0
                return EventsDropped(dropped)
            if self._events:
                event = self._events.popleft()
                self._bytes -= _weight(event)
                return event
            if self._ended:
                if self._error is not None:
                    raise self._error
                return None
            self._arrival.clear()
            await self._arrival.wait()


def _weight(event: VoiceEvent) -> int:
    return _SMALL_EVENT_BYTES + (len(event.pcm) if isinstance(event, AudioReceived) else 0)
