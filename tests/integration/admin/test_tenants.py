"""`/api/admin/tenants`: tenants are made, changed, suspended, resumed and removed, and their callers feel it."""

from typing import Any

import pytest

from tests.integration.admin.harness import Office
from tests.integration.http.harness import assert_error


async def test_a_tenant_is_made_and_shown(office: Office) -> None:
    answer = await office.ask("POST", "/tenants", {"id": "acme", "name": "Acme Ltd", "tokensPerMinute": 30})
    assert answer.status_code == 201
    made = answer.json()
    assert made == {
        "id": "acme",
        "name": "Acme Ltd",
        "status": "active",
        "tokensPerMinute": 30,
        "connectionsPerMinute": None,
        "models": None,
        "profiles": None,
        "createdAt": made["createdAt"],
        "updatedAt": made["createdAt"],
    }
    assert (await office.ask("GET", "/tenants/acme")).json() == made


async def test_without_a_name_it_has_its_id(office: Office) -> None:
    tenant = await office.new_tenant()
    assert (await office.ask("GET", f"/tenants/{tenant}")).json()["name"] == tenant


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "id: is required and must be a tenant's id: 1–40 characters of a–z 0–9 -"),
        ({"id": "Acme"}, "id: must be a tenant's id: 1–40 characters of a–z 0–9 -"),
        ({"id": "a" * 41}, "id: must be a tenant's id"),
        ({"id": "b", "tokensPerMinute": -1}, "tokensPerMinute: must be a whole number from 1"),
        ({"id": "b", "profiles": ["No"]}, "profiles: must be an array of 1–100 profiles"),
        ({"id": "b", "status": "suspended"}, "status: is not known here; there are id, name"),
    ],
)
async def test_a_wrong_member_is_named_with_its_rule(office: Office, body: Any, message: str) -> None:
    answer = await office.ask("POST", "/tenants", body)
    assert assert_error(answer, "invalid_request")["message"].startswith(message)


async def test_an_id_is_given_once_even_after_a_deletion(office: Office) -> None:
    tenant = await office.new_tenant()
    for _ in range(2):
        answer = await office.ask("POST", "/tenants", {"id": tenant})
        assert assert_error(answer, "invalid_request")["message"].startswith(f"id: `{tenant}` is taken")
        await office.ask("DELETE", f"/tenants/{tenant}")


async def test_a_change_leaves_alone_what_it_does_not_name(office: Office) -> None:
    tenant = await office.new_tenant(name="Before", tokensPerMinute=5, models=["gpt-realtime"])
    office.wait(1)
    changed = await office.ask("PATCH", f"/tenants/{tenant}", {"name": "After", "models": None})
    assert changed.status_code == 200
    body = changed.json()
    assert (body["name"], body["tokensPerMinute"], body["models"]) == ("After", 5, None)
    assert body["updatedAt"] > body["createdAt"]
    unchanged = await office.ask("PATCH", f"/tenants/{tenant}", {})
    assert unchanged.json()["name"] == "After"


async def test_a_suspended_tenants_callers_are_refused_until_it_is_resumed(office: Office) -> None:
    tenant = await office.new_tenant()
    _, token = await office.new_key("mint", tenant=tenant)
    assert (await office.mint(token)).status_code == 200
    suspended = await office.ask("POST", f"/tenants/{tenant}/suspend")
    assert (suspended.status_code, suspended.json()["status"]) == (200, "suspended")
    assert_error(await office.mint(token), "tenant_suspended")
    assert (await office.ask("POST", f"/tenants/{tenant}/resume")).json()["status"] == "active"
    assert (await office.mint(token)).status_code == 200


async def test_a_removed_tenant_takes_its_keys_with_it(office: Office) -> None:
    tenant = await office.new_tenant()
    key_id, token = await office.new_key("mint", tenant=tenant)
    assert (await office.ask("DELETE", f"/tenants/{tenant}")).json()["status"] == "deleted"
    assert_error(await office.mint(token), "auth_required")
    assert_error(await office.ask("GET", f"/tenants/{tenant}"), "not_found")
    assert (await office.ask("GET", f"/keys/{key_id}")).json()["status"] == "revoked"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/suspend"), ("POST", "/resume")]
)
async def test_a_tenant_that_is_not_there_is_not_found(office: Office, method: str, path: str) -> None:
    answer = await office.ask(method, f"/tenants/nobody{path}")
    assert "there is no tenant `nobody`" in assert_error(answer, "not_found")["message"]


async def test_the_list_goes_on_where_a_page_ends(office: Office) -> None:
    made = sorted([await office.new_tenant() for _ in range(3)])
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        answer = (await office.ask("GET", "/tenants", **query)).json()
        seen += [tenant["id"] for tenant in answer["tenants"]]
        if answer["next"] is None:
            break
        query["after"] = answer["next"]
    assert seen == sorted(seen)
    assert set(made) <= set(seen)
    assert len(seen) == len(set(seen))


async def test_a_tenants_operator_sees_that_tenant_and_changes_none(office: Office) -> None:
    own, other = await office.new_tenant(), await office.new_tenant()
    _, operator = await office.new_key("admin", tenant=own)
    listed = (await office.ask("GET", "/tenants", key=operator)).json()
    assert [tenant["id"] for tenant in listed["tenants"]] == [own]
    assert_error(await office.ask("GET", f"/tenants/{other}", key=operator), "not_found")
    for tenant in (own, other):
        assert_error(await office.ask("PATCH", f"/tenants/{tenant}", {"name": "x"}, key=operator), "forbidden")
        assert_error(await office.ask("POST", f"/tenants/{tenant}/suspend", key=operator), "forbidden")
    assert_error(await office.ask("POST", "/tenants", {"id": "mine"}, key=operator), "forbidden")
