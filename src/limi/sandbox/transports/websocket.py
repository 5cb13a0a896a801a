"""Carries a session over a WebSocket: one task reads, one writes, and both end with whichever ends first."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any, Final

from limi.sandbox.sessions.live_session import LiveSession
from limi.sandbox.sessions.send_queue import Farewell

__all__ = ["Message", "Receive", "Send", "WebSocketTransport"]

_LARGE_CHARACTERS: Final = 1024 * 1024
"""Only what shows pictures is as long."""

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class WebSocketTransport:
    """One accepted ASGI socket and its session."""

    def __init__(self, *, live: LiveSession, receive: Receive, send: Send) -> None:
        self._live = live
        self._receive = receive
        self._send = send

    async def run(self) -> None:
        """Carry the session until either side closes; leaves nothing running."""
        self._live.start()
        reader = asyncio.create_task(self._read(), name="sandbox socket reader")
        writer = asyncio.create_task(self._write(), name="sandbox socket writer")
        try:
            await asyncio.wait((reader, writer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            reader.cancel()
            writer.cancel()
            await asyncio.gather(reader, writer, return_exceptions=True)
            await self._live.close()
        for task in (reader, writer):
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _read(self) -> None:
        while (message := await self._receive())["type"] != "websocket.disconnect":
            if (text := message.get("text")) is not None:
                await self._live.receive_text(text)
            else:
                await self._live.receive_binary(message.get("bytes") or b"")

    async def _write(self) -> None:
        # A server raises OSError when the client has gone; the reader hears of that as well.
        with suppress(OSError):
            while not isinstance(event := await self._live.send_queue.take(), Farewell):
                text = event.decode()
                if len(text) > _LARGE_CHARACTERS:
                    # The server copies it twice more, and each copy of megabytes may take 10 ms.
                    await asyncio.sleep(0)
                await self._send({"type": "websocket.send", "text": text})
            await self._send({"type": "websocket.close", "code": event.code, "reason": event.reason})
