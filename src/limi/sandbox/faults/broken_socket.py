"""A socket that breaks: dropped without a word, silent, or open on one side only.

It stands between the server and the application, and so needs to know neither. That an application ends without a
close is what makes the server cut the connection: the client sees 1006.
"""

import asyncio
from typing import Final

import msgspec

from limi.sandbox.faults.rules import FaultRule, What
from limi.sandbox.http.headers import ASGIApp, Scope
from limi.sandbox.owned_tasks import OwnedTasks
from limi.sandbox.sleep import Sleep
from limi.sandbox.transports.websocket import Message, Receive, Send

__all__ = ["BrokenSocket"]

_ABNORMAL: Final = 1006


class _Typed(msgspec.Struct):
    type: str = ""


class BrokenSocket:
    """One connection that breaks as one rule says, when it says so."""

    def __init__(self, rule: FaultRule, *, sleep: Sleep) -> None:
        """Prepare a break.

        Args:
            rule: Says `drop`, `stall` or `half_open`, after how many events or seconds, and for how long.
            sleep: Waits for these seconds.
        """
        self._rule = rule
        self._sleep = sleep
        self._delivered = 0
        self._tasks = OwnedTasks()
        self._broken = asyncio.Event()
        self._over = asyncio.Event()
        self._is_dead = rule.what is What.DROP

    async def carry(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the application behind the break."""

        async def receive_or_not() -> Message:
            return await self._receive(receive)

        async def send_or_not(message: Message) -> None:
            await self._send(message, send)

        if isinstance(seconds := self._rule.after_seconds, int | float):
            self._tasks.start(self._break_later(seconds), name="sandbox fault")
        try:
            await app(scope, receive_or_not, send_or_not)
        finally:
            await self._tasks.cancel_all()

    def release(self) -> None:
        """Cut the connection now, because the sandbox stops."""
        self._is_dead = True
        self._broken.set()
        self._over.set()

    async def _break_later(self, seconds: float) -> None:
        await self._sleep(seconds)
        self._break()

    def _break(self) -> None:
        self._broken.set()
        if isinstance(self._rule.seconds, int | float):
            self._tasks.start(self._mend(self._rule.seconds), name="sandbox fault's end")

    async def _mend(self, seconds: float) -> None:
        await self._sleep(seconds)
        # Nobody reads what a half-open connection missed, so that there is nothing to go on with.
        self._is_dead = self._rule.what is What.HALF_OPEN
        self._over.set()

    async def _receive(self, receive: Receive) -> Message:
        if not self._broken.is_set() and (message := await self._unless_broken(receive)) is not None:
            return message
        if self._rule.what is What.HALF_OPEN:
            await self._over.wait()
        if self._is_dead:
            return {"type": "websocket.disconnect", "code": _ABNORMAL}
        return await receive()

    def _is_deaf(self) -> bool:
        return self._broken.is_set() and self._rule.what is What.HALF_OPEN

    async def _unless_broken(self, receive: Receive) -> Message | None:
        message = asyncio.ensure_future(receive())
        broken = asyncio.ensure_future(self._broken.wait())
        try:
            await asyncio.wait((message, broken), return_when=asyncio.FIRST_COMPLETED)
            # What came at the very moment of the break was heard, unless nothing is heard any more.
            return message.result() if message.done() and not self._is_deaf() else None
        finally:
            message.cancel()
            broken.cancel()
            await asyncio.gather(message, broken, return_exceptions=True)

    async def _send(self, message: Message, send: Send) -> None:
        if message["type"] == "websocket.send" and not self._broken.is_set() and self._is_due(message["text"]):
            self._break()
        if self._broken.is_set():
            if self._rule.what is not What.DROP:
                await self._over.wait()
            if self._is_dead:
                raise ConnectionAbortedError("this connection is broken, as a fault asked for")
        await send(message)

    def _is_due(self, event: str) -> bool:
        """Count an event that is about to be delivered, and say whether the connection breaks before it."""
        rule = self._rule
        if isinstance(rule.event, str) and rule.event != msgspec.json.decode(event, type=_Typed).type:
            return False
        self._delivered += 1
        limit = rule.after_events if isinstance(rule.after_events, int) else None
        if limit is None:
            return not isinstance(rule.after_seconds, int | float)
        return self._delivered > limit
