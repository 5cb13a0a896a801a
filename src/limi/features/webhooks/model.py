"""What is known of endpoints, of the messages they are sent, and of each attempt to send one."""

from enum import StrEnum
from typing import NewType

import msgspec

from limi.kernel.secret import Secret

__all__ = [
    "AllFailed",
    "Attempt",
    "Backlog",
    "Claimed",
    "DeliveryId",
    "DeliveryQuery",
    "DeliveryState",
    "DeliverySummary",
    "DisabledReason",
    "Endpoint",
    "EndpointChanges",
    "EndpointId",
    "EndpointStatus",
    "IssuedEndpoint",
    "Message",
    "NewEndpoint",
    "OneDelivery",
    "Replay",
    "SealedSecret",
    "Settlement",
    "Window",
]

EndpointId = NewType("EndpointId", str)
"""`whe_` and 16 characters of a–z 0–9."""

DeliveryId = NewType("DeliveryId", int)
"""Grows with each delivery that is made, and so is the cursor of listings."""


class EndpointStatus(StrEnum):
    """Whether messages are made for it and sent."""

    ENABLED = "enabled"
    DISABLED = "disabled"


class DisabledReason(StrEnum):
    """Why an endpoint is disabled."""

    OPERATOR = "operator"
    GONE = "gone"
    """It answered 410."""
    FAILING = "failing"
    """Nothing was delivered for as long as the settings allow."""


class SealedSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A secret that messages are signed with, encrypted."""

    sealed: bytes
    created_at: float
    """Unix seconds."""
    expires_at: float | None = None
    """Unix seconds from which it signs no more; None while it has no successor."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A URL that messages are sent to."""

    id: EndpointId
    url: str
    tenant: str | None = None
    """Whose events it is sent; None for every tenant's and those of none."""
    events: frozenset[str] = frozenset()
    """Names of the events it is sent; empty for all."""
    description: str = ""
    status: EndpointStatus = EndpointStatus.ENABLED
    disabled_reason: DisabledReason | None = None
    secrets: tuple[SealedSecret, ...]
    """The newest first; one, and two while a secret is being replaced."""
    failing_since: float | None = None
    """Unix seconds of the first failed attempt since the last that was delivered. Kept by
    `DeliveryStore.settle`; a change of the endpoint does not set it."""
    created_at: float
    """Unix seconds."""
    updated_at: float

    @property
    def enabled(self) -> bool:
        """Say whether messages are made for it and sent."""
        return self.status is EndpointStatus.ENABLED


class NewEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint that is to be made; the members are those of `Endpoint`."""

    url: str
    tenant: str | None = None
    events: frozenset[str] = frozenset()
    description: str = ""


class EndpointChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become different; members that are `msgspec.UNSET` stay as they are."""

    url: str | msgspec.UnsetType = msgspec.UNSET
    events: frozenset[str] | msgspec.UnsetType = msgspec.UNSET
    description: str | msgspec.UnsetType = msgspec.UNSET


class IssuedEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint with a secret of its, which is shown this once."""

    endpoint: Endpoint
    secret: Secret


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a delivery tells: a row of the journal, without who caused it and from where."""

    id: str
    """The fact's id, the same in every attempt: `webhook-id` of the Standard Webhooks specification."""
    event: str
    at: float
    """Unix seconds, exact to the microsecond."""
    tenant: str | None = None
    session_id: str | None = None
    model: str | None = None
    expires_at: int | None = None
    """Unix seconds."""
    duration_ms: int | None = None
    code: str | None = None
    subject: str | None = None
    detail: str | None = None


class DeliveryState(StrEnum):
    """How far a message has come on its way to one endpoint."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Every attempt of the schedule was made in vain."""
    CANCELLED = "cancelled"
    """The endpoint was removed or disabled, or retention removed the row of the journal it would have told of."""


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery that one worker may attempt until its lease ends."""

    delivery_id: DeliveryId
    endpoint_id: EndpointId
    message: Message
    attempt: int
    """1 for the first attempt, and for the first after a replay."""
    first_due: float
    """Unix seconds at which the schedule began: when it happened, or was replayed."""
    lease: int
    """Which claim of this delivery it is. A result counts only while no later claim or replay was made."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One request and how it ended."""

    delivery_id: DeliveryId
    number: int
    """`Claimed.attempt`; it begins anew with a replay."""
    at: float
    """Unix seconds at which it began."""
    duration_ms: int
    status: int | None = None
    """The answer's; None where there was none."""
    error: str | None = None
    """A short word for what went wrong, such as `timeout`; never what the receiver said."""


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What an attempt means for its delivery."""

    claimed: Claimed
    attempt: Attempt
    state: DeliveryState
    """`PENDING` for another attempt at `due_at`."""
    due_at: float | None = None
    """Unix seconds; where `state` is `PENDING`."""


class DeliverySummary(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as listings show it."""

    id: DeliveryId
    endpoint_id: EndpointId
    message_id: str
    event: str | None
    """None where retention has removed the row of the journal."""
    tenant: str | None
    """Whom the event concerns; None also where the row is gone."""
    state: DeliveryState
    attempts: int
    """Attempts settled since it was made or replayed."""
    due_at: float | None
    """Unix seconds of the next attempt, or of the end of the lease of one that is under way; None at the end."""
    last_status: int | None
    last_error: str | None
    """Of the last attempt; for a cancelled one, why: `endpoint_removed`, `endpoint_disabled`, `message_gone`."""
    created_at: float
    """Unix seconds at which it happened."""


class DeliveryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries to list; a member left None selects all.

    They are listed by endpoint, since that is how they are found at once among millions.
    """

    endpoint: EndpointId
    tenant: str | None = None
    """Whose the endpoint must be; of another tenant's there is nothing to see."""
    state: DeliveryState | None = None
    message: str | None = None
    """Only of the message with this id."""


class OneDelivery(msgspec.Struct, frozen=True, kw_only=True):
    """Replays one delivery; one that waits for its next attempt is sent at once."""

    endpoint: EndpointId
    """Whose it must be, so that nobody replays by counting through numbers."""
    delivery: DeliveryId


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Replays all deliveries to an endpoint of what happened in a span of time, the delivered ones too."""

    endpoint: EndpointId
    since: float
    """Unix seconds, included."""
    until: float
    """Unix seconds, not included."""


class AllFailed(msgspec.Struct, frozen=True, kw_only=True):
    """Replays every failed delivery to an endpoint."""

    endpoint: EndpointId


Replay = OneDelivery | Window | AllFailed
"""What is to be sent again."""


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """What waits to be delivered."""

    pending: int
    oldest_due: float | None
    """Unix seconds at which the oldest of them was due or will be; None where there is none."""
