"""What a session has to say and wants done, collected until its driver fetches it."""

from typing import Any, Final

from limi.protocol.effects import Effect
from limi.protocol.errors import ProtocolError
from limi.protocol.ids import IdKind, NewId
from limi.protocol.wire import encode

__all__ = ["Outbox"]

_OBFUSCATION: Final = 16


class Outbox:
    """Events, encoded the moment they are made because the items in them go on changing, and effects."""

    def __init__(self, *, new_id: NewId) -> None:
        self._new_id = new_id
        self._events: list[bytes] = []
        self._effects: list[Effect] = []

    def send(self, event_type: str, **members: Any) -> None:  # noqa: ANN401 - whatever the event has
        """Add an event; it gets its `event_id` here."""
        self._events.append(encode({"type": event_type, "event_id": self._new_id(IdKind.EVENT), **members}))

    def send_delta(self, event_type: str, **members: Any) -> None:  # noqa: ANN401 - whatever the event has
        """Add an event with a piece of something.

        As upstream's do, it carries `obfuscation`, random text that hides the length of the piece from whoever
        watches the line. Nothing is hidden here; the member is there for clients that expect it.
        """
        event_id = self._new_id(IdKind.EVENT)
        event = {"type": event_type, "event_id": event_id, **members, "obfuscation": event_id[-_OBFUSCATION:]}
        self._events.append(encode(event))

    def send_error(self, error: ProtocolError, *, caused_by: str | None) -> None:
        """Add an `error` event.

        Args:
            error: What is wrong.
            caused_by: The `event_id` the client gave the event at fault; SDKs match their requests by it.
        """
        self.send(
            "error",
            error={
                "type": error.type,
                "code": error.code,
                "message": error.message,
                "param": error.param,
                "event_id": caused_by,
            },
        )

    def do(self, effect: Effect) -> None:
        """Add an effect."""
        self._effects.append(effect)

    def take_events(self) -> list[bytes]:
        """Return the events and forget them."""
        events, self._events = self._events, []
        return events

    def take_effects(self) -> list[Effect]:
        """Return the effects and forget them."""
        effects, self._effects = self._effects, []
        return effects
