"""`/api/admin/audit` and `/api/admin/stats`: what was done is found, and what lives is counted."""

from typing import Any

import pytest

from tests.integration.admin.harness import Office
from tests.integration.http.harness import assert_error


async def _events(office: Office, **query: Any) -> list[str]:
    answer = await office.ask("GET", "/audit", **query)
    assert answer.status_code == 200, answer.text
    return [entry["event"] for entry in answer.json()["entries"]]


async def test_every_change_leaves_an_entry(office: Office) -> None:
    tenant = await office.new_tenant()
    await office.ask("PATCH", f"/tenants/{tenant}", {"name": "other"})
    await office.ask("POST", f"/tenants/{tenant}/suspend")
    await office.ask("POST", f"/tenants/{tenant}/resume")
    key_id, _ = await office.new_key("mint", tenant=tenant)
    await office.ask("POST", f"/keys/{key_id}/rotate")
    await office.ask("POST", f"/keys/{key_id}/revoke")
    await office.ask("PUT", "/profiles/mine", {}, tenant=tenant)
    await office.ask("DELETE", "/profiles/mine", tenant=tenant)
    await office.ask("DELETE", f"/tenants/{tenant}")
    assert await _events(office, tenant=tenant) == [
        "tenant.created",
        "tenant.updated",
        "tenant.suspended",
        "tenant.resumed",
        "key.created",
        "key.rotated",
        "key.revoked",
        "profile.created",
        "profile.deleted",
        "tenant.deleted",
    ]
    assert await _events(office, tenant=tenant, subject=f"key:{key_id}", event="key.rotated") == ["key.rotated"]


async def test_an_entry_says_who_and_what_and_no_secret(office: Office) -> None:
    tenant = await office.new_tenant()
    key_id, token = await office.new_key("mint", tenant=tenant)
    answer = await office.ask("GET", "/audit", subject=f"key:{key_id}")
    (entry,) = answer.json()["entries"]
    assert (entry["caller"], entry["tenant"], entry["outcome"]) == ("key:admin", tenant, "succeeded")
    assert entry["requestId"]
    assert token not in answer.text


async def test_reading_goes_on_after_the_last_entry(office: Office) -> None:
    tenant = await office.new_tenant()
    for name in ("a", "b", "c"):
        await office.ask("PATCH", f"/tenants/{tenant}", {"name": name})
    first = (await office.ask("GET", "/audit", tenant=tenant, limit=3)).json()
    rest = (await office.ask("GET", "/audit", tenant=tenant, after=first["next"])).json()
    assert (len(first["entries"]), len(rest["entries"])) == (3, 1)
    assert first["next"] < rest["entries"][0]["seq"] == rest["next"]
    nothing = (await office.ask("GET", "/audit", tenant=tenant, after=rest["next"])).json()
    assert nothing == {"entries": [], "next": None}


async def test_times_bound_what_is_read(office: Office) -> None:
    tenant = await office.new_tenant()
    (entry,) = (await office.ask("GET", "/audit", tenant=tenant)).json()["entries"]
    assert await _events(office, tenant=tenant, since=entry["time"]) == ["tenant.created"]
    assert await _events(office, tenant=tenant, until=entry["time"]) == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"since": "yesterday"}, "since: must be an ISO 8601 time"),
        ({"since": "2027-01-01T00:00:00"}, "since: must be an ISO 8601 time with its offset"),
        ({"event": "token.eaten"}, "event: must be the name of an event"),
        ({"after": "-1"}, "after: must be a `seq`"),
        ({"after": str(2**70)}, "after: must be a `seq`"),
        ({"user": "x"}, "user: is not known here"),
    ],
)
async def test_a_wrong_parameter_is_named_with_its_rule(office: Office, query: Any, message: str) -> None:
    answer = await office.ask("GET", "/audit", **query)
    assert assert_error(answer, "invalid_request")["message"].startswith(message)


async def test_a_tenants_operator_reads_that_tenants_entries_only(office: Office) -> None:
    own, other = await office.new_tenant(), await office.new_tenant()
    _, operator = await office.new_key("admin", tenant=own)
    entries = (await office.ask("GET", "/audit", key=operator)).json()["entries"]
    assert {entry["tenant"] for entry in entries} == {own}
    assert_error(await office.ask("GET", "/audit", key=operator, tenant=other), "forbidden")


async def test_live_keys_are_counted_by_tenant(office: Office) -> None:
    office.wait(7300)
    quiet, busy = await office.new_tenant(), await office.new_tenant()
    _, token = await office.new_key("mint", tenant=busy)
    _, own = await office.new_key("mint")
    for key in (token, token, own):
        assert (await office.mint(key)).status_code == 200
    _, operator = await office.new_key("admin", tenant=busy)

    async def live(**query: Any) -> tuple[int, dict[str, int]]:
        body = (await office.ask("GET", "/stats", **query)).json()
        return body["liveTokens"], {each["tenant"]: each["liveTokens"] for each in body["tenants"]}

    total, by_tenant = await live()
    assert (total, by_tenant[quiet], by_tenant[busy]) == (3, 0, 2)
    assert await live(key=operator) == (2, {busy: 2})
    await office.ask("POST", f"/tenants/{busy}/suspend")
    total, by_tenant = await live()
    assert (total, by_tenant[busy]) == (1, 0)
