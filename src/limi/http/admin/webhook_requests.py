"""What operators send about webhooks: bodies and queries below `/api/admin/webhooks`."""

from typing import Annotated, Final

import msgspec
from msgspec import UNSET, UnsetType

from limi.features.webhooks.model import DeliveryState
from limi.features.webhooks.payload import EVENT_TYPES
from limi.features.webhooks.rules import MAX_OVERLAP_SECONDS, MAX_URL_LENGTH
from limi.http.admin import rules

__all__ = [
    "CreateWebhookRequest",
    "ListDeliveriesQuery",
    "ListWebhooksQuery",
    "ReplayWebhookRequest",
    "RotateWebhookRequest",
    "UpdateWebhookRequest",
]

_DAY_SECONDS: Final = 86_400
_MOST_SEQ: Final = 2**63 - 1
# Which types there are is the service's to check; here they are for whoever reads the API's description.
_EventType = Annotated[
    str, msgspec.Meta(min_length=1, max_length=100, extra_json_schema={"enum": list(EVENT_TYPES)})
]

WebhookURL = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=MAX_URL_LENGTH,
        description=f"an https URL of at most {MAX_URL_LENGTH:,} characters, at a public address",
    ),
]
EventTypes = Annotated[
    list[_EventType],
    msgspec.Meta(
        max_length=100, description=f"an array of {', '.join(EVENT_TYPES)}; an empty one, or null, for all"
    ),
]
Description = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,200}\Z",
        description="a text of at most 200 characters without control characters",
    ),
]
OverlapSeconds = Annotated[
    int,
    msgspec.Meta(
        ge=0,
        le=MAX_OVERLAP_SECONDS,
        description=f"a whole number of seconds from 0 to {MAX_OVERLAP_SECONDS}, which is a week",
    ),
]
State = Annotated[DeliveryState, msgspec.Meta(description=f"one of {', '.join(DeliveryState)}")]
MessageID = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9a-f]{32}\Z", description="an event's id: 32 hexadecimal characters")
]
DeliveryPlace = Annotated[
    int, msgspec.Meta(ge=1, le=_MOST_SEQ, description="`next` of the answer that came before")
]


class _Request(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Members that are not there are refused rather than ignored: a misspelt filter would be no filter."""


class ListWebhooksQuery(_Request, frozen=True):
    """Which endpoints."""

    after: rules.Place | UnsetType = UNSET
    limit: rules.Limit = rules.MOST_PER_PAGE
    tenant: rules.TenantID | UnsetType = UNSET


class CreateWebhookRequest(_Request, frozen=True):
    """An endpoint that is to be made."""

    url: WebhookURL
    events: EventTypes | None = None
    tenant: rules.TenantID | None = None
    """Whose events it is sent; without one, every tenant's."""
    description: Description = ""


class UpdateWebhookRequest(_Request, frozen=True):
    """What is to become different; members that are left out stay as they are."""

    url: WebhookURL | UnsetType = UNSET
    events: EventTypes | UnsetType | None = UNSET
    description: Description | UnsetType = UNSET


class RotateWebhookRequest(_Request, frozen=True):
    """How its secret is to be replaced."""

    overlap_seconds: OverlapSeconds = _DAY_SECONDS
    """How long deliveries are signed with the one before as well."""


class ListDeliveriesQuery(_Request, frozen=True):
    """Which deliveries of an endpoint."""

    after: DeliveryPlace | UnsetType = UNSET
    limit: rules.Limit = rules.MOST_PER_PAGE
    state: State | UnsetType = UNSET
    message: MessageID | UnsetType = UNSET


class ReplayWebhookRequest(_Request, frozen=True):
    """What is to be sent again: all that failed, or all that happened in a span of time."""

    failed: Annotated[bool, msgspec.Meta(description="true, unless `since` is given")] = False
    since: rules.Moment | UnsetType = UNSET
    until: rules.Moment | UnsetType = UNSET
    """Now, where it is left out."""
