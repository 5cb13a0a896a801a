"""Joins a socket to a call that goes on elsewhere: it gets the call's events and may send events of its own."""

import asyncio
from contextlib import suppress

from limi.sandbox.sessions.live_session import LiveSession
from limi.sandbox.sessions.send_queue import Farewell, SendQueue
from limi.sandbox.sleep import Sleep
from limi.sandbox.transports.websocket import Receive, Send

__all__ = ["SidebandTransport"]


class SidebandTransport:
    """One accepted ASGI socket beside a call. The call neither ends with it nor waits for it."""

    def __init__(
        self, *, live: LiveSession, receive: Receive, send: Send, sleep: Sleep, close_seconds: float
    ) -> None:
        """Prepare to join.

        Args:
            live: The call's session.
            receive: Where the socket's messages come from.
            send: Where they go.
            sleep: How it waits.
            close_seconds: How long an observer that was sent away may take to read that.
        """
        self._live = live
        self._receive = receive
        self._send = send
        self._sleep = sleep
        self._close_seconds = close_seconds

    async def run(self) -> None:
        """Observe until the socket closes, the call ends, or too much was left unread."""
        queue = self._live.audience.join()
        tasks = [
            asyncio.create_task(self._read(), name="sandbox sideband reader"),
            asyncio.create_task(self._write(queue), name="sandbox sideband writer"),
            asyncio.create_task(self._run_out(queue), name="sandbox sideband end"),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._live.audience.leave(queue)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in tasks:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    async def _read(self) -> None:
        while (message := await self._receive())["type"] != "websocket.disconnect":
            if (text := message.get("text")) is not None:
                await self._live.receive_text(text)
            else:
                await self._live.receive_binary(message.get("bytes") or b"")

    async def _write(self, queue: SendQueue) -> None:
        with suppress(OSError):
            while not isinstance(event := await queue.take(), Farewell):
                await self._send({"type": "websocket.send", "text": event.decode()})
            await self._send({"type": "websocket.close", "code": event.code, "reason": event.reason})

    async def _run_out(self, queue: SendQueue) -> None:
        """Stop waiting for a socket that does not even read its farewell."""
        await queue.closed()
        await self._sleep(self._close_seconds)
