"""What is said of endpoints, deliveries and attempts."""

import msgspec

from limi.features.webhooks.model import (
    Attempt,
    DeliveryId,
    DeliveryState,
    DeliverySummary,
    Endpoint,
    EndpointId,
    IssuedEndpoint,
    SealedSecret,
)
from limi.http.admin.webhook_answers import AttemptAnswer, DeliveryAnswer, IssuedWebhookAnswer, WebhookAnswer
from limi.kernel.secret import Secret

_ENDPOINT = Endpoint(
    id=EndpointId("whe_1"),
    url="https://hooks.example/",
    events=frozenset({"key.revoked", "key.created"}),
    secrets=(
        SealedSecret(sealed=b"newest-sealed", created_at=100.0),
        SealedSecret(sealed=b"older-sealed", created_at=0.0, expires_at=200.0),
    ),
    created_at=0.0,
    updated_at=100.0,
)


def test_an_endpoint_is_told_without_its_secrets() -> None:
    told = WebhookAnswer.of(_ENDPOINT, now=150)
    assert b"sealed" not in msgspec.json.encode(told)
    assert told.events == ["key.created", "key.revoked"]
    assert (told.secret_created_at, told.previous_until) == (
        "1970-01-01T00:01:40.000Z",
        "1970-01-01T00:03:20.000Z",
    )


def test_an_older_secret_is_told_of_while_it_signs() -> None:
    assert WebhookAnswer.of(_ENDPOINT, now=200).previous_until is None


def test_no_choice_of_events_is_null() -> None:
    assert WebhookAnswer.of(msgspec.structs.replace(_ENDPOINT, events=frozenset()), now=0).events is None


def test_a_secret_is_told_where_it_was_just_made() -> None:
    issued = IssuedEndpoint(endpoint=_ENDPOINT, secret=Secret("whsec_made"))
    assert IssuedWebhookAnswer.of(issued, now=0).secret == "whsec_made"


def test_a_delivery_is_told_by_the_public_type_of_its_event() -> None:
    delivery = DeliverySummary(
        id=DeliveryId(7),
        endpoint_id=_ENDPOINT.id,
        message_id="m1",
        event="token.announced",
        tenant=None,
        state=DeliveryState.PENDING,
        attempts=1,
        due_at=60.0,
        last_status=500,
        last_error=None,
        created_at=0.0,
    )
    told = DeliveryAnswer.of(delivery)
    assert (told.type, told.next_attempt_at, told.last_status) == (
        "token.generated",
        "1970-01-01T00:01:00.000Z",
        500,
    )
    assert DeliveryAnswer.of(msgspec.structs.replace(delivery, event=None)).type is None


def test_an_attempt_is_told_whole() -> None:
    attempt = Attempt(delivery_id=DeliveryId(7), number=2, at=0.0, duration_ms=30_000, error="timeout")
    assert msgspec.to_builtins(AttemptAnswer.of(attempt)) == {
        "number": 2,
        "at": "1970-01-01T00:00:00.000Z",
        "durationMs": 30_000,
        "status": None,
        "error": "timeout",
    }
