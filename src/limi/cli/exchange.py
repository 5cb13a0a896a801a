"""One request and its answer, as an ASGI application sees them.

The specification is https://asgi.readthedocs.io/en/latest/specs/www.html, and for the bytes RFC 9112.
"""

import asyncio
from typing import Final, Protocol

import structlog
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl

from limi.cli.response_bytes import Framing, frame, whole_response
from limi.http.asgi import WHOLE_BODY, ASGIApp, Header, Message, Scope, headers_of

__all__ = ["Exchange", "Wire"]

_log = structlog.get_logger()

_START: Final = "http.response.start"
_BODY: Final = "http.response.body"
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class Wire(Protocol):
    """What an exchange needs of its connection."""

    transport: asyncio.Transport
    flow: FlowControl

    @property
    def default_headers(self) -> list[Header]:
        """Headers that every response begins with."""

    def answered(self, exchange: "Exchange") -> None:
        """Go on to what comes after `exchange`, whose response is complete."""

    def fail(self) -> None:
        """Answer `internal_error`: the application ended without beginning an answer."""

    def ended(self, exchange: "Exchange") -> None:
        """Forget `exchange`: its application has returned."""


class Exchange:
    """Gives the application the request's body, and writes what it answers.

    The head waits for the first part of the body, as the specification asks, so that a response which is whole
    leaves in one piece.
    """

    # At the class, because a request in ten thousand changes more than a few of them.
    more_body = True
    """Whether the request is incomplete."""
    started = False
    """Whether bytes of the response were written."""
    complete = False
    """Whether all of them were."""
    disconnected = False
    task: asyncio.Task[None] | None = None
    """What runs the application."""
    _body = b""
    _is_asked_for = False
    _is_new = False
    _waiter: asyncio.Future[None] | None = None
    _expected: str | None = _START
    _head: Message | None = None
    _framing: Framing | None = None

    def __init__(self, wire: Wire, scope: Scope, *, keep_alive: bool) -> None:
        """Begin before the body.

        Args:
            wire: the connection.
            scope: what the head of the request said.
            keep_alive: whether the client wants to ask more on this connection.
        """
        self._wire = wire
        self.scope = scope
        self.keep_alive = keep_alive

    async def run(self, app: ASGIApp) -> None:
        """Have the application answer, and see to it that somebody does."""
        try:
            await app(self.scope, self.receive, self)
        except asyncio.CancelledError:
            self._end_unanswered()
            raise
        except Exception:  # noqa: BLE001 - a bug of the application must not leave a client without an answer
            _log.exception("request.crashed", path=self.scope["path"])
            self._end_unanswered()
        else:
            if not (self.complete or self.disconnected):
                _log.error("request.unanswered", path=self.scope["path"])
                self._end_unanswered()
        finally:
            self._wire.ended(self)

    def take(self, body: bytes) -> None:
        """Keep a part of the body for the application; one that has answered already wants no more of it."""
        if self.complete:
            return
        self._body = self._body + body if self._body else body
        if len(self._body) > HIGH_WATER_LIMIT:
            self._wire.flow.pause_reading()
        self._tell()

    def take_end(self) -> None:
        """Note that the body is complete."""
        self.more_body = False
        if not self._is_asked_for:
            self.scope[WHOLE_BODY] = self._body
        self._tell()

    def disconnect(self) -> None:
        """Note that the client has gone."""
        self.disconnected = not self.complete
        # Whoever looks for the body from now on is told by `receive` that nobody waits.
        self.scope.pop(WHOLE_BODY, None)
        self._tell()

    async def receive(self) -> Message:
        """Return the next part of the body, or wait for the client's end."""
        if not self._is_asked_for:
            self._is_asked_for = True
            self._invite()
        if not (self._is_new or self.disconnected or self.complete):
            self._wire.flow.resume_reading()
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if self.disconnected or self.complete:
            return {"type": "http.disconnect"}
        self._is_new = False
        body, self._body = self._body, b""
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    def _invite(self) -> None:
        """Tell a client that waits to be told so that its body is wanted (RFC 9110 §10.1.1)."""
        waits = headers_of(self.scope).get(b"expect", b"").lower() == b"100-continue"
        if waits and not self.started and not self._wire.transport.is_closing():
            self._wire.transport.write(_CONTINUE)

    async def __call__(self, message: Message) -> None:
        """Take one message of the application's answer: ASGI's `send`.

        Raises:
            RuntimeError: it does not follow what was sent before, or a header or a length is wrong.
        """
        kind = message["type"]
        if kind != self._expected:
            raise RuntimeError(f"{kind} does not follow what was sent before")
        if kind == _START:
            self._head, self._expected = message, _BODY
            return
        flow = self._wire.flow
        if flow.write_paused and not self.disconnected:
            await flow.drain()
        if self.disconnected:
            return
        is_last = not message.get("more_body", False)
        self._write(self._bytes(message.get("body", b""), is_last=is_last), is_last=is_last)

    def whole(self, status: int, headers: list[Header], body: bytes) -> bool:
        """Write a response at once, without ASGI's two messages, or return False where it takes those.

        Raises:
            RuntimeError: a header would break out of its line.
        """
        # Whoever waits, for the client to take what was written or for nobody, does it by messages.
        if self._expected != _START or not self.keep_alive or self.disconnected or self._wire.flow.write_paused:
            return False
        response = whole_response(status, headers, self._wire.default_headers, body, method=self.scope["method"])
        if response is None:
            return False
        self._write(response, is_last=True)
        return True

    def _write(self, data: bytes, *, is_last: bool) -> None:
        self._wire.transport.write(data)
        self.started = True
        if is_last:
            self.complete, self._expected = True, None
            self._tell()
            self._wire.answered(self)

    def _bytes(self, body: bytes, *, is_last: bool) -> bytes:
        """Return what goes over the wire for a part of the body, with the head before the first."""
        head, self._head = self._head, None
        if head is None:
            assert self._framing  # noqa: S101 - made with the head
            return self._framing.part(body, is_last=is_last)
        defaults, method = self._wire.default_headers, self.scope["method"]
        if is_last and self.keep_alive:
            whole = whole_response(head["status"], head.get("headers", ()), defaults, body, method=method)
            if whole is not None:
                return whole
        first, self._framing = frame(
            head, defaults, method=method, version=self.scope["http_version"], keep_alive=self.keep_alive
        )
        self.keep_alive = self.keep_alive and not self._framing.closes
        return first + self._framing.part(body, is_last=is_last)

    def _tell(self) -> None:
        self._is_new = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _end_unanswered(self) -> None:
        if self.complete or self.disconnected:
            return
        if self.started:
            # What follows the part that was written could be anything: only the end tells that it is not whole.
            self._wire.transport.close()
        else:
            self._wire.fail()
