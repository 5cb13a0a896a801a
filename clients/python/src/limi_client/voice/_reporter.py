"""Reports to the backend how connections went: in batches, bounded, and never what was said."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Final

from limi_client._errors import APIConnectionError, LimiError
from limi_client._errors_generated import CATALOGUE
from limi_client._ports import Ports
from limi_client._retry import may_get_better

__all__ = ["Reporter"]

_MOST_WAITING: Final = 100
"""What one request may hold; more than that unsent means that nobody listens, and the oldest go."""
_BATCH_SECONDS: Final = 2.0
"""Long enough to gather what belongs together, short enough not to matter to anybody who watches."""
_SEND_SECONDS: Final = 3.0
"""Longest for one request: reports are not worth waiting for at the end."""
_LONGEST_MESSAGE: Final = 200
_LONGEST_CODE: Final = 100

Send = Callable[[Sequence[Mapping[str, object]]], Awaitable[object]]


class Reporter:
    """Gathers reports and sends them every few seconds."""

    def __init__(
        self, *, send: Send, ports: Ports, sleep: Callable[[float], Awaitable[None]], enabled: bool
    ) -> None:
        """Begin with none."""
        self._send = send
        self._enabled = enabled
        self._ports = ports
        self._sleep = sleep
        self._waiting: list[Mapping[str, object]] = []
        self._task: asyncio.Task[None] | None = None

    def connected(self, session_id: str, duration_seconds: float) -> None:
        """Report that a conversation began, and how long that took."""
        self._note(
            {
                "type": "connection_successful",
                "sessionId": session_id,
                "durationMs": round(duration_seconds * 1000),
                "transport": "websocket",
            }
        )

    def failed(self, session_id: str | None, code: str) -> None:
        """Report an error by its code, in the catalogue's words: what a server says could hold anything."""
        named = {"sessionId": session_id} if session_id else {}
        entry = CATALOGUE.get(code)
        message = (entry.message if entry else code)[:_LONGEST_MESSAGE]
        self._note({"type": "error_occurred", "errorCode": code[:_LONGEST_CODE], "errorMessage": message, **named})

    async def close(self) -> None:
        """Send what is left, without patience."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._flush()

    def _note(self, event: Mapping[str, object]) -> None:
        if not self._enabled:
            return
        self._waiting = [*self._waiting, {"id": self._ports.new_id(), **event}][-_MOST_WAITING:]
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._flush_later(), name="limi reports")

    async def _flush_later(self) -> None:
        while self._waiting:
            await self._sleep(_BATCH_SECONDS)
            await self._flush()

    async def _flush(self) -> None:
        batch, self._waiting = self._waiting, []
        if not batch:
            return
        # Whatever goes wrong is the backend's loss only; the conversation does not depend on it.
        try:
            with suppress(APIConnectionError, asyncio.TimeoutError):
                await asyncio.wait_for(self._send(batch), _SEND_SECONDS)
        except LimiError as refusal:
            # A backend that does not take reports will not take the next ones either.
            self._enabled = may_get_better(refusal)
        except asyncio.CancelledError:
            # `close` sends it again; the backend knows each report by its id.
            self._waiting = [*batch, *self._waiting]
            raise
