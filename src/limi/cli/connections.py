"""HTTP/1.1 on one connection (RFC 9112): requests are parsed, bounded and handed to the application.

uvicorn starts and stops the server. What a connection does is here, because uvicorn's own class sets no bounds: a
head may be a hundred megabytes, or half of one may wait for ever, and a client may never take its answer. No ASGI
application sees any of these. It costs a mint less, too: one timer for all that a connection waits for is set anew
only when it fires, and what only a slow request needs is made only for one (docs/decisions/0002).
"""

import asyncio
import re
from collections import deque
from typing import Any, Final
from urllib.parse import unquote

import httptools
import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from limi.cli.connection_limits import ConnectionLimits
from limi.cli.exchange import Exchange
from limi.cli.lazy_timer import LazyTimer
from limi.cli.request_target import Target, read_target
from limi.cli.response_bytes import refusal_bytes
from limi.cli.upgrades import opens_websocket, request_head, without_upgrade
from limi.cli.write_deadline import WriteDeadline
from limi.http.asgi import Header, Scope
from limi.http.errors import Refusal
from limi.kernel.ids import Ids

__all__ = ["HTTPConnection"]

_log = structlog.get_logger()

_LINGER_SECONDS: Final = 1.0
"""How long the rest of a refused request is read and dropped. Closing at once would reset the connection, and a
client that is still sending would see that instead of the answer (RFC 9112 §9.6)."""
_REQUEST_LINE: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+ \S+ HTTP/1\.[01]\r?\n")
"""One with any method, known to the parser or not (RFC 9112 §3)."""
_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}


class HTTPConnection(asyncio.Protocol):
    """Answers one request after another; those sent ahead of their turn wait. uvicorn makes one per connection."""

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
        """Begin before the transport is there.

        Args:
            config: uvicorn's, loaded: the application, and what opens WebSockets.
            server_state: what the server's connections share; it waits at its end for those that are in it.
            app_state: what the application's lifespan left for its requests.
            _loop: whose timers are used; the running one unless given.
            limits: what a connection may cost.
            ids: makes the ids of requests that are refused here.
        """
        self.loop = _loop or asyncio.get_running_loop()
        self._config = config
        self._app: Any = config.loaded_app
        self._server = server_state
        self._connections: set[Any] = server_state.connections
        self._app_state = app_state
        self._limits = limits
        self._ids = ids
        self._parser = httptools.HttpRequestParser(self)
        self._url = b""
        self._headers: list[Header] = []
        self._room = limits.head_bytes
        self._head_open = False
        self._upgrade: Scope | None = None
        self._current: Exchange | None = None
        self._newest: Exchange | None = None
        self._ahead: deque[Exchange] = deque()
        self._since = 0.0
        self._timer = LazyTimer(self.loop, self._look)
        self._linger: asyncio.TimerHandle | None = None
        self._is_done = False
        self._heard_all = False
        self._is_half_closed = False

    @property
    def default_headers(self) -> list[Header]:
        """Headers that every response begins with; they change while the server runs."""
        return self._server.default_headers

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head, unless there are too many who wait."""
        self._connections.add(self)
        self.transport = transport
        self.flow = FlowControl(transport)
        self._common = {
            "type": "http",
            "asgi": _ASGI,
            "server": get_local_addr(transport),
            "client": get_remote_addr(transport),
            "scheme": "https" if is_ssl(transport) else "http",
            "root_path": "",
        }
        self._deadline = WriteDeadline(transport, seconds=self._limits.write_seconds, loop=self.loop)
        if len(self._connections) > self._limits.connections:
            self._refuse(Refusal("overloaded", message="The server holds as many connections as it may"))
            # No lingering: it would hold the place that there is not.
            transport.close()
        else:
            self._since = self.loop.time()
            self._timer.call_by(self._since + self._limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Forget the connection, and tell the application."""
        self._connections.discard(self)
        self._timer.cancel()
        if self._linger is not None:
            self._linger.cancel()
        self._deadline.end()
        self._ahead.clear()
        if self._current is not None:
            self._current.disconnect()
        self.flow.resume_writing()

    def eof_received(self) -> bool:
        """Keep the way back open where a client ended its own half of the connection and waits for its answer."""
        waits = self._is_answering() and not (self._newest and self._newest.more_body)
        # Over TLS there are no halves, and asyncio closes whatever is said here.
        self._is_half_closed = waits and not self._is_done and self.transport.can_write_eof()
        return self._is_half_closed

    def shutdown(self) -> None:
        """Close as soon as the request under way is answered; uvicorn calls it when the server stops."""
        if self._newest is not None and self._is_answering():
            self._newest.keep_alive = False
        else:
            self.transport.close()

    def pause_writing(self) -> None:
        """Give the client its time to take something."""
        self.flow.pause_writing()
        self._deadline.begin()

    def resume_writing(self) -> None:
        """Go on, with a new deadline for what is left."""
        self._deadline.end()
        self.flow.resume_writing()
        self._deadline.begin()

    def data_received(self, data: bytes) -> None:
        """Parse what came, and count it until a callback below says that it led to something."""
        if len(data) < self._room:
            self._room -= len(data)
            self._feed(data)
        else:
            self._receive_much(data)
        if (self._head_open or not self._is_answering()) and not self._is_ending():
            self._timer.call_by(self._since + self._limits.head_seconds)

    def on_message_begin(self) -> None:
        """Note that a head has begun."""
        self._url = b""
        self._head_open = True
        self._since = self.loop.time()

    def on_url(self, url: bytes) -> None:
        """Take a part of the target."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer."""
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        """Begin the request: its head no longer counts, and nobody waits for it."""
        self._head_open = False
        self._room = self._limits.head_bytes
        self._deadline.end_if_empty()
        # Trailers come by the same callback. Merged into the head they would pass for what a proxy checked there,
        # such as the caller's address (RFC 9110 §6.5.1).
        headers, self._headers = self._headers, []
        target = read_target(self._url)
        version = self._parser.get_http_version()
        scope = self._scope(target, headers, version)
        if self._parser.should_upgrade():
            self._upgrade = scope
            return
        self._upgrade = None
        exchange = Exchange(self, scope, keep_alive=version != "1.0" and self._parser.should_keep_alive())
        self._newest = exchange
        if self._is_answering():
            self.flow.pause_reading()
            self._ahead.append(exchange)
        else:
            self._start(exchange)

    def on_body(self, body: bytes) -> None:
        """Pass the body on; its length is the application's business."""
        self._room = self._limits.head_bytes
        if self._newest is not None and self._upgrade is None:
            self._newest.take(body)

    def on_message_complete(self) -> None:
        """Tell the application that the body is complete."""
        if self._newest is not None and self._upgrade is None:
            self._newest.take_end()

    def answered(self, exchange: Exchange) -> None:
        """Go on with the next request; look after what the client has not taken yet of this answer."""
        if not exchange.keep_alive:
            self.transport.close()
        # A connection waits for what was not taken even when it is closed.
        self._deadline.begin()
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self._ahead:
            self._start(self._ahead.popleft())
        elif self._is_half_closed:
            self.transport.close()
        else:
            self._since = self.loop.time()
            self._timer.call_by(self._since + self._config.timeout_keep_alive)

    def fail(self) -> None:
        """Answer `internal_error` for an application that ended without an answer."""
        if not (self._is_done or self.transport.is_closing()):
            self._answer_and_close(Refusal("internal_error"), self._ids.hex(16))

    def ended(self, exchange: Exchange) -> None:
        """Forget the task of `exchange`, which the server would wait for at its end."""
        if exchange.task is not None:
            self._server.tasks.discard(exchange.task)

    def _start(self, exchange: Exchange) -> None:
        self._current = exchange
        exchange.task = self.loop.create_task(exchange.run(self._app))
        self._server.tasks.add(exchange.task)

    def _scope(self, target: Target, headers: list[Header], version: str) -> Scope:
        path = target.path.decode("ascii")
        if target.host is not None:
            headers = [(b"host", target.host), *(header for header in headers if header[0] != b"host")]
        return {
            **self._common,
            "http_version": version,
            "method": self._parser.get_method().decode("ascii"),
            "path": unquote(path) if "%" in path else path,
            "raw_path": target.path,
            "query_string": target.query,
            "headers": headers,
            "state": self._app_state.copy(),
        }

    def _receive_much(self, data: bytes) -> None:
        """Parse in parts no longer than what is left, so that none passes uncounted."""
        while data and not self._is_ending():
            part, data = data[: self._room], data[self._room :]
            self._room -= len(part)
            self._feed(part)
            if self._room == 0:
                limit = self._limits.head_bytes
                message = f"headers: they may be {limit} bytes long, all together"
                self._refuse(Refusal("headers_too_large", message=message))

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as exc:
            assert self._upgrade is not None  # noqa: S101 - the callback of its head comes first
            self._switch(self._upgrade, data[exc.args[0] :])
        except httptools.HttpParserError as exc:
            newest = self._newest
            if newest is not None and not (newest.keep_alive or newest.more_body):
                # What follows a last request is ignored, and not held against it (RFC 9112 §9.6).
                self._hear_no_more()
            elif isinstance(exc, httptools.HttpParserInvalidMethodError) and _REQUEST_LINE.match(data):
                self._refuse(Refusal("method_not_allowed"))
            else:
                self._refuse(Refusal("invalid_request", message="request: what was sent is not valid HTTP/1.1"))

    def _switch(self, scope: Scope, rest: bytes) -> None:
        """Do what a request for another protocol asks, as far as that is spoken here."""
        if scope["method"] == "CONNECT":
            self._refuse(Refusal("method_not_allowed"))
        elif opens_websocket(scope) and not self._is_answering():
            # Behind a request under way it would get that one's answer among its frames.
            self._hand_over(scope)
        else:
            self._read_without_upgrade(scope, rest)

    def _read_without_upgrade(self, scope: Scope, rest: bytes) -> None:
        """Read a request again as if it had not asked for an upgrade, which a server may ignore (RFC 9110 §7.8).

        The parser takes whatever follows such a head for another protocol, so that a body would be lost: the first
        POST of Java's client, which asks for h2c, would arrive empty.
        """
        self._parser = httptools.HttpRequestParser(self)
        self._feed(request_head(scope, self._url, without_upgrade(scope["headers"])) + rest)

    def _hand_over(self, scope: Scope) -> None:
        """Give the transport to a WebSocket; what happens on it from now on is not for this object to judge."""
        self._timer.cancel()
        self._deadline.end()
        self._connections.discard(self)
        make: Any = self._config.ws_protocol_class
        socket = make(config=self._config, server_state=self._server, app_state=self._app_state)
        socket.connection_made(self.transport)
        socket.data_received(request_head(scope, self._url, scope["headers"]))
        self.transport.set_protocol(socket)
        if isinstance(socket, WebSocketsSansIOProtocol) and not socket.handshake_initiated:
            # Its parser has narrower bounds than ours (8 KiB a line, 128 headers). Past them it says nothing and
            # does not close: the client would wait for ever.
            self._refuse(Refusal("invalid_request", message="request: its head is none of a WebSocket handshake"))
        self._is_done = True

    def _is_answering(self) -> bool:
        """Say whether the application works on a request; others may wait behind it."""
        return self._current is not None and not self._current.complete

    def _patience(self) -> float:
        """Return how many seconds nothing may happen now."""
        idles = self._newest is not None and not self._newest.more_body and not self._head_open
        return self._config.timeout_keep_alive if idles else self._limits.head_seconds

    def _is_ending(self) -> bool:
        return self._is_done or self._heard_all or self.transport.is_closing()

    def _look(self) -> None:
        """End the connection where nothing has happened for too long; else look again when it would be."""
        if self._is_ending() or (self._is_answering() and not self._head_open):
            return  # An answer's end begins the next wait.
        now = self.loop.time()
        if self.flow.read_paused:
            # Sent ahead behind a request that is being answered: the rest was not read because we did not read.
            self._since = now
        due = self._since + self._patience()
        if now < due:
            self._timer.call_by(due)
        elif self._head_open:
            seconds = self._limits.head_seconds
            self._refuse(Refusal("request_timeout", message=f"The headers did not arrive within {seconds:g} s"))
        else:
            # Nothing was asked: a browser that connected ahead of need takes no notice of a closed connection.
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer what never reaches the application, and end the connection."""
        if self._is_ending():
            return
        request_id = self._ids.hex(16)
        if self._may_answer():
            self._answer_and_close(refusal, request_id)
        elif last := self._last_before():
            # Those who sent it have a right to what it did: a key may have been made already.
            last.keep_alive = False
            self._newest = last
            self._hear_no_more()
        else:
            self._is_done = True
            self._room = 0
            self._timer.cancel()
            # The application still works on the request, and learns of its end by the closing alone.
            self.transport.close()
        _log.info("connection.refused", request_id=request_id, code=refusal.code, reason=str(refusal))

    def _answer_and_close(self, refusal: Refusal, request_id: str) -> None:
        self._is_done = True
        self._room = 0
        path = self._url.decode("latin-1")
        self.transport.write(refusal_bytes(refusal, request_id=request_id, path=path))
        self._deadline.begin()
        self._timer.cancel()
        if self._current is not None:
            # An application that still reads a body has nobody to answer any more.
            self._current.disconnect()
        # Over TLS there is no half of a connection to close; the client's own end, or the timer, ends it.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._linger = self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def _hear_no_more(self) -> None:
        """Drop what is still sent, while those who are answered get their answers."""
        self._heard_all = True
        self._room = 0
        self._timer.cancel()

    def _last_before(self) -> Exchange | None:
        """Return the last request that is whole and yet to be answered, and forget one behind it that is not."""
        if self._ahead and self._ahead[-1].more_body:
            self._ahead.pop()
        last = self._ahead[-1] if self._ahead else self._current
        return last if last is not None and not (last.complete or last.more_body) else None

    def _may_answer(self) -> bool:
        """Say whether the client would take an answer for the right request's."""
        newest = self._newest
        if newest is None or newest.complete:
            return True
        # What is wrong within a body is wrong with the running request; what comes later belongs to the next.
        return newest.more_body and not newest.started and not self._ahead
