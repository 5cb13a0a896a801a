"""The events a client may send, by their type.

`session`, `item` and the items in `response.input` are unions upstream, which are checked in their own modules so
that an error can name the right path; here they are any value.
"""

from typing import Annotated, Any, Final

from msgspec import Meta

from limi.protocol.encoded import Sound
from limi.protocol.errors import InvalidValueError, MissingParameterError
from limi.protocol.response_request import ResponseRequest
from limi.protocol.wire import Strict, convert

__all__ = [
    "AppendAudio",
    "CancelResponse",
    "ClearInput",
    "ClearOutput",
    "ClientEvent",
    "CommitInput",
    "CreateItem",
    "CreateResponse",
    "DeleteItem",
    "EventId",
    "RetrieveItem",
    "TruncateItem",
    "UpdateSession",
    "event_id_of",
    "parse_event",
]

_EVENT_ID_CHARACTERS: Final = 512
EventId = Annotated[str, Meta(max_length=_EVENT_ID_CHARACTERS)]


class ClientEvent(Strict, frozen=True, kw_only=True):
    """What all have in common."""

    event_id: EventId | None = None


class UpdateSession(ClientEvent, tag="session.update", tag_field="type", frozen=True, kw_only=True):
    """Change the session's configuration."""

    session: Any


class AppendAudio(ClientEvent, tag="input_audio_buffer.append", tag_field="type", frozen=True, kw_only=True):
    """Add audio to the buffer."""

    audio: Sound


class CommitInput(ClientEvent, tag="input_audio_buffer.commit", tag_field="type", frozen=True, kw_only=True):
    """Make the buffer an item."""


class ClearInput(ClientEvent, tag="input_audio_buffer.clear", tag_field="type", frozen=True, kw_only=True):
    """Empty the buffer."""


class CreateItem(ClientEvent, tag="conversation.item.create", tag_field="type", frozen=True, kw_only=True):
    """Add an item."""

    item: Any
    previous_item_id: str | None = None


class RetrieveItem(ClientEvent, tag="conversation.item.retrieve", tag_field="type", frozen=True, kw_only=True):
    """Ask for an item."""

    item_id: str


class TruncateItem(ClientEvent, tag="conversation.item.truncate", tag_field="type", frozen=True, kw_only=True):
    """Say how much of a reply was heard."""

    item_id: str
    content_index: Annotated[int, Meta(ge=0)]
    audio_end_ms: Annotated[int, Meta(ge=0)]


class DeleteItem(ClientEvent, tag="conversation.item.delete", tag_field="type", frozen=True, kw_only=True):
    """Remove an item."""

    item_id: str


class CreateResponse(ClientEvent, tag="response.create", tag_field="type", frozen=True, kw_only=True):
    """Ask for a response."""

    response: ResponseRequest | None = None


class CancelResponse(ClientEvent, tag="response.cancel", tag_field="type", frozen=True, kw_only=True):
    """Stop a response."""

    response_id: str | None = None


class ClearOutput(ClientEvent, tag="output_audio_buffer.clear", tag_field="type", frozen=True, kw_only=True):
    """Silence the media track."""


_EVENTS: Final[dict[str, type[ClientEvent]]] = {
    str(event.__struct_config__.tag): event
    for event in (
        UpdateSession,
        AppendAudio,
        CommitInput,
        ClearInput,
        CreateItem,
        RetrieveItem,
        TruncateItem,
        DeleteItem,
        CreateResponse,
        CancelResponse,
        ClearOutput,
    )
}
_ON_ANY_TRANSPORT: Final = {name: event for name, event in _EVENTS.items() if name != "output_audio_buffer.clear"}


def event_id_of(event: dict[str, Any]) -> str | None:
    """Return the id a client gave its event, as far as it is usable in an answer."""
    event_id = event.get("event_id")
    return event_id if isinstance(event_id, str) and len(event_id) <= _EVENT_ID_CHARACTERS else None


def parse_event(event: dict[str, Any], *, has_media_track: bool) -> ClientEvent:
    """Check an event.

    Args:
        event: The decoded JSON object.
        has_media_track: Whether the events of such transports are allowed.

    Raises:
        ProtocolError: The first rule it breaks.
    """
    if "type" not in event:
        raise MissingParameterError("type")
    allowed = _EVENTS if has_media_track else _ON_ANY_TRANSPORT
    event_type = event["type"]
    if not isinstance(event_type, str) or event_type not in allowed:
        shown = f"'{event_type[:64]}'" if isinstance(event_type, str) else "not a string"
        supported = ", ".join(f"'{name}'" for name in allowed)
        raise InvalidValueError("type", f"Invalid value: {shown}. Supported values are: {supported}.")
    return convert(event, allowed[event_type])
