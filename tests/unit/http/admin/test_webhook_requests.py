"""What operators may send about webhooks; what is refused is in test_webhooks.py and test_deliveries.py."""

import msgspec
import pytest

from limi.features.webhooks.payload import EVENT_TYPES
from limi.features.webhooks.rules import MAX_OVERLAP_SECONDS
from limi.http.admin import webhook_requests
from limi.http.admin.webhook_requests import CreateWebhookRequest, RotateWebhookRequest
from limi.http.decoding import rules_of

REQUESTS = [getattr(webhook_requests, name) for name in webhook_requests.__all__]


@pytest.mark.parametrize("kind", REQUESTS)
def test_every_member_has_its_rule_in_words(kind: type[msgspec.Struct]) -> None:
    assert all(rules_of(kind).values())


def test_the_description_names_every_type_of_event() -> None:
    (schema,), components = msgspec.json.schema_components((CreateWebhookRequest,))
    assert schema
    types = components["CreateWebhookRequest"]["properties"]["events"]["anyOf"][0]["items"]
    assert types["enum"] == list(EVENT_TYPES)


def test_a_secret_has_a_day_of_overlap_unless_said_otherwise() -> None:
    assert msgspec.json.decode(b"{}", type=RotateWebhookRequest).overlap_seconds == 86_400 < MAX_OVERLAP_SECONDS
