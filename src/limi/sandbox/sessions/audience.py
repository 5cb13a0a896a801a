"""Those who follow a call beside its client: each has a queue of its own, and none can hold the others up."""

from typing import Final

from limi.sandbox.sessions.send_queue import Farewell, SendQueue

__all__ = ["Audience"]

_TRY_AGAIN: Final = 1013
"""RFC 6455's registry: try again later. The call goes on, and joining it again is the remedy."""


class Audience:
    """The observers of one session. Events reach those who are there at the time; nothing is kept for later."""

    def __init__(self, *, places: int, limit_bytes: int) -> None:
        """Make an empty audience.

        Args:
            places: How many may observe at a time.
            limit_bytes: Events that may wait for one of them, in bytes; past it that one is sent away.
        """
        self._places = places
        self._limit = limit_bytes
        self._queues: set[SendQueue] = set()
        self._farewell: Farewell | None = None

    def __len__(self) -> int:
        return len(self._queues)

    @property
    def is_full(self) -> bool:
        """Whether nobody else may join."""
        return len(self._queues) >= self._places

    def join(self) -> SendQueue:
        """Return a queue that gets every event from now on; it is closed at once when all is over already."""
        queue = SendQueue(limit_bytes=self._limit)
        if self._farewell is not None:
            queue.close(self._farewell)
        self._queues.add(queue)
        return queue

    def leave(self, queue: SendQueue) -> None:
        """Stop filling a queue."""
        self._queues.discard(queue)

    def put(self, event: bytes) -> None:
        """Give an event to everybody. Who has read too little is sent away rather than waited for."""
        for queue in self._queues:
            queue.put(event)
            if queue.is_over_limit:
                queue.abandon(Farewell(_TRY_AGAIN, f"More than {self._limit} bytes of events were not read."))

    def close(self, farewell: Farewell) -> None:
        """End after the events so far; the first farewell counts."""
        if self._farewell is None:
            self._farewell = farewell
        for queue in self._queues:
            queue.close(farewell)
