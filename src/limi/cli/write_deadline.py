"""A deadline for clients that do not take what they are sent.

TCP lets a client hold an answer for ever by reading none of it: the peer is alive, its window is closed, and even
`close()` waits until the last byte has left. Each such client keeps a connection, its file and the buffers.
Nothing in asyncio or uvicorn ends that, so whoever writes asks this to look after what is left in the buffer.
"""

import asyncio
from typing import Final

import structlog

__all__ = ["WriteDeadline"]

_log = structlog.get_logger()

_LEAST_PROGRESS: Final = 48 * 1024
"""What must leave within the time: the gap between the marks at which asyncio pauses and resumes a writer, so
that a long answer is judged alike whether it was written at once or in parts. In 30 s that is 13 kbit/s."""


class WriteDeadline:
    """Cuts a connection whose buffer does not empty in time."""

    def __init__(self, transport: asyncio.Transport, *, seconds: float, loop: asyncio.AbstractEventLoop) -> None:
        """Begin idle.

        Args:
            transport: the connection.
            seconds: how long what waits may wait.
            loop: whose timer is used.
        """
        self._transport = transport
        self._seconds = seconds
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None
        self._left = 0

    def begin(self) -> None:
        """Look after what is in the buffer, if there is anything; where that is done already, change nothing."""
        if self._timer is None and (left := self._transport.get_write_buffer_size()):
            self._left = left
            self._timer = self._loop.call_later(self._seconds, self._look)

    def end_if_empty(self) -> None:
        """Forget the deadline where everything was taken: what is written next has a time of its own."""
        if self._timer is not None and not self._transport.get_write_buffer_size():
            self.end()

    def end(self) -> None:
        """Forget the deadline."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = None
        left = self._transport.get_write_buffer_size()
        if left and left > self._left - _LEAST_PROGRESS:
            _log.info("connection.cut", reason="the client did not take its answer", bytes_left=left)
            self._transport.abort()
        else:
            self.begin()
