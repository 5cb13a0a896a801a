"""`/api/admin/keys`: keys are made, shown, rotated and revoked, and open what they say and no more."""

from typing import Any

import pytest

from tests.integration.admin.harness import Office
from tests.integration.http.harness import assert_error


async def test_a_key_is_made_and_its_token_shown_once(office: Office) -> None:
    answer = await office.ask("POST", "/keys", {"name": "web app"})
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    key, secret = answer.json()["key"], answer.json()["secret"]
    assert secret.startswith(f"{key['prefix']}_")
    assert (key["name"], key["scopes"], key["status"], key["tenant"]) == ("web app", ["mint"], "active", None)
    assert (key["createdBy"], key["expiresAt"]) == ("key:admin", None)
    shown = await office.ask("GET", f"/keys/{key['id']}")
    assert shown.json() == key
    assert secret not in shown.text
    assert secret not in (await office.ask("GET", "/keys")).text


async def test_a_new_key_opens_what_its_scopes_say(office: Office) -> None:
    _, token = await office.new_key("mint")
    assert (await office.mint(token)).status_code == 200
    assert_error(await office.ask("GET", "/keys", key=token), "forbidden")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "name: is required and must be a text of 1–100 characters"),
        ({"name": ""}, "name: must be a text of 1–100 characters"),
        ({"name": "a\nb"}, "name: must be"),
        ({"name": "a", "scopes": []}, "scopes: must be an array of mint, calls"),
        ({"name": "a", "scopes": ["all"]}, "scopes: must be an array of mint, calls"),
        ({"name": "a", "tenant": "No"}, "tenant: must be a tenant's id"),
        ({"name": "a", "tenant": "not-there"}, "tenant: must be the id of a tenant"),
        ({"name": "a", "origins": ["nonsense"]}, "origins: must name 1–100 origins"),
        ({"name": "a", "models": ["a b"]}, "models: must be an array of 1–100 models"),
        ({"name": "a", "maxTtlSeconds": 5}, "maxTtlSeconds: must be a whole number of seconds"),
        ({"name": "a", "tokensPerMinute": 0}, "tokensPerMinute: must be a whole number from 1"),
        ({"name": "a", "expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt: must be in the future"),
        ({"name": "a", "expiresAt": "2030-01-01T00:00:00"}, "expiresAt: must be an ISO 8601 time"),
        ({"name": "a", "token": "mine"}, "token: is not known here; there are name, scopes"),
    ],
)
async def test_a_wrong_member_is_named_with_its_rule(office: Office, body: Any, message: str) -> None:
    answer = await office.ask("POST", "/keys", body)
    assert assert_error(answer, "invalid_request")["message"].startswith(message)


async def test_a_rotated_key_has_another_token_and_the_old_one_works_for_the_overlap(office: Office) -> None:
    key_id, old = await office.new_key("mint")
    answer = await office.ask("POST", f"/keys/{key_id}/rotate", {"overlapSeconds": 60})
    assert answer.status_code == 200
    new = answer.json()["secret"]
    assert new != old
    assert answer.json()["key"]["previousUntil"] is not None
    assert [(await office.mint(token)).status_code for token in (old, new)] == [200, 200]
    office.wait(61)
    assert_error(await office.mint(old), "auth_required")
    assert (await office.mint(new)).status_code == 200


async def test_without_an_overlap_the_old_token_stops_at_once(office: Office) -> None:
    key_id, old = await office.new_key("mint")
    assert (await office.mint(old)).status_code == 200
    new = (await office.ask("POST", f"/keys/{key_id}/rotate")).json()["secret"]
    assert_error(await office.mint(old), "auth_required")
    assert (await office.mint(new)).status_code == 200


async def test_a_revoked_key_opens_nothing_and_stays_in_the_list(office: Office) -> None:
    key_id, token = await office.new_key("mint")
    assert (await office.mint(token)).status_code == 200
    revoked = await office.ask("POST", f"/keys/{key_id}/revoke")
    assert (revoked.status_code, revoked.json()["status"]) == (200, "revoked")
    assert_error(await office.mint(token), "auth_required")
    assert (await office.ask("GET", f"/keys/{key_id}")).json()["status"] == "revoked"
    assert (await office.ask("POST", f"/keys/{key_id}/revoke")).json() == revoked.json(), "twice changes nothing"
    refused = assert_error(await office.ask("POST", f"/keys/{key_id}/rotate"), "invalid_request")
    assert refused["message"] == f"id: the key `{key_id}` is revoked for ever; make a new one"


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("POST", "/rotate"), ("POST", "/revoke")])
async def test_a_key_that_is_not_there_is_not_found(office: Office, method: str, path: str) -> None:
    assert_error(await office.ask(method, f"/keys/aaaaaaaa{path}"), "not_found")


async def test_the_list_goes_on_where_a_page_ends(office: Office) -> None:
    tenant = await office.new_tenant()
    made = []
    for _ in range(5):
        made.append((await office.new_key("mint", tenant=tenant))[0])
        office.wait(1)
    seen: list[str] = []
    query: dict[str, Any] = {"tenant": tenant, "limit": 2}
    while True:
        answer = (await office.ask("GET", "/keys", **query)).json()
        seen += [key["id"] for key in answer["keys"]]
        if answer["next"] is None:
            break
        query["after"] = answer["next"]
    assert seen == made


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"limit": "0"}, "limit: must be a whole number from 1 to 100"),
        ({"limit": "many"}, "limit: must be a whole number from 1 to 100"),
        ({"tenants": "a"}, "tenants: is not known here; there are after, limit, tenant"),
    ],
)
async def test_a_wrong_parameter_is_named_with_its_rule(office: Office, query: Any, message: str) -> None:
    answer = await office.ask("GET", "/keys", **query)
    assert assert_error(answer, "invalid_request")["message"].startswith(message)


async def test_a_tenants_operator_sees_and_makes_that_tenants_keys_only(office: Office) -> None:
    own, other = await office.new_tenant(), await office.new_tenant()
    foreign, _ = await office.new_key("mint", tenant=other)
    mine, operator = await office.new_key("admin", tenant=own)
    listed = (await office.ask("GET", "/keys", key=operator)).json()["keys"]
    assert [key["id"] for key in listed] == [mine]
    assert (await office.ask("GET", "/keys", key=operator, tenant=other)).json()["keys"] == []
    assert_error(await office.ask("GET", f"/keys/{foreign}", key=operator), "not_found")
    assert_error(await office.ask("POST", f"/keys/{foreign}/revoke", key=operator), "not_found")
    child = (await office.ask("POST", "/keys", {"name": "a child"}, key=operator)).json()["key"]
    assert child["tenant"] == own
    refused = await office.ask("POST", "/keys", {"name": "a spy", "tenant": other}, key=operator)
    assert assert_error(refused, "forbidden")["message"].startswith("tenant: must be")


async def test_nobody_makes_a_key_with_more_than_they_have(office: Office) -> None:
    _, operator = await office.new_key("admin", maxTtlSeconds=60, models=["gpt-realtime-2.1"])
    child = (await office.ask("POST", "/keys", {"name": "a child"}, key=operator)).json()["key"]
    assert (child["maxTtlSeconds"], child["models"]) == (60, ["gpt-realtime-2.1"])
    refused = await office.ask("POST", "/keys", {"name": "more", "maxTtlSeconds": 600}, key=operator)
    assert assert_error(refused, "forbidden")["message"].startswith("maxTtlSeconds: may not be more")


async def test_a_key_for_pages_of_one_origin_opens_nothing_for_others(office: Office) -> None:
    _, token = await office.new_key("mint", origins=["http://localhost:5173"])
    assert (await office.mint(token, origin="http://localhost:5173")).status_code == 200
    assert_error(await office.mint(token, origin="http://localhost:5174"), "forbidden")
    assert_error(await office.mint(token), "forbidden")


async def test_an_expired_key_opens_nothing(office: Office) -> None:
    at = "2100-01-01T00:00:00Z"
    key_id, token = await office.new_key("mint", expiresAt=at)
    assert (await office.ask("GET", f"/keys/{key_id}")).json()["expiresAt"] == "2100-01-01T00:00:00.000Z"
    assert (await office.mint(token)).status_code == 200
