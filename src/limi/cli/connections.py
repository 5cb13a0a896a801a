"""What a connection may cost before its request is known and after its answer is: bytes, seconds and a place.

uvicorn hands a request over once its head is complete, and until then sets no bound: a head may be a hundred
megabytes, or half of one may wait for ever. Nor has it one for a client that never takes its answer. No ASGI
application sees any of these, so the bounds stand here, in a thin layer over uvicorn's own protocol. A request
that arrives at once and whose answer is taken at once pays for a few comparisons and no timer.
"""

import asyncio
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, cast

import httptools
import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from limi.cli.connection_limits import ConnectionLimits
from limi.cli.whole_response import answering_whole
from limi.cli.write_deadline import WriteDeadline
from limi.http.asgi import ASGIApp, Header
from limi.http.errors import Refusal, render_error
from limi.kernel.ids import Ids

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

__all__ = ["GuardedProtocol"]

_log = structlog.get_logger()

_LINGER_SECONDS: Final = 1.0
"""How long the rest of a refused request is read and dropped. Closing at once would reset the connection, and a
client that is still sending would see that instead of the answer (RFC 9112 §9.6)."""
_AUTHORITY_END: Final = re.compile(rb"[/?#]")


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with bounds, whose own refusals have the body every other error of Limi has."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        limits: ConnectionLimits,
        ids: Ids,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._limits = limits
        self._ids = ids
        self._room = limits.head_bytes
        self._head_open = False
        self._timer: asyncio.TimerHandle | None = None
        self._is_done = False
        self._is_half_closed = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head, unless there are too many who wait."""
        super().connection_made(transport)
        self._deadline = WriteDeadline(transport, seconds=self._limits.write_seconds, loop=self.loop)
        if len(self.connections) > self._limits.connections:
            self._refuse(Refusal("overloaded", message="The server holds as many connections as it may"))
            # No lingering: it would hold the place that there is not.
            transport.close()
        else:
            self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._stop_awaiting_head()
        self._deadline.end()
        super().connection_lost(exc)

    def eof_received(self) -> bool:  # type: ignore[override] # uvicorn closes, whoever still waits
        """Keep the way back open where a client ended its own half of the connection and waits for its answer."""
        cycle = self._last_cycle()
        waits = cycle is not None and not cycle.response_complete and not cycle.more_body
        # Over TLS there are no halves, and asyncio closes whatever is said here.
        self._is_half_closed = waits and not self._is_done and self.transport.can_write_eof()
        return self._is_half_closed

    def data_received(self, data: bytes) -> None:
        """Parse what came, and count it until a callback below says that it led to something."""
        if len(data) < self._room:
            self._room -= len(data)
            self._feed(data)
        else:
            self._receive_much(data)
        if self._timer is None and (self._head_open or self._is_over()):
            self._await_head()

    def _receive_much(self, data: bytes) -> None:
        """Parse in parts no longer than what is left, so that none passes uncounted."""
        while data and not self._is_done and not self.transport.is_closing():
            part, data = data[: self._room], data[self._room :]
            self._room -= len(part)
            self._feed(part)
            if self._room == 0:
                self._refuse(self._too_long())

    def _feed(self, data: bytes) -> None:
        """Parse, as uvicorn's `data_received` does, but for upgrades to what is not spoken."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError as exc:
            self.send_400_response(str(exc))
        except httptools.HttpParserUpgrade as exc:
            if self._opens_websocket():
                self.handle_websocket_upgrade()
            else:
                self._read_without_upgrade(data[exc.args[0] :])

    def _should_upgrade(self) -> bool:
        """Have uvicorn start no request for a head with an upgrade; what it means is decided in `_feed`."""
        return True

    def _opens_websocket(self) -> bool:
        """Say whether this is a handshake: by GET, and not by HTTP/1.0 (RFC 6455 §4.1)."""
        is_get = self.scope["method"] == "GET" and self.scope["http_version"] == "1.1"
        return is_get and self._get_upgrade() == b"websocket"

    def _read_without_upgrade(self, rest: bytes) -> None:
        """Read a request again as if it had not asked for an upgrade, which a server may ignore (RFC 9110 §7.8).

        The parser takes whatever follows such a head for another protocol, so that a body would be lost: the first
        POST of Java's client, which asks for h2c, would arrive empty.
        """
        if self.scope["method"] == "CONNECT":
            self._refuse(Refusal("method_not_allowed"))
            return
        version = self.scope["http_version"].encode()
        lines = [self.scope["method"].encode() + b" " + self.url + b" HTTP/" + version]
        for name, value in self.scope["headers"]:
            kept = _without_upgrade(value) if name == b"connection" else value
            if name != b"upgrade":
                lines.append(name + b": " + kept)
        self.parser = httptools.HttpRequestParser(self)
        self._feed(b"\r\n".join(lines) + b"\r\n\r\n" + rest)

    def pause_writing(self) -> None:
        """Give the client its time to take something."""
        super().pause_writing()
        self._deadline.begin()

    def resume_writing(self) -> None:
        """Go on, with a new deadline for what is left."""
        self._deadline.end()
        super().resume_writing()
        self._deadline.begin()

    def on_response_complete(self) -> None:
        """Look after what the client has not taken yet: a connection waits for it even when it is closed."""
        super().on_response_complete()
        self._deadline.begin()
        if self._is_half_closed and self._is_over():
            self.transport.close()

    def handle_websocket_upgrade(self) -> None:
        """Hand the transport over; what happens on it from now on is not for this object to judge."""
        self._deadline.end()
        super().handle_websocket_upgrade()
        protocol = self.transport.get_protocol()
        if isinstance(protocol, WebSocketsSansIOProtocol) and not protocol.handshake_initiated:
            # Its parser has narrower bounds than ours (8 KiB a line, 128 headers). Past them it says nothing and
            # does not close: the client would wait for ever.
            self._refuse(Refusal("invalid_request", message="request: its head is none of a WebSocket handshake"))
        self._is_done = True

    def on_message_begin(self) -> None:
        """Note that a head has begun."""
        super().on_message_begin()
        self._head_open = True

    def on_headers_complete(self) -> None:
        """Note that the head is complete: it no longer counts, and nobody waits for it."""
        self._head_open = False
        self._room = self._limits.head_bytes
        self._stop_awaiting_head()
        self._deadline.end_if_empty()
        if not self.url.startswith(b"/"):
            self._believe_target()
        super().on_headers_complete()
        if not self.parser.should_upgrade():
            # Trailers come by the same callback. Merged into the head they would pass for what a proxy checked
            # there, such as the caller's address (RFC 9110 §6.5.1).
            self.headers = []

    def _believe_target(self) -> None:
        """Take the host of a target in absolute form for that of the Host header (RFC 9112 §3.2.2)."""
        _, is_absolute, rest = self.url.partition(b"://")
        if is_absolute:
            others = [header for header in self.headers if header[0] != b"host"]
            self.headers[:] = [(b"host", _AUTHORITY_END.split(rest, maxsplit=1)[0]), *others]

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: "ASGI3Application") -> None:
        super()._start_asgi_task(cycle, cast("ASGI3Application", answering_whole(cast("ASGIApp", app), cycle)))

    def on_body(self, body: bytes) -> None:
        """Pass the body on; its length is the application's business."""
        self._room = self._limits.head_bytes
        super().on_body(body)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text says less than ours
        """Answer what is not HTTP."""
        self._refuse(Refusal("invalid_request", message="request: what was sent is not valid HTTP/1.1"))

    def _is_over(self) -> bool:
        """Say whether the last request was answered: uvicorn's own wait (keep-alive) ended with the first byte."""
        cycle = self._last_cycle()
        return cycle is not None and cycle.response_complete and not self._is_done

    def _await_head(self) -> None:
        if not self.transport.is_closing():
            self._timer = self.loop.call_later(self._limits.head_seconds, self._head_is_late)

    def _stop_awaiting_head(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _head_is_late(self) -> None:
        if self.flow.read_paused:
            # Pipelined behind a request that is being answered: the rest was not read because we did not read.
            self._await_head()
        elif self._head_open:
            seconds = self._limits.head_seconds
            self._refuse(Refusal("request_timeout", message=f"The headers did not arrive within {seconds:g} s"))
        else:
            # Nothing was asked: a browser that connected ahead of need takes no notice of a closed connection.
            self.transport.close()

    def _too_long(self) -> Refusal:
        limit = self._limits.head_bytes
        return Refusal("headers_too_large", message=f"headers: they may be {limit} bytes long, all together")

    def _refuse(self, refusal: Refusal) -> None:
        if self._is_done or self.transport.is_closing():
            return
        self._is_done = True
        self._room = 0
        request_id = self._ids.hex(16)
        if self._may_answer():
            response = render_error(refusal, request_id=request_id)
            head = _head(HTTPStatus(response.status), response.headers, request_id, len(response.body))
            self.transport.write(head + response.body)
            self._deadline.begin()
        self._close_soon()
        _log.info("connection.refused", request_id=request_id, code=refusal.code, reason=str(refusal))

    def _close_soon(self) -> None:
        cycle = self._last_cycle()
        self._stop_awaiting_head()
        if cycle is None or cycle.response_complete:
            # Over TLS there is no half of a connection to close; the client's own end, or the timer, ends it.
            if self.transport.can_write_eof():
                self.transport.write_eof()
            self._timer = self.loop.call_later(_LINGER_SECONDS, self.transport.close)
        else:
            # The application still works on the request, and learns of its end by the closing alone.
            self.transport.close()

    def _may_answer(self) -> bool:
        """Say whether the client would take an answer for the right request's."""
        cycle = self._last_cycle()
        if cycle is None or cycle.response_complete:
            return True
        # What is wrong within a body is wrong with the running request; what comes later belongs to the next.
        return cycle.more_body and not cycle.response_started and not self.pipeline

    def _last_cycle(self) -> RequestResponseCycle | None:
        return self.cycle  # None before the first request, which uvicorn's annotation leaves out.


def _without_upgrade(connection: bytes) -> bytes:
    return b",".join(token for token in connection.split(b",") if token.strip().lower() != b"upgrade")


def _head(status: HTTPStatus, headers: list[Header], request_id: str, length: int) -> bytes:
    """Return the head of a response that ends its connection."""
    fields = [
        *headers,
        (b"x-request-id", request_id.encode()),
        (b"content-length", str(length).encode()),
        (b"connection", b"close"),
    ]
    lines = [
        f"HTTP/1.1 {status.value} {status.phrase}".encode(),
        *(name + b": " + value for name, value in fields),
    ]
    return b"\r\n".join(lines) + b"\r\n\r\n"
