"""What may stand between the sandbox and its clients: faults on demand, and recordings of what was said.

The sandbox knows this port only. One that is given nobody to interfere, as the one inside `limi serve` is, has
nothing of it in its way.
"""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, Protocol

from limi.protocol import RealtimeSession

__all__ = ["Application", "Departure", "Expiry", "Interference", "Tap"]

_Message = MutableMapping[str, Any]
Application = Callable[
    [_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]], Awaitable[None]
]
"""An ASGI application; the names that `limi.sandbox.http.headers` has for it would make imports a circle."""


@dataclass(frozen=True, slots=True)
class Expiry:
    """The session is to end as it does at its time limit."""


@dataclass(frozen=True, slots=True)
class Departure:
    """One thing that leaves a session, now or later."""

    what: bytes | Expiry
    """An event, or the session's end."""
    after_seconds: float = 0.0


class Tap(Protocol):
    """Sees one session's events, whatever transport carries them, and may change those that leave."""

    def incoming(self, frame: str) -> None:
        """Take notice of a text frame of the client's, before the session sees it."""

    def outgoing(self, event: bytes) -> Iterable[Departure]:
        """Return what is to leave in an event's place: usually the event."""

    def sent(self, event: bytes) -> None:
        """Take notice of what left: it is on its way to the client now."""

    def closed(self) -> None:
        """Take notice of the session's end."""


class Interference(Protocol):
    """Whoever stands in between."""

    def around(self, app: Application) -> Application:
        """Return the application to be called in the place of `app`, for requests and sockets alike."""

    def tap(self, session: RealtimeSession) -> Tap:
        """Return what listens in on a new session; called in the context of the request that begins it."""

    def release(self) -> None:
        """Hold nobody any longer, because the sandbox stops."""
