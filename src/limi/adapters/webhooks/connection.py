"""One HTTP/1.1 connection to a receiver, one request at a time (RFC 9112).

What a receiver says is its status; all else is a stranger's, so of the body nothing is kept and only so much is
read as keeps the connection usable. Nothing is unpacked either, so a body that would unpack to gigabytes is bytes
like any other. It is a class of its own beside upstream's (`limi.adapters.upstream.connection`), because there the
body is what matters and an answer without the whole of it is none.
"""

import asyncio
from typing import Final, cast

import httptools

__all__ = ["ConnectionFailedError", "Head", "ReceiverConnection", "StaleConnectionError"]

_MAX_BYTES: Final = 65_536
"""Of head and body together. Answers to webhooks are a few words; reading on would serve endless ones only."""
_FIRST_FINAL_STATUS: Final = 200
_RETRY_AFTER: Final = b"retry-after"


class ConnectionFailedError(Exception):
    """The answer did not come whole, or is no HTTP."""


class StaleConnectionError(ConnectionFailedError):
    """The connection ended before a byte of the answer came, as one does that was closed while it lay idle."""


class Head:
    """What matters of an answer."""

    __slots__ = ("retry_after", "status")

    def __init__(self, status: int, retry_after: str | None) -> None:
        self.status = status
        self.retry_after = retry_after


class ReceiverConnection(asyncio.Protocol):
    """Sends a request that is bytes already, and reads the head of the answer."""

    def __init__(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._head: asyncio.Future[Head] | None = None
        self._whole: asyncio.Future[None] | None = None
        self._heard = 0
        self._retry_after: str | None = None
        self.closed = asyncio.get_running_loop().create_future()
        """Done once the socket is closed."""
        self.idle_since = 0.0
        """When the last exchange ended, by the loop's clock."""

    @property
    def is_usable(self) -> bool:
        """Whether another request may be sent."""
        transport = self._transport
        return self._head is None and self._whole is None and transport is not None and not transport.is_closing()

    def ask(self, request: bytes) -> "asyncio.Future[Head]":
        """Send `request` and return what the head of the answer will be.

        Raises:
            ConnectionFailedError: from the future; a `StaleConnectionError` where nothing at all came back.
        """
        assert self._transport  # noqa: S101 - it is handed out connected
        loop = asyncio.get_running_loop()
        self._heard = 0
        self._retry_after = None
        self._head, self._whole = loop.create_future(), loop.create_future()
        self._transport.write(request)
        return self._head

    async def drain(self) -> None:
        """Return when the rest of the answer has come, or the connection is cut because it is too long."""
        if self._whole is not None:
            await self._whole

    def abort(self) -> None:
        """Cut the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport."""
        # uvloop's transports do all that asyncio's do, but are no subclass of them.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Read on; whatever is no answer to a request ends the connection."""
        if self._whole is None:
            self.abort()
            return
        self._heard += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(ConnectionFailedError("an answer that is no HTTP"))
            return
        if self._heard > _MAX_BYTES:
            self._fail(ConnectionFailedError("an answer without end"))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Settle what waits."""
        kind = ConnectionFailedError if self._heard else StaleConnectionError
        self._fail(kind("the connection ended before the answer's head did"))
        self.closed.set_result(None)

    def on_message_begin(self) -> None:
        """Cut a receiver that answers more than it was asked: the next request's answer would be another's."""
        if self._whole is None:
            self.abort()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep how long the receiver asks to be left alone (the parser's call)."""
        if name.lower() == _RETRY_AFTER and value.isascii():
            self._retry_after = value.decode()

    def on_headers_complete(self) -> None:
        """Hand out the head, unless it is an interim one such as 103 (the parser's call)."""
        status = self._parser.get_status_code()
        head = self._head
        if status < _FIRST_FINAL_STATUS or head is None:
            return
        self._head = None
        if not head.done():
            head.set_result(Head(status, self._retry_after))

    def on_message_complete(self) -> None:
        """Note that the answer is whole, unless it was an interim one (the parser's call)."""
        if self._head is None:
            self._finish(keep=self._parser.should_keep_alive())

    def _finish(self, *, keep: bool) -> None:
        whole, self._whole = self._whole, None
        if whole is not None and not whole.done():
            self.idle_since = whole.get_loop().time()
            whole.set_result(None)
        if not keep:
            self.abort()

    def _fail(self, error: ConnectionFailedError) -> None:
        """End the connection; whoever has the head already is not told, because the head is what counts."""
        head, self._head = self._head, None
        if head is not None and not head.done():
            head.set_exception(error)
            head.exception()  # Marks it as seen: whoever asked may have been cancelled.
        self._finish(keep=False)
