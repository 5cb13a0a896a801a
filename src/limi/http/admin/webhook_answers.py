"""What operators are answered about webhooks, and what the command line prints with `--json`."""

import msgspec

from limi.features.webhooks.model import (
    Attempt,
    DeliveryState,
    DeliverySummary,
    DisabledReason,
    Endpoint,
    EndpointStatus,
    IssuedEndpoint,
)
from limi.features.webhooks.payload import type_of
from limi.http.times import iso8601

__all__ = [
    "AttemptAnswer",
    "AttemptsAnswer",
    "DeliveriesAnswer",
    "DeliveryAnswer",
    "IssuedWebhookAnswer",
    "ReplayAnswer",
    "TestAnswer",
    "WebhookAnswer",
    "WebhooksAnswer",
]


class _Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Members without a value are there as null, so that a reader sees which there are. Times are ISO 8601."""


class WebhookAnswer(_Answer, frozen=True):
    """One endpoint, without its secrets."""

    id: str
    url: str
    tenant: str | None
    """Whose events it is sent; null for every tenant's."""
    events: list[str] | None
    """The types it is sent; null for all."""
    description: str
    status: EndpointStatus
    disabled_reason: DisabledReason | None
    failing_since: str | None
    """Since when nothing was delivered; null where the last attempt was."""
    secret_created_at: str
    previous_until: str | None
    """Until when deliveries are signed with the secret of before the last rotation as well."""
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, endpoint: Endpoint, *, now: float) -> "WebhookAnswer":
        """Return what is said of `endpoint` at `now`."""
        newest, *older = endpoint.secrets
        ends = [secret.expires_at for secret in older if secret.expires_at is not None and secret.expires_at > now]
        return cls(
            id=endpoint.id,
            url=endpoint.url,
            tenant=endpoint.tenant,
            events=sorted(endpoint.events) or None,
            description=endpoint.description,
            status=endpoint.status,
            disabled_reason=endpoint.disabled_reason,
            failing_since=_time(endpoint.failing_since),
            secret_created_at=iso8601(newest.created_at),
            previous_until=_time(max(ends, default=None)),
            created_at=iso8601(endpoint.created_at),
            updated_at=iso8601(endpoint.updated_at),
        )


class IssuedWebhookAnswer(_Answer, frozen=True):
    """An endpoint with its newest secret, which is shown this once."""

    webhook: WebhookAnswer
    secret: str
    """`whsec_…`: what the receiver verifies signatures with."""

    @classmethod
    def of(cls, issued: IssuedEndpoint, *, now: float) -> "IssuedWebhookAnswer":
        """Return what is said of `issued` at `now`, this once."""
        return cls(webhook=WebhookAnswer.of(issued.endpoint, now=now), secret=issued.secret.reveal())


class WebhooksAnswer(_Answer, frozen=True):
    """One page of endpoints, the oldest first."""

    webhooks: list[WebhookAnswer]
    next: str | None
    """What `after` must be for the page that follows; null on the last."""


class TestAnswer(_Answer, frozen=True):
    """That a test event is on its way."""

    __test__ = False  # It is none of pytest's, whatever its name begins with.

    message: str
    """The event's id, which its deliveries bear as `webhook-id`."""


class DeliveryAnswer(_Answer, frozen=True):
    """One message on its way to one endpoint."""

    id: int
    message: str
    """The event's id, the same in every attempt and at every endpoint: `webhook-id`."""
    type: str | None
    """The event's type; null where retention has removed what it would tell."""
    tenant: str | None
    state: DeliveryState
    attempts: int
    """Since it was made, or replayed."""
    next_attempt_at: str | None
    """When it is sent next; null where it is over."""
    last_status: int | None
    last_error: str | None
    created_at: str

    @classmethod
    def of(cls, delivery: DeliverySummary) -> "DeliveryAnswer":
        """Return what is said of `delivery`."""
        return cls(
            id=delivery.id,
            message=delivery.message_id,
            type=None if delivery.event is None else type_of(delivery.event),
            tenant=delivery.tenant,
            state=delivery.state,
            attempts=delivery.attempts,
            next_attempt_at=_time(delivery.due_at),
            last_status=delivery.last_status,
            last_error=delivery.last_error,
            created_at=iso8601(delivery.created_at),
        )


class DeliveriesAnswer(_Answer, frozen=True):
    """One page of deliveries, the newest first."""

    deliveries: list[DeliveryAnswer]
    next: int | None
    """What `after` must be for the page that follows; null on the last."""


class AttemptAnswer(_Answer, frozen=True):
    """One request and how it ended."""

    number: int
    """It begins anew with a replay."""
    at: str
    duration_ms: int
    status: int | None
    """What was answered; null where nothing was."""
    error: str | None
    """What went wrong, in a word."""

    @classmethod
    def of(cls, attempt: Attempt) -> "AttemptAnswer":
        """Return what is said of `attempt`."""
        return cls(
            number=attempt.number,
            at=iso8601(attempt.at),
            duration_ms=attempt.duration_ms,
            status=attempt.status,
            error=attempt.error,
        )


class AttemptsAnswer(_Answer, frozen=True):
    """Every attempt of one delivery, in order."""

    attempts: list[AttemptAnswer]


class ReplayAnswer(_Answer, frozen=True):
    """How much is sent again."""

    replayed: int


def _time(unix_seconds: float | None) -> str | None:
    return None if unix_seconds is None else iso8601(unix_seconds)
