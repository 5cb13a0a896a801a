"""`/api/admin/webhooks`: endpoints are made, changed and sent to, and tenants see their own only."""

import asyncio
from typing import Any

import pytest

from limi.testing import ReceiverReply, RecordingReceiver
from tests.architecture.log_watch import WATCH
from tests.integration.admin.harness import Office
from tests.integration.http.harness import assert_error

_URL = "https://hooks.example/limi"
_QUIET = {"events": ["tenant.resumed"]}
"""What no test here does: nothing is sent to a name that nobody has."""


async def _make(office: Office, *, key: str | None = None, **members: Any) -> tuple[str, str]:
    """Make an endpoint, and return its id and its secret."""
    by = {} if key is None else {"key": key}
    answer = await office.ask("POST", "/webhooks", {"url": _URL, **_QUIET, **members}, **by)
    assert answer.status_code == 201, answer.text
    WATCH.register(answer.json()["secret"])
    return answer.json()["webhook"]["id"], answer.json()["secret"]


async def _settled(office: Office, webhook: str, *states: str) -> list[Any]:
    """Return an endpoint's deliveries once the newest are in these states; the test's time-out ends the wait."""
    while True:
        found = (await office.ask("GET", f"/webhooks/{webhook}/deliveries")).json()["deliveries"]
        if tuple(one["state"] for one in found[: len(states)]) == states:
            return list(found)
        await asyncio.sleep(0.02)


async def test_a_secret_is_answered_once_and_never_again(office: Office) -> None:
    webhook, first = await _make(office)
    rotated = await office.ask("POST", f"/webhooks/{webhook}/rotate")
    assert rotated.status_code == 200
    second = rotated.json()["secret"]
    WATCH.register(second)
    for path in (f"/webhooks/{webhook}", "/webhooks", f"/webhooks/{webhook}/deliveries", "/audit"):
        shown = await office.ask("GET", path)
        assert shown.status_code == 200
        assert first not in shown.text
        assert second not in shown.text
    assert (await office.ask("DELETE", f"/webhooks/{webhook}")).status_code == 200


async def test_what_is_done_is_in_the_audit_log(office: Office) -> None:
    webhook, _ = await _make(office, description="billing")
    for path, body in (("", {"description": "accounts"}), ("/rotate", {}), ("/disable", None), ("/enable", None)):
        method = "POST" if path else "PATCH"
        assert (await office.ask(method, f"/webhooks/{webhook}{path}", body)).status_code == 200
    assert (await office.ask("DELETE", f"/webhooks/{webhook}")).status_code == 200
    entries = (await office.ask("GET", "/audit", subject=f"webhook:{webhook}")).json()["entries"]
    assert [entry["event"] for entry in entries] == [
        "webhook.created",
        "webhook.updated",
        "webhook.rotated",
        "webhook.disabled",
        "webhook.updated",
        "webhook.deleted",
    ]
    assert {entry["caller"] for entry in entries} == {"key:admin"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "url: is required and must be an https URL of at most 2,000 characters, at a public address"),
        ({"url": "https://user:pass@hooks.example/"}, "url: must be an https URL of at most 2,000"),
        ({"url": "https://[fd00:ec2::254]/"}, "url: must not be at an address that is link-local, reserved or"),
        (
            {"url": "https://10.0.0.1/"},
            "url: must not be at a private or loopback address, unless LIMI_WEBHOOKS_ALLOW_PRIVATE_ADDRESSES=true",
        ),
        ({"url": _URL, "events": ["token.requested"]}, "events: must name some of key.created"),
        ({"url": _URL, "event": []}, "event: is not known here; there are url, events, tenant, description"),
    ],
)
async def test_a_wrong_member_is_named_with_its_rule(office: Office, body: Any, message: str) -> None:
    answer = await office.ask("POST", "/webhooks", body)
    assert assert_error(answer, "invalid_request")["message"].startswith(message)
    assert "user:pass" not in answer.text


async def test_a_tenants_operator_sees_and_makes_that_tenants_endpoints_only(office: Office) -> None:
    own, other = await office.new_tenant(), await office.new_tenant()
    foreign, _ = await _make(office, tenant=other)
    house, _ = await _make(office)
    _, operator = await office.new_key("admin", tenant=own)
    mine, _ = await _make(office, key=operator)
    listed = (await office.ask("GET", "/webhooks", key=operator)).json()["webhooks"]
    assert [(one["id"], one["tenant"]) for one in listed] == [(mine, own)]
    assert (await office.ask("GET", "/webhooks", key=operator, tenant=other)).json()["webhooks"] == []
    refused = await office.ask("POST", "/webhooks", {"url": _URL, "tenant": other}, key=operator)
    assert assert_error(refused, "invalid_request")["message"].startswith("tenant: must be")
    for webhook in (foreign, house):
        for method, path, body in (
            ("GET", "", None),
            ("PATCH", "", {"url": "https://evil.example/"}),
            ("DELETE", "", None),
            ("POST", "/enable", None),
            ("POST", "/disable", None),
            ("POST", "/rotate", None),
            ("POST", "/test", None),
            ("POST", "/replay", {"failed": True}),
            ("GET", "/deliveries", None),
            ("GET", "/deliveries/1/attempts", None),
            ("POST", "/deliveries/1/replay", None),
        ):
            answer = await office.ask(method, f"/webhooks/{webhook}{path}", body, key=operator)
            assert assert_error(answer, "not_found")["message"] == f"id: there is no webhook endpoint `{webhook}`"
    for webhook in (foreign, house, mine):
        await office.ask("DELETE", f"/webhooks/{webhook}")


async def test_a_test_event_is_delivered_and_every_attempt_can_be_read(office: Office) -> None:
    async with RecordingReceiver().running() as receiver:
        receiver.queued.append(ReceiverReply(status=503, headers={"retry-after": "1"}))
        webhook, _ = await _make(office, url=receiver.url, events=["key.revoked"])
        tested = await office.ask("POST", f"/webhooks/{webhook}/test")
        assert tested.status_code == 202
        await receiver.until_received()
        await _settled(office, webhook, "pending")
        office.wait(60)
        await receiver.until_received(2)
        (delivery,) = await _settled(office, webhook, "delivered")
        attempts = await office.ask("GET", f"/webhooks/{webhook}/deliveries/{delivery['id']}/attempts")
        assert [(one["number"], one["status"]) for one in attempts.json()["attempts"]] == [(1, 503), (2, 200)]
        assert {receipt.id for receipt in receiver.received} == {tested.json()["message"]}
        await office.ask("DELETE", f"/webhooks/{webhook}")


async def test_what_failed_is_sent_again_with_the_same_id(office: Office) -> None:
    async with RecordingReceiver().running() as receiver:
        webhook, _ = await _make(office, url=receiver.url)
        await office.ask("POST", f"/webhooks/{webhook}/test")
        (delivery,) = await _settled(office, webhook, "delivered")
        again = await office.ask("POST", f"/webhooks/{webhook}/deliveries/{delivery['id']}/replay")
        assert (again.status_code, again.json()) == (202, {"replayed": 1})
        await receiver.until_received(2)
        (after,) = await _settled(office, webhook, "delivered")
        assert [receipt.id for receipt in receiver.received] == [after["message"]] * 2
        assert (await office.ask("POST", f"/webhooks/{webhook}/replay", {"failed": True})).json() == {
            "replayed": 0
        }
        await office.ask("DELETE", f"/webhooks/{webhook}")


async def test_an_announced_token_reaches_the_endpoints_of_its_tenant(office: Office) -> None:
    own, other = await office.new_tenant(), await office.new_tenant()
    _, partner = await office.new_key("webhook", tenant=own)
    async with RecordingReceiver().running() as receiver, RecordingReceiver().running() as stranger:
        mine, _ = await _make(office, url=receiver.url, tenant=own, events=["token.generated"])
        foreign, _ = await _make(office, url=stranger.url, tenant=other)
        body = {"sessionId": "s1", "model": "gpt-realtime-2.1", "expiresAt": int(office.clock.now()) + 60}
        announced = await office.client.post(
            "/api/webhook/token-generated", json=body, headers={"authorization": f"Bearer {partner}"}
        )
        assert (announced.status_code, announced.json()["status"]) == (200, "webhook_received")
        await receiver.until_received()
        told = receiver.received[0].json()
        assert (told["type"], told["data"]) == (
            "token.generated",
            {
                "sessionId": f"{own}_s1",
                "model": "gpt-realtime-2.1",
                "expiresAt": body["expiresAt"],
                "tenant": own,
            },
        )
        assert stranger.received == []
        for webhook in (mine, foreign):
            await office.ask("DELETE", f"/webhooks/{webhook}")


async def test_whose_announcements_are_too_many_is_in_the_audit_log(office: Office) -> None:
    tenant = await office.new_tenant()
    key, partner = await office.new_key("webhook", tenant=tenant, tokensPerMinute=1)
    body = {"sessionId": "s1", "model": "gpt-realtime-2.1", "expiresAt": int(office.clock.now()) + 60}
    headers = {"authorization": f"Bearer {partner}"}
    first, second = [
        await office.client.post("/api/webhook/token-generated", json=body, headers=headers) for _ in range(2)
    ]
    assert (first.status_code, first.headers["ratelimit-remaining"]) == (200, "0")
    assert_error(second, "rate_limit_exceeded")
    assert second.headers["ratelimit-limit"] == "1"
    (entry,) = (await office.ask("GET", "/audit", caller=f"key:{key}", event="limit.reached")).json()["entries"]
    assert (entry["tenant"], entry["code"]) == (tenant, "rate_limit_exceeded")
