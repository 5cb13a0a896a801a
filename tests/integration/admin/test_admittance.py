"""Who gets to the operators' routes at all, and how the routes keep to the rest of the API."""

import pytest

from tests.integration.admin.harness import ADMIN, Office
from tests.integration.http.harness import assert_error

ROUTES = [
    ("GET", "/keys"),
    ("POST", "/keys"),
    ("GET", "/keys/aaaaaaaa"),
    ("POST", "/keys/aaaaaaaa/rotate"),
    ("POST", "/keys/aaaaaaaa/revoke"),
    ("GET", "/tenants"),
    ("POST", "/tenants"),
    ("GET", "/tenants/a"),
    ("PATCH", "/tenants/a"),
    ("DELETE", "/tenants/a"),
    ("POST", "/tenants/a/suspend"),
    ("POST", "/tenants/a/resume"),
    ("GET", "/profiles"),
    ("GET", "/profiles/a"),
    ("PUT", "/profiles/a"),
    ("GET", "/profiles/a/versions"),
    ("DELETE", "/profiles/a"),
    ("GET", "/webhooks"),
    ("POST", "/webhooks"),
    ("GET", "/webhooks/a"),
    ("PATCH", "/webhooks/a"),
    ("DELETE", "/webhooks/a"),
    ("POST", "/webhooks/a/enable"),
    ("POST", "/webhooks/a/disable"),
    ("POST", "/webhooks/a/rotate"),
    ("POST", "/webhooks/a/test"),
    ("POST", "/webhooks/a/replay"),
    ("GET", "/webhooks/a/deliveries"),
    ("GET", "/webhooks/a/deliveries/1/attempts"),
    ("POST", "/webhooks/a/deliveries/1/replay"),
    ("GET", "/audit"),
    ("GET", "/stats"),
    ("GET", "/usage"),
]
FOR_STATS = {"/usage"}
"""Paths for which the scope `stats` is enough."""


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_every_route_needs_a_key_with_the_scope(office: Office, method: str, path: str) -> None:
    assert_error(await office.ask(method, path, key=""), "auth_required")
    assert_error(await office.ask(method, path, key="limi_admin_wrong_wrong_wrong"), "auth_required")
    _, token = await office.new_key("mint", "calls", "webhook", *(() if path in FOR_STATS else ("stats",)))
    assert_error(await office.ask(method, path, key=token), "forbidden")


@pytest.mark.parametrize("path", sorted(FOR_STATS))
async def test_numbers_need_no_more_than_the_scope_of_numbers(office: Office, path: str) -> None:
    _, token = await office.new_key("stats")
    assert (await office.ask("GET", path, key=token)).status_code == 200


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_every_route_refuses_parameters_it_does_not_know(office: Office, method: str, path: str) -> None:
    answer = await office.ask(method, path, unheard_of="1")
    assert assert_error(answer, "invalid_request")["message"].startswith("unheard_of: is not known here")


async def test_the_routes_here_are_all_there_are(office: Office) -> None:
    paths = (await office.client.get("/openapi.json")).json()["paths"]
    described = {(method.upper(), path) for path in paths if path.startswith(ADMIN) for method in paths[path]}
    names = {"{key}": "aaaaaaaa", "{tenant}": "a", "{name}": "a", "{webhook}": "a", "{delivery}": "1"}
    asked = set()
    for method, path in described:
        shown = path.removeprefix(ADMIN)
        for name, value in names.items():
            shown = shown.replace(name, value)
        asked.add((method, shown))
    assert asked == set(ROUTES)


@pytest.mark.parametrize(
    ("content", "content_type", "code"),
    [
        (b"{}", "text/plain", "unsupported_media_type"),
        (b"{", "application/json", "invalid_request"),
        (b'"' + b"x" * 70_000 + b'"', "application/json", "payload_too_large"),
    ],
)
async def test_a_body_keeps_to_the_rules_of_all_bodies(
    office: Office, content: bytes, content_type: str, code: str
) -> None:
    headers = {"authorization": "Bearer limi_admin_for_tests_only_0000", "content-type": content_type}
    answer = await office.client.post(f"{ADMIN}/tenants", content=content, headers=headers)
    assert_error(answer, code)


async def test_a_page_of_another_origin_may_not_ask(office: Office) -> None:
    answer = await office.client.get(f"{ADMIN}/keys", headers={"origin": "https://evil.example"})
    assert_error(answer, "forbidden")


async def test_a_page_of_an_allowed_origin_may_use_every_method(office: Office) -> None:
    headers = {"origin": "http://localhost:5173", "access-control-request-method": "DELETE"}
    answer = await office.client.options(f"{ADMIN}/tenants/a", headers=headers)
    assert answer.status_code == 204
    allowed = answer.headers["access-control-allow-methods"].split(", ")
    assert {method for method, _ in ROUTES} <= set(allowed)
