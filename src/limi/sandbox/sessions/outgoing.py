"""What leaves one session: every event goes to the client and to those who observe, by way of who interferes."""

from collections.abc import Callable

from limi.protocol import RealtimeSession
from limi.sandbox.config import SandboxConfig
from limi.sandbox.interference import Departure, Expiry, Interference, Tap
from limi.sandbox.owned_tasks import OwnedTasks
from limi.sandbox.sessions.audience import Audience
from limi.sandbox.sessions.send_queue import Farewell, SendQueue
from limi.sandbox.sleep import Sleep

__all__ = ["Outgoing"]


class Outgoing:
    """The way out of a session; its tasks belong to the session."""

    def __init__(
        self,
        *,
        session: RealtimeSession,
        config: SandboxConfig,
        interference: Interference | None,
        tasks: OwnedTasks,
        sleep: Sleep,
        expire: Callable[[], None],
    ) -> None:
        """Make a way out that nothing has left by yet.

        Args:
            session: Whose it is.
            config: How much may wait.
            interference: Who stands in between, if anybody does.
            tasks: Own what leaves later.
            sleep: Waits for that.
            expire: Ends the session as its time limit does, when that is to leave.
        """
        self._tap: Tap | None = interference.tap(session) if interference else None
        self._tasks = tasks
        self._sleep = sleep
        self._expire = expire
        self.queue = SendQueue(limit_bytes=config.send_queue_bytes)
        """Where a transport takes what is to be sent."""
        self.audience = Audience(places=config.max_sidebands, limit_bytes=config.sideband_queue_bytes)
        """Those who get the same events beside the client."""

    def heard(self, frame: str) -> None:
        """Let who stands in between know of a frame of the client's."""
        if self._tap is not None:
            self._tap.incoming(frame)

    def send(self, event: bytes) -> None:
        """Send an event, or what takes its place."""
        if self._tap is None:
            self._put(event)
            return
        for departure in self._tap.outgoing(event):
            if isinstance(departure.what, bytes) and not departure.after_seconds:
                self._depart(departure.what, self._tap)
            else:
                self._tasks.start(self._depart_later(departure, self._tap), name="sandbox departure")

    def close(self, farewell: Farewell) -> None:
        """Close every connection after what was sent so far."""
        self.queue.close(farewell)
        self.audience.close(farewell)

    def end(self, farewell: Farewell) -> None:
        """Take leave of those who observe; the client is gone."""
        self.audience.close(farewell)

    def closed(self) -> None:
        """Let who stands in between know that the session is over."""
        if self._tap is not None:
            self._tap.closed()

    def _put(self, event: bytes) -> None:
        self.queue.put(event)
        self.audience.put(event)

    async def _depart_later(self, departure: Departure, tap: Tap) -> None:
        await self._sleep(departure.after_seconds)
        self._depart(departure.what, tap)

    def _depart(self, what: bytes | Expiry, tap: Tap) -> None:
        if isinstance(what, bytes):
            self._put(what)
            tap.sent(what)
        else:
            self._expire()
