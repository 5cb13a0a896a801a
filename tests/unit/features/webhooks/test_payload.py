"""What receivers are told, byte for byte, and what they are never told."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from limi.features.webhooks.model import EndpointId, Message, SealedSecret
from limi.features.webhooks.payload import DELIVERABLE, EVENT_TYPES, MAX_PAYLOAD_BYTES, payload, type_of
from limi.features.webhooks.signing import SecretVault, Signer, make_secret
from limi.kernel.facts import MAX_DETAIL, EventName
from limi.testing import CountingIds

AT = 1_790_000_000.123456
FULL = {
    "tenant": "acme",
    "session_id": "acme_session-1",
    "model": "gpt-realtime",
    "expires_at": 1_790_000_600,
    "duration_ms": 245,
    "code": "openai_timeout",
    "subject": "key:abcdefgh",
    "detail": "name=app",
}


def message(event: str, **members: object) -> Message:
    return Message(id="m" * 32, event=event, at=AT, **{**FULL, **members})  # type: ignore[arg-type]


def test_a_token_event_is_what_the_contract_says() -> None:
    assert payload(message(EventName.TOKEN_GENERATED)) == (
        b'{"type":"token.generated","timestamp":"2026-09-21T14:13:20.123Z","data":{"sessionId":"acme_session-1",'
        b'"model":"gpt-realtime","expiresAt":1790000600,"tenant":"acme"}}'
    )


def test_an_announced_token_is_told_like_one_made_here() -> None:
    assert payload(message(EventName.TOKEN_ANNOUNCED)) == payload(message(EventName.TOKEN_GENERATED))


def test_what_is_not_known_is_null() -> None:
    told = json.loads(payload(Message(id="m", event=EventName.TOKEN_FAILED, at=AT, code="overloaded")))
    assert told["data"] == {
        "sessionId": None,
        "model": None,
        "tenant": None,
        "code": "overloaded",
        "durationMs": None,
    }


@pytest.mark.parametrize("event", sorted(DELIVERABLE))
def test_every_type_has_type_time_and_exactly_its_members(event: str) -> None:
    told = json.loads(payload(message(event)))
    assert list(told) == ["type", "timestamp", "data"]
    assert told["type"] == type_of(event) == DELIVERABLE[event].type
    assert datetime.fromisoformat(told["timestamp"]).timestamp() == pytest.approx(AT, abs=0.001)
    assert list(told["data"]) == list(DELIVERABLE[event].members)


def test_the_types_that_may_be_chosen_are_these() -> None:
    assert EVENT_TYPES == (
        "key.created",
        "key.revoked",
        "key.rotated",
        "limit.reached",
        "tenant.resumed",
        "tenant.suspended",
        "token.failed",
        "token.generated",
        "webhook.disabled",
    )
    assert {name for name, known in DELIVERABLE.items() if not known.to_all} == {EventName.WEBHOOK_TESTED}


def test_the_rest_of_the_journal_is_nobodys_business() -> None:
    silent = {event for event in EventName if type_of(event) is None}
    assert silent >= {EventName.TOKEN_REQUESTED, EventName.AUTH_REFUSED, EventName.WEBHOOK_CREATED}
    with pytest.raises(KeyError):
        payload(message(EventName.AUTH_REFUSED))


texts = st.text(max_size=3 * MAX_DETAIL)


@given(
    event=st.sampled_from(sorted(DELIVERABLE)),
    texts=st.fixed_dictionaries(
        dict.fromkeys(("tenant", "session_id", "model", "code", "subject", "detail"), texts)
    ),
)
def test_a_payload_is_small_and_the_same_each_time_whatever_the_journal_holds(
    event: str, texts: dict[str, str]
) -> None:
    told = payload(message(event, **texts))
    assert len(told) < MAX_PAYLOAD_BYTES
    assert told == payload(message(event, **texts))
    assert json.loads(told)["type"] == type_of(event)


def test_even_a_payload_of_nothing_but_escapes_is_small() -> None:
    worst = dict.fromkeys(("tenant", "session_id", "model", "code", "subject", "detail"), "\x01" * 10_000)
    assert all(len(payload(message(event, **worst))) < MAX_PAYLOAD_BYTES for event in DELIVERABLE)


@pytest.mark.parametrize("event", sorted(DELIVERABLE))
def test_the_specifications_library_verifies_every_type(event: str) -> None:
    """With the real time, because the library looks at its own clock."""
    ids = CountingIds()
    vault, secret, endpoint = SecretVault(key=bytes(32), ids=ids), make_secret(ids), EndpointId("whe_a")
    sealed = SealedSecret(sealed=vault.seal(secret, endpoint=endpoint), created_at=0.0)
    body = payload(message(event, detail="naïve “quotes” \U0001f600 \\ \x01"))
    now = datetime.now(UTC).timestamp()
    headers = Signer(vault=vault).headers(body, message="m1", endpoint=endpoint, secrets=[sealed], now=now)
    assert Webhook(secret.reveal()).verify(body, dict(headers)) == json.loads(body)
