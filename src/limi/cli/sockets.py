"""The WebSocket of uvicorn, made to let go of a client that takes nothing, and to refuse as Limi does."""

import asyncio
from asyncio.transports import BaseTransport
from typing import Any, Final

import structlog
from uvicorn._types import ASGISendEvent
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState
from websockets.exceptions import InvalidHandshake
from websockets.http11 import Request

from limi.cli.response_bytes import refusal_bytes
from limi.cli.write_deadline import WriteDeadline
from limi.http.asgi import Header
from limi.http.errors import Refusal
from limi.kernel.ids import Ids

__all__ = ["GuardedSocket"]

_log = structlog.get_logger()

_SPOKEN: Final[Header] = (b"sec-websocket-version", b"13")
"""What a client of another version is to be told (RFC 6455 §4.4)."""


class GuardedSocket(WebSocketsSansIOProtocol):
    """Has a deadline for what fills the buffer, and for the last words that a closing socket waits to send.

    A client that reads nothing does not answer pings either, but the close that follows waits for the buffer as
    any close does.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        write_seconds: float,
        ids: Ids,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._write_seconds = write_seconds
        self._ids = ids

    def connection_made(self, transport: BaseTransport) -> None:
        """Take the transport."""
        super().connection_made(transport)
        self._deadline = WriteDeadline(self.transport, seconds=self._write_seconds, loop=self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._deadline.end()
        super().connection_lost(exc)

    def handle_connect(self, event: Request) -> None:
        """Begin; a head that is no handshake is answered in the shape of every error, and not in plain text."""
        try:
            self.conn.process_request(event)
        except InvalidHandshake as exc:
            self._refuse(Refusal("invalid_request", message=f"handshake: {exc}", headers=(_SPOKEN,)), event.path)
        else:
            super().handle_connect(event)

    def pause_writing(self) -> None:
        """Give the client its time to take something."""
        super().pause_writing()
        self._deadline.begin()

    def resume_writing(self) -> None:
        """Go on, with a new deadline where nothing but last words is left."""
        self._deadline.end()
        super().resume_writing()
        if self.close_sent:
            self._deadline.begin()

    def shutdown(self) -> None:
        """Close, because the server ends."""
        super().shutdown()
        self._deadline.begin()

    def keepalive_timeout(self) -> None:
        """Close, because the client did not answer a ping."""
        super().keepalive_timeout()
        self._deadline.begin()

    async def send(self, message: ASGISendEvent) -> None:
        """Send, and see to it that a close does not wait for ever."""
        await super().send(message)
        if self.close_sent:
            self._deadline.begin()

    def _refuse(self, refusal: Refusal, path: str) -> None:
        """Answer, and end the connection."""
        self.handshake_initiated = self.handshake_complete = self.close_sent = True
        request_id = self._ids.hex(16)
        self.transport.write(refusal_bytes(refusal, request_id=request_id, path=path))
        self.transport.close()
        _log.info("connection.refused", request_id=request_id, code=refusal.code, reason=str(refusal))
