"""What was said in the sessions of a sandbox, for a test to look at afterwards or to wait for."""

import asyncio
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any, Final

from limi.protocol import RealtimeSession
from limi.sandbox.interference import Application, Departure, Interference, Tap

__all__ = ["RecordedSession", "Recording"]

_LOOK_AGAIN_SECONDS: Final = 0.01

Event = dict[str, Any]


class RecordedSession:
    """One session, whatever carries it: a WebSocket or WebRTC."""

    def __init__(self, session: RealtimeSession, *, limit: int, on_change: Callable[[], None]) -> None:
        self.id = session.id
        self.model = session.config.model
        self.type = session.config.type.value
        """`realtime` or `transcription`."""
        self.received: list[Event] = []
        """The client's events, oldest first; a frame that is no JSON object stands as `{"frame": ...}`."""
        self.sent: list[Event] = []
        """The server's events as they left, faults included, oldest first."""
        self.is_open = True
        self._limit = limit
        self._on_change = on_change

    def sent_of(self, event_type: str) -> list[Event]:
        """Return the events of one type that were sent."""
        return [event for event in self.sent if event.get("type") == event_type]

    def received_of(self, event_type: str) -> list[Event]:
        """Return the events of one type that were received."""
        return [event for event in self.received if event.get("type") == event_type]

    def note(self, events: list[Event], frame: str | bytes) -> None:
        """Write down one frame."""
        events.append(_event(frame))
        # A session that a test leaves talking must not fill the memory; what is newest is what is asked for.
        del events[: -self._limit]
        self._on_change()

    def end(self) -> None:
        """Write down that the session is over."""
        self.is_open = False
        self._on_change()


class Recording:
    """Records every session, and passes everything on to the faults behind it."""

    def __init__(self, behind: Interference, *, limit: int = 10_000) -> None:
        """Record.

        Args:
            behind: Who interferes as well; what it changes is recorded changed.
            limit: Events kept of each session and direction, and sessions kept; older ones are forgotten.
        """
        self.sessions: list[RecordedSession] = []
        """Oldest first."""
        self._behind = behind
        self._limit = limit
        self._changed = asyncio.Event()

    def around(self, app: Application) -> Application:
        """Return what stands around the application."""
        return self._behind.around(app)

    def tap(self, session: RealtimeSession) -> Tap:
        """Return a tap that records."""
        recorded = RecordedSession(session, limit=self._limit, on_change=self._changed.set)
        self.sessions.append(recorded)
        del self.sessions[: -self._limit]
        return _RecordingTap(recorded, self._behind.tap(session))

    def release(self) -> None:
        """Hold nobody any longer."""
        self._behind.release()

    async def until(self, is_so: Callable[[], bool], *, seconds: float = 5.0) -> None:
        """Wait until something is so, looking again whenever an event came or went, and now and then.

        Raises:
            TimeoutError: It was not so within `seconds` of real time.
        """
        async with asyncio.timeout(seconds):
            while not is_so():
                self._changed.clear()
                with suppress(TimeoutError):
                    # What is waited for need not be an event: it may be that somebody sleeps, or a fault applied.
                    await asyncio.wait_for(self._changed.wait(), _LOOK_AGAIN_SECONDS)

    def __iter__(self) -> Iterator[RecordedSession]:
        return iter(self.sessions)


class _RecordingTap:
    def __init__(self, recorded: RecordedSession, behind: Tap) -> None:
        self._recorded = recorded
        self._behind = behind

    def incoming(self, frame: str) -> None:
        self._recorded.note(self._recorded.received, frame)
        self._behind.incoming(frame)

    def outgoing(self, event: bytes) -> Iterable[Departure]:
        return self._behind.outgoing(event)

    def sent(self, event: bytes) -> None:
        self._recorded.note(self._recorded.sent, event)
        self._behind.sent(event)

    def closed(self) -> None:
        self._recorded.end()
        self._behind.closed()


def _event(frame: str | bytes) -> Event:
    try:
        event = json.loads(frame)
    except ValueError:
        event = None
    return event if isinstance(event, dict) else {"frame": frame if isinstance(frame, str) else frame.decode()}
