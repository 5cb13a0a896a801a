"""The WebSocket of uvicorn, made to let go of a client that takes nothing."""

import asyncio
from asyncio.transports import BaseTransport
from typing import Any

from uvicorn._types import ASGISendEvent
from uvicorn.config import Config
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from uvicorn.server import ServerState

from limi.cli.write_deadline import WriteDeadline

__all__ = ["GuardedSocket"]


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
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._write_seconds = write_seconds

    def connection_made(self, transport: BaseTransport) -> None:
        """Take the transport."""
        super().connection_made(transport)
        self._deadline = WriteDeadline(self.transport, seconds=self._write_seconds, loop=self.loop)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._deadline.end()
        super().connection_lost(exc)

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
