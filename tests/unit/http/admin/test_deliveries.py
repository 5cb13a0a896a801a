"""The handlers of deliveries: what was sent to an endpoint, and sending it again."""

from typing import Any

import pytest

from limi.features.webhooks.model import DeliveryState
from tests.unit.http.admin.webhook_desk import WebhookDesk


@pytest.fixture
async def desk() -> WebhookDesk:
    return WebhookDesk()


async def _tested(desk: WebhookDesk, count: int = 1) -> str:
    """Make an endpoint, have it sent so many test events, and return its path."""
    path = f"/webhooks/{(await desk.made())['webhook']['id']}"
    for _ in range(count):
        await desk.ask("POST", f"{path}/test")
        desk.clock.advance(1)
    return path


async def test_deliveries_are_listed_newest_first_in_pages(desk: WebhookDesk) -> None:
    path = await _tested(desk, 3)
    first = (await desk.ask("GET", f"{path}/deliveries", limit=2)).json
    rest = (await desk.ask("GET", f"{path}/deliveries", limit=2, after=first["next"])).json
    numbers = [one["id"] for one in first["deliveries"] + rest["deliveries"]]
    assert numbers == sorted(numbers, reverse=True)
    assert (len(numbers), rest["next"]) == (3, None)
    assert set(first["deliveries"][0]) == {
        "id",
        "message",
        "type",
        "tenant",
        "state",
        "attempts",
        "nextAttemptAt",
        "lastStatus",
        "lastError",
        "createdAt",
    }


async def test_they_are_told_apart_by_state_and_event(desk: WebhookDesk) -> None:
    path = await _tested(desk)
    await desk.attempt(status=500, state=DeliveryState.FAILED)
    await desk.ask("POST", f"{path}/test")
    failed = (await desk.ask("GET", f"{path}/deliveries", state="failed")).json["deliveries"]
    assert [(one["lastStatus"], one["attempts"], one["nextAttemptAt"]) for one in failed] == [(500, 1, None)]
    pending = (await desk.ask("GET", f"{path}/deliveries", state="pending")).json["deliveries"]
    assert pending[0]["message"] != failed[0]["message"]
    assert (await desk.ask("GET", f"{path}/deliveries", message=failed[0]["message"])).json["deliveries"] == failed


async def test_every_attempt_is_logged(desk: WebhookDesk) -> None:
    path = await _tested(desk)
    await desk.attempt(status=503, state=DeliveryState.PENDING)
    desk.clock.advance(6)
    await desk.attempt(status=204, state=DeliveryState.DELIVERED)
    (delivery,) = (await desk.ask("GET", f"{path}/deliveries")).json["deliveries"]
    attempts = (await desk.ask("GET", f"{path}/deliveries/{delivery['id']}/attempts")).json["attempts"]
    assert [(one["number"], one["status"], one["durationMs"]) for one in attempts] == [(1, 503, 12), (2, 204, 12)]
    other = f"/webhooks/{(await desk.made())['webhook']['id']}"
    assert (await desk.ask("GET", f"{other}/deliveries/{delivery['id']}/attempts")).json == {"attempts": []}


async def test_one_is_sent_again_and_another_endpoints_is_not(desk: WebhookDesk) -> None:
    path = await _tested(desk)
    await desk.attempt(status=204, state=DeliveryState.DELIVERED)
    (before,) = (await desk.ask("GET", f"{path}/deliveries")).json["deliveries"]
    other = f"/webhooks/{(await desk.made())['webhook']['id']}"
    foreign = await desk.ask("POST", f"{other}/deliveries/{before['id']}/replay")
    assert (foreign.status, foreign.json) == (202, {"replayed": 0})
    assert (await desk.ask("POST", f"{path}/deliveries/{before['id']}/replay")).json == {"replayed": 1}
    (after,) = (await desk.ask("GET", f"{path}/deliveries")).json["deliveries"]
    assert (after["id"], after["message"], after["state"]) == (before["id"], before["message"], "pending")


async def test_all_that_failed_and_all_of_a_span_are_sent_again(desk: WebhookDesk) -> None:
    path = await _tested(desk)
    await desk.attempt(status=500, state=DeliveryState.FAILED)
    desk.clock.advance(3600)
    await desk.ask("POST", f"{path}/test")
    await desk.attempt(status=204, state=DeliveryState.DELIVERED)
    assert (await desk.ask("POST", f"{path}/replay", {"failed": True})).json == {"replayed": 1}
    await desk.attempt(status=204, state=DeliveryState.DELIVERED)
    created = (await desk.ask("GET", f"{path}/deliveries")).json["deliveries"][0]["createdAt"]
    desk.clock.advance(1)
    assert (await desk.ask("POST", f"{path}/replay", {"since": created})).json == {"replayed": 1}
    span = {"since": "2000-01-01T00:00:00Z", "until": created}
    assert (await desk.ask("POST", f"{path}/replay", span)).json == {"replayed": 1}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "since: is required, unless `failed` is true"),
        ({"until": "2030-01-01T00:00:00Z", "failed": True}, "since: is required"),
        ({"failed": True, "since": "2020-01-01T00:00:00Z"}, "failed: must not be true where `since` is given"),
        ({"since": "2020-01-01T00:00:00Z", "until": "2020-01-01T00:00:00Z"}, "since: must be before `until`"),
        ({"since": "2020-01-01"}, "since: must be an ISO 8601 time"),
        ({"failed": "yes"}, "failed: must be true, unless `since` is given"),
    ],
)
async def test_what_is_to_be_sent_again_is_said_in_one_way(desk: WebhookDesk, body: Any, message: str) -> None:
    refused = await desk.refused("POST", f"{await _tested(desk)}/replay", body)
    assert refused.code == "invalid_request"
    assert (refused.message or "").startswith(message)


@pytest.mark.parametrize("number", ["0", "-1", str(2**63), "9" * 40])
async def test_a_number_that_no_delivery_has_is_not_found(desk: WebhookDesk, number: str) -> None:
    refused = await desk.refused("GET", f"{await _tested(desk)}/deliveries/{number}/attempts")
    assert refused.code == "not_found"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"state": "lost"}, "state: must be one of pending, delivered, failed, cancelled"),
        ({"after": "0"}, "after: must be `next` of the answer"),
        ({"message": "m1"}, "message: must be an event's id"),
        ({"status": "failed"}, "status: is not known here; there are after, limit, state, message"),
    ],
)
async def test_a_wrong_parameter_is_named_with_its_rule(desk: WebhookDesk, query: Any, message: str) -> None:
    refused = await desk.refused("GET", f"{await _tested(desk)}/deliveries", **query)
    assert (refused.message or "").startswith(message)


async def test_of_an_endpoint_that_is_not_there_nothing_is_shown_or_sent(desk: WebhookDesk) -> None:
    for method, end, body in (
        ("GET", "/deliveries", None),
        ("GET", "/deliveries/1/attempts", None),
        ("POST", "/deliveries/1/replay", None),
        ("POST", "/replay", {"failed": True}),
    ):
        assert (await desk.refused(method, f"/webhooks/whe_nobody{end}", body)).code == "not_found"
