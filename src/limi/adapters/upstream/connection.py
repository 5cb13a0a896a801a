"""One HTTP/1.1 connection to upstream, driven by the event loop itself, one exchange at a time (RFC 9112)."""

import asyncio
from typing import Final, cast

import httptools

from limi.adapters.upstream.transports import Answer, TransportError

__all__ = ["Connection", "StaleConnectionError"]

_KEPT_HEADERS: Final = {name.encode(): name for name in ("retry-after-ms", "retry-after", "date")}
_MAX_HEAD_BYTES: Final = 65_536
"""OpenAI's heads are about 2 KB; what sends more is not what it should be."""
_FIRST_FINAL_STATUS: Final = 200
_SIZING_HEADERS: Final = frozenset({b"content-length", b"transfer-encoding"})


class StaleConnectionError(TransportError):
    """The connection ended before a byte of the answer came, as one does that was closed while it lay idle."""


class Connection(asyncio.Protocol):
    """Sends a request that is bytes already, and reads the whole answer within a time and a size."""

    def __init__(self, *, max_bytes: int) -> None:
        """Wait to be connected.

        Args:
            max_bytes: the largest body; past it the connection is cut.
        """
        self._max_bytes = max_bytes
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._waiter: asyncio.Future[Answer] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._deadline = 0.0
        self._begin()
        # Kept, because looking for it is a system call until Python 3.12.
        self._loop = asyncio.get_running_loop()
        self.closed = self._loop.create_future()
        """Done once the socket is closed."""
        self.idle_since = 0.0
        """When the last exchange ended, by the loop's clock."""

    @property
    def is_usable(self) -> bool:
        """Whether another exchange may begin."""
        transport = self._transport
        return self._waiter is None and transport is not None and not transport.is_closing()

    def ask(self, request: bytes, *, deadline: float) -> asyncio.Future[Answer]:
        """Send `request` and return what the answer will be.

        Args:
            request: head and body.
            deadline: when the whole answer must be there, by the loop's clock; never before the last one's.

        Raises:
            TransportError: from the future; a `StaleConnectionError` where nothing at all came back.
        """
        assert self._transport  # noqa: S101 - it is handed out connected
        self._begin()
        self._waiter = self._loop.create_future()
        self._deadline = deadline
        if self._timer is None:
            self._watch()
        self._transport.write(request)
        return self._waiter

    def abort(self) -> None:
        """Cut the connection at once."""
        self._stop_watching()
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        # uvloop's transports do all that asyncio's do, but are no subclass of them.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Read on; whatever is no answer to a request ends the connection."""
        if self._waiter is None:
            self.abort()
            return
        self._heard += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(TransportError("an answer that is no HTTP"))
            return
        if self._heard > _MAX_HEAD_BYTES:
            self._bound()

    def connection_lost(self, exc: Exception | None) -> None:
        """Settle what waits: the end of the connection may be the end of the body (RFC 9112 §6.3)."""
        if not self._is_head and not self._is_sized and exc is None:
            self._finish()
        elif self._heard:
            self._fail(TransportError("the connection ended before the answer did"))
        else:
            self._fail(StaleConnectionError("the connection ended before an answer began"))
        self._stop_watching()
        self.closed.set_result(None)

    def on_message_begin(self) -> None:
        """Cut a server that sends an answer more than it was asked for (the parser's call)."""
        if self._waiter is None:
            self._begin()
            self.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep what tells time, and whether the body's size is known (the parser's call)."""
        name = name.lower()
        if name in _SIZING_HEADERS:
            self._is_sized = True
        elif name in _KEPT_HEADERS and value.isascii():
            # Bytes that are no text tell nothing, and an answer is not refused for a header that is only a hint.
            self._headers[_KEPT_HEADERS[name]] = value.decode()

    def on_headers_complete(self) -> None:
        """Note that the body begins (the parser's call)."""
        self._is_head = self._parser.get_status_code() < _FIRST_FINAL_STATUS

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body while it fits (the parser's call)."""
        self._size += len(body)
        if self._size > self._max_bytes:
            self._fail(TransportError(f"an answer of more than {self._max_bytes} bytes"))
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """Hand out the answer, unless it was an interim one such as 103 (the parser's call)."""
        if self._is_head:
            self._headers.clear()
        else:
            self._finish()

    def _bound(self) -> None:
        """Cut an answer whose head, or whatever else is no body (RFC 9112 §7.1.1 and 7.1.2), has no end."""
        if self._is_head:
            self._fail(TransportError(f"an answer's head of more than {_MAX_HEAD_BYTES} bytes"))
        elif self._heard > self._max_bytes + _MAX_HEAD_BYTES:
            self._fail(TransportError(f"an answer of more than {self._max_bytes} bytes"))

    def _begin(self) -> None:
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []
        self._size = 0
        self._heard = 0
        self._is_head = True
        self._is_sized = False

    def _finish(self) -> None:
        if waiter := self._end():
            self.idle_since = self._loop.time()
            waiter.set_result(Answer(self._parser.get_status_code(), b"".join(self._body), self._headers))
        if not self._parser.should_keep_alive():
            self.abort()

    def _fail(self, error: TransportError) -> None:
        if waiter := self._end():
            waiter.set_exception(error)
        self.abort()

    def _end(self) -> asyncio.Future[Answer] | None:
        """End the exchange, and return who waits for it still."""
        waiter, self._waiter = self._waiter, None
        return None if waiter is None or waiter.done() else waiter

    def _watch(self) -> None:
        """Look at the time when that of this exchange is up.

        Mostly a later one is under way then. To make and cancel a timer for each cost ten times as much.
        """
        self._timer = self._loop.call_at(self._deadline, self._look_at_time, self._deadline)

    def _stop_watching(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_at_time(self, deadline: float) -> None:
        self._timer = None
        if self._waiter is None:
            return
        if self._deadline > deadline:
            self._watch()
        else:
            self._fail(TransportError("no whole answer in time", timed_out=True))
