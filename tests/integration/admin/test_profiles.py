"""`/api/admin/profiles`: versions are put, read and deleted, and mints use the newest."""

from typing import Any

import pytest

from tests.integration.admin.harness import Office
from tests.integration.http.harness import assert_error


async def test_each_put_is_a_version_and_versions_never_change(office: Office) -> None:
    first = await office.ask("PUT", "/profiles/greeter", {"instructions": "Greet.", "ttlSeconds": 60})
    second = await office.ask("PUT", "/profiles/greeter", {"instructions": "Greet warmly."})
    assert [answer.status_code for answer in (first, second)] == [201, 201]
    assert [answer.json()["version"] for answer in (first, second)] == [1, 2]
    assert (await office.ask("GET", "/profiles/greeter")).json() == second.json()
    assert (await office.ask("GET", "/profiles/greeter", version=1)).json() == first.json()
    assert first.json()["profile"]["ttlSeconds"] == 60
    assert second.json()["profile"]["ttlSeconds"] == 600, "a put says all members anew"
    listed = (await office.ask("GET", "/profiles/greeter/versions")).json()["versions"]
    assert [version["version"] for version in listed] == [2, 1]


async def test_what_is_shown_can_be_put_again(office: Office) -> None:
    await office.ask(
        "PUT", "/profiles/round", {"leash": {"maxSeconds": 60}, "turnDetection": None, "voice": "cedar"}
    )
    shown = (await office.ask("GET", "/profiles/round")).json()["profile"]
    assert (shown["leash"]["maxSeconds"], shown["turnDetection"], shown["voice"]) == (60, None, "cedar")
    again = await office.ask("PUT", "/profiles/round", shown)
    assert again.json()["profile"] == shown


async def test_a_mint_uses_it_at_once(office: Office) -> None:
    _, token = await office.new_key("mint")
    assert_error(await office.mint(token, {"profile": "fresh"}), "invalid_request")
    await office.ask("PUT", "/profiles/fresh", {"instructions": "Be brief.", "model": "gpt-realtime-2.1"})
    minted = await office.mint(token, {"profile": "fresh"})
    assert (minted.status_code, minted.json()["model"]) == (200, "gpt-realtime-2.1")


async def test_a_deleted_profile_is_none_and_its_versions_can_be_read(office: Office) -> None:
    await office.ask("PUT", "/profiles/gone", {})
    deletion = await office.ask("DELETE", "/profiles/gone")
    assert (deletion.status_code, deletion.json()["version"], deletion.json()["deleted"]) == (200, 2, True)
    assert_error(await office.ask("GET", "/profiles/gone"), "not_found")
    assert_error(await office.ask("DELETE", "/profiles/gone"), "not_found")
    assert (await office.ask("GET", "/profiles/gone", version=1)).status_code == 200
    assert (await office.ask("PUT", "/profiles/gone", {})).json()["version"] == 3


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"voice": 1}, "voice: must be a text that is not empty"),
        ({"outputModality": "smell"}, "outputModality: must be one of audio, text"),
        ({"ttlSeconds": 1}, "ttlSeconds: must be a whole number from 10 to 7200"),
        ({"ttl_seconds": 60}, "ttl_seconds: is not known here; there are model, instructions"),
        ({"turnDetection": {"type": "telepathy"}}, "turnDetection"),
        ({"model": "gpt-4"}, "model: must be one of"),
        ({"leash": {"maxSeconds": 1}}, "leash.maxSeconds: must be a whole number from 10 to 3600, or null"),
        ({"instructions": "x" * 66_000}, "The request body is larger"),
    ],
)
async def test_a_wrong_member_is_named(office: Office, body: Any, message: str) -> None:
    answer = await office.ask("PUT", "/profiles/wrong", body)
    assert answer.status_code in {400, 413}
    assert answer.json()["message"].startswith(message)
    assert_error(await office.ask("GET", "/profiles/wrong"), "not_found")


async def test_a_wrong_name_is_refused(office: Office) -> None:
    answer = await office.ask("PUT", "/profiles/Wrong", {})
    assert assert_error(answer, "invalid_request")["message"].startswith("name: must be 1–64 characters")


async def test_a_tenants_profile_wins_over_the_global_one_for_its_callers(office: Office) -> None:
    tenant = await office.new_tenant()
    _, token = await office.new_key("mint", tenant=tenant)
    await office.ask("PUT", "/profiles/shared", {"model": "gpt-realtime-2.1"})
    assert (await office.mint(token, {"profile": "shared"})).json()["model"] == "gpt-realtime-2.1"
    await office.ask("PUT", "/profiles/shared", {"model": "gpt-realtime-2.1-mini"}, tenant=tenant)
    assert (await office.mint(token, {"profile": "shared"})).json()["model"] == "gpt-realtime-2.1-mini"
    own = (await office.ask("GET", "/profiles", tenant=tenant)).json()["profiles"]
    assert [(profile["name"], profile["tenant"]) for profile in own] == [("shared", tenant)]


async def test_a_tenants_operator_keeps_to_that_tenants_profiles(office: Office) -> None:
    own, other = await office.new_tenant(), await office.new_tenant()
    _, operator = await office.new_key("admin", tenant=own)
    put = await office.ask("PUT", "/profiles/mine", {}, key=operator)
    assert put.json()["tenant"] == own
    for method, body in (("GET", None), ("PUT", {}), ("DELETE", None)):
        refused = await office.ask(method, "/profiles/mine", body, key=operator, tenant=other)
        assert_error(refused, "forbidden")
    await office.ask("PUT", "/profiles/global-one", {})
    assert_error(await office.ask("GET", "/profiles/global-one", key=operator), "not_found")


async def test_the_list_goes_on_where_a_page_ends(office: Office) -> None:
    tenant = await office.new_tenant()
    for name in ("c", "a", "b"):
        await office.ask("PUT", f"/profiles/{name}", {}, tenant=tenant)
    first = (await office.ask("GET", "/profiles", tenant=tenant, limit=2)).json()
    rest = (await office.ask("GET", "/profiles", tenant=tenant, limit=2, after=first["next"])).json()
    assert [profile["name"] for profile in (*first["profiles"], *rest["profiles"])] == ["a", "b", "c"]
    assert rest["next"] is None
