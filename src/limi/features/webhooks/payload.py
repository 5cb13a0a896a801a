"""What is delivered: which facts, under which names, and what is said of each.

The shape, `{"type", "timestamp", "data"}`, is the one that the Standard Webhooks specification recommends. A fact
that is to be delivered needs a line in `DELIVERABLE`, and nothing else. Nothing is told of who asked: no caller,
address or user agent, which the journal may hold for the operator alone.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import msgspec

from limi.features.webhooks.model import Message
from limi.kernel.facts import MAX_DETAIL, EventName

__all__ = ["DELIVERABLE", "EVENT_TYPES", "MAX_PAYLOAD_BYTES", "TEST_TYPE", "Deliverable", "payload", "type_of"]

MAX_PAYLOAD_BYTES: Final = 20_000
"""The specification asks for less than 20 kB; the journal's own bounds keep every payload far below."""
TEST_TYPE: Final = "webhook.test"
_MAX_TEXT: Final = MAX_DETAIL
"""Characters told of one text: the journal has no longer ones, and with six bytes for each all together fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliverable:
    """How one fact is told."""

    type: str
    """The event's public type."""
    members: Sequence[str]
    """What `data` has, always all of it; what is not known is null."""
    meaning: str
    """A sentence for the documentation."""
    to_all: bool = True
    """Whether endpoints choose it; else it goes to the endpoint it is about."""


_TOKEN: Final = ("sessionId", "model", "expiresAt", "tenant")
_CHANGE: Final = ("tenant", "subject", "detail", "code")

DELIVERABLE: Final[Mapping[str, Deliverable]] = {
    EventName.TOKEN_GENERATED: Deliverable(
        type="token.generated", members=_TOKEN, meaning="an ephemeral key was handed out"
    ),
    EventName.TOKEN_ANNOUNCED: Deliverable(
        type="token.generated", members=_TOKEN, meaning="a trusted integration announced a key made elsewhere"
    ),
    EventName.TOKEN_FAILED: Deliverable(
        type="token.failed",
        members=("sessionId", "model", "tenant", "code", "durationMs"),
        meaning="no key was handed out; `code` says why",
    ),
    EventName.LIMIT_REACHED: Deliverable(
        type="limit.reached",
        members=("tenant", "code", "detail"),
        meaning="a caller was refused for its number of requests; `detail` counts how often",
    ),
    EventName.KEY_CREATED: Deliverable(type="key.created", members=_CHANGE, meaning="an API key was made"),
    EventName.KEY_ROTATED: Deliverable(type="key.rotated", members=_CHANGE, meaning="an API key got a successor"),
    EventName.KEY_REVOKED: Deliverable(type="key.revoked", members=_CHANGE, meaning="an API key was ended"),
    EventName.TENANT_SUSPENDED: Deliverable(
        type="tenant.suspended", members=_CHANGE, meaning="a tenant's callers are refused from now on"
    ),
    EventName.TENANT_RESUMED: Deliverable(
        type="tenant.resumed", members=_CHANGE, meaning="a tenant's callers are admitted again"
    ),
    EventName.WEBHOOK_DISABLED: Deliverable(
        type="webhook.disabled",
        members=_CHANGE,
        meaning="another endpoint is sent nothing more; `detail` says who or what ended it",
    ),
    EventName.WEBHOOK_TESTED: Deliverable(
        type=TEST_TYPE, members=("tenant", "subject"), meaning="somebody asked for a test", to_all=False
    ),
}
"""Every fact that is delivered, by its own name."""

EVENT_TYPES: Final = tuple(sorted({known.type for known in DELIVERABLE.values() if known.to_all}))
"""The types that an endpoint may choose."""

_READ: Final[Mapping[str, Callable[[Message], str | int | None]]] = {
    "sessionId": lambda message: message.session_id,
    "model": lambda message: message.model,
    "expiresAt": lambda message: message.expires_at,
    "tenant": lambda message: message.tenant,
    "durationMs": lambda message: message.duration_ms,
    "code": lambda message: message.code,
    "subject": lambda message: message.subject,
    "detail": lambda message: message.detail,
}
_encoder: Final = msgspec.json.Encoder()


def type_of(event: str) -> str | None:
    """Return the public type of the fact with the name `event`, None where it is not delivered."""
    known = DELIVERABLE.get(event)
    return known.type if known is not None else None


def payload(message: Message) -> bytes:
    """Return the JSON to send: the same bytes for the same message, whoever sends it and whenever.

    Raises:
        KeyError: the fact is none that is delivered.
    """
    known = DELIVERABLE[message.event]
    read = {member: _READ[member](message) for member in known.members}
    data = {name: value[:_MAX_TEXT] if isinstance(value, str) else value for name, value in read.items()}
    return _encoder.encode({"type": known.type, "timestamp": _iso(message.at), "data": data})


def _iso(at: float) -> str:
    """Return ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
