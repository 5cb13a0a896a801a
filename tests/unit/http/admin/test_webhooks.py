"""The handlers of webhook endpoints; what they do to real requests is in tests/integration/admin."""

from typing import Any

import pytest

from tests.unit.http.admin.webhook_desk import WebhookDesk


@pytest.fixture
async def desk() -> WebhookDesk:
    return WebhookDesk()


async def test_an_endpoint_is_made_and_its_secret_shown_once(desk: WebhookDesk) -> None:
    answer = await desk.ask(
        "POST", "/webhooks", {"url": "https://hooks.example/limi", "events": ["token.generated"]}
    )
    assert (answer.status, answer.headers["cache-control"]) == (201, "no-store")
    made, secret = answer.json["webhook"], answer.json["secret"]
    assert secret.startswith("whsec_")
    assert made["id"].startswith("whe_")
    assert (made["url"], made["events"], made["status"]) == (
        "https://hooks.example/limi",
        ["token.generated"],
        "enabled",
    )
    assert (made["tenant"], made["disabledReason"], made["failingSince"], made["previousUntil"]) == (None,) * 4
    shown = await desk.ask("GET", f"/webhooks/{made['id']}")
    listed = await desk.ask("GET", "/webhooks")
    assert (shown.json, listed.json) == (made, {"webhooks": [made], "next": None})
    assert secret.encode() not in shown.body + listed.body


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "url: is required and must be an https URL of at most 2,000 characters"),
        ({"url": ""}, "url: must be an https URL"),
        ({"url": "ftp://a.example"}, "url: must be an https URL"),
        ({"url": "http://hooks.example"}, "url: must begin with https"),
        ({"url": "https://169.254.169.254/latest"}, "url: must not be at an address that is link-local"),
        ({"url": "https://10.0.0.1/"}, "url: must not be at a private"),
        ({"url": "https://a:b@hooks.example/"}, "url: must be an https URL"),
        ({"url": "https://hooks.example:25/"}, "url: must have port 443"),
        ({"url": "https://h.example/" + "a" * 2000}, "url: must be an https URL"),
        ({"url": "https://h.example", "events": ["token.made"]}, "events: must name some of"),
        ({"url": "https://h.example", "events": "all"}, "events: must be an array of key.created"),
        ({"url": "https://h.example", "tenant": "No"}, "tenant: must be a tenant's id"),
        ({"url": "https://h.example", "tenant": "nobody"}, "tenant: must be a tenant that is there"),
        ({"url": "https://h.example", "description": "a\nb"}, "description: must be a text of at most 200"),
        ({"url": "https://h.example", "secret": "mine"}, "secret: is not known here; there are url, events"),
    ],
)
async def test_a_wrong_member_is_named_with_its_rule(desk: WebhookDesk, body: Any, message: str) -> None:
    refusal = await desk.refused("POST", "/webhooks", body)
    assert refusal.code == "invalid_request"
    assert (refusal.message or "").startswith(message)


async def test_a_change_leaves_what_is_not_given(desk: WebhookDesk) -> None:
    made = (await desk.made(events=["key.created"], description="first"))["webhook"]
    path = f"/webhooks/{made['id']}"
    desk.clock.advance(1)
    changed = (await desk.ask("PATCH", path, {"description": "second"})).json
    assert changed == {**made, "description": "second", "updatedAt": changed["updatedAt"]}
    assert changed["updatedAt"] > made["updatedAt"]
    moved = (await desk.ask("PATCH", path, {"url": "https://b.example/", "events": None})).json
    assert (moved["url"], moved["events"], moved["description"]) == ("https://b.example/", None, "second")
    refused = await desk.refused("PATCH", path, {"url": "nonsense"})
    assert (refused.message or "").startswith("url: must be")


async def test_it_is_disabled_enabled_and_removed(desk: WebhookDesk) -> None:
    path = f"/webhooks/{(await desk.made())['webhook']['id']}"
    disabled = (await desk.ask("POST", f"{path}/disable")).json
    assert (disabled["status"], disabled["disabledReason"]) == ("disabled", "operator")
    refused = await desk.refused("POST", f"{path}/test")
    assert refused.message == "id: is disabled; enable it first"
    enabled = (await desk.ask("POST", f"{path}/enable")).json
    assert (enabled["status"], enabled["disabledReason"]) == ("enabled", None)
    gone = await desk.ask("DELETE", path)
    assert (gone.status, gone.json["id"]) == (200, enabled["id"])
    for method, end in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/enable"), ("POST", "/rotate")):
        assert (await desk.refused(method, path + end, {} if method == "PATCH" else None)).code == "not_found"


async def test_a_new_secret_is_shown_once_and_the_old_one_signs_for_the_overlap(desk: WebhookDesk) -> None:
    made = await desk.made()
    path = f"/webhooks/{made['webhook']['id']}"
    desk.clock.advance(5)
    rotated = (await desk.ask("POST", f"{path}/rotate", {"overlapSeconds": 60})).json
    assert rotated["secret"] != made["secret"]
    assert rotated["webhook"]["previousUntil"] > rotated["webhook"]["secretCreatedAt"]
    assert rotated["webhook"]["secretCreatedAt"] > made["webhook"]["secretCreatedAt"]
    desk.clock.advance(61)
    shown = await desk.ask("GET", path)
    assert shown.json["previousUntil"] is None
    assert rotated["secret"].encode() not in shown.body
    refused = await desk.refused("POST", f"{path}/rotate", {"overlapSeconds": 604_801})
    assert (refused.message or "").startswith("overlapSeconds: must be a whole number of seconds")


async def test_a_page_ends_where_the_next_begins(desk: WebhookDesk) -> None:
    made = []
    for _ in range(3):
        made.append((await desk.made())["webhook"]["id"])
        desk.clock.advance(1)
    first = (await desk.ask("GET", "/webhooks", limit=2)).json
    assert ([one["id"] for one in first["webhooks"]], first["next"]) == (made[:2], made[1])
    rest = (await desk.ask("GET", "/webhooks", limit=2, after=first["next"])).json
    assert ([one["id"] for one in rest["webhooks"]], rest["next"]) == (made[2:], None)


async def test_more_than_there_may_be_are_refused(desk: WebhookDesk) -> None:
    for _ in range(3):
        await desk.made()
    refused = await desk.refused("POST", "/webhooks", {"url": "https://hooks.example"})
    assert refused.message == "tenant: has 3 endpoints already, the most it may; remove one"


async def test_a_test_event_is_on_its_way_under_the_id_that_is_answered(desk: WebhookDesk) -> None:
    path = f"/webhooks/{(await desk.made(events=['key.created']))['webhook']['id']}"
    answer = await desk.ask("POST", f"{path}/test")
    assert answer.status == 202
    (delivery,) = (await desk.ask("GET", f"{path}/deliveries", message=answer.json["message"])).json["deliveries"]
    assert (delivery["type"], delivery["state"]) == ("webhook.test", "pending")
