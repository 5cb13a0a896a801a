"""The handlers of profiles; what they do to real requests is in tests/integration/admin."""

from tests.unit.http.admin.harness import Desk


async def test_a_version_is_put_shown_and_listed(desk: Desk) -> None:
    made = await desk.ask("PUT", "/profiles/greeter", {"ttlSeconds": 60})
    assert (made.status, made.json["version"], made.json["profile"]["ttlSeconds"]) == (201, 1, 60)
    assert (await desk.ask("GET", "/profiles/greeter")).json == made.json
    (listed,) = (await desk.ask("GET", "/profiles")).json["profiles"]
    assert listed == {name: value for name, value in made.json.items() if name != "profile"}


async def test_a_deletion_is_a_version(desk: Desk) -> None:
    await desk.ask("PUT", "/profiles/greeter", {})
    deleted = await desk.ask("DELETE", "/profiles/greeter")
    assert (deleted.status, deleted.json["version"], deleted.json["deleted"]) == (200, 2, True)
    versions = (await desk.ask("GET", "/profiles/greeter/versions")).json["versions"]
    assert [(each["version"], each["deleted"]) for each in versions] == [(2, True), (1, False)]
    (newest,) = (await desk.ask("GET", "/profiles/greeter/versions", limit=1)).json["versions"]
    assert newest["version"] == 2
    shown = (await desk.ask("GET", "/profiles/greeter", version=2)).json
    assert shown["profile"] is None


async def test_a_tenants_profile_is_told_by_the_query(desk: Desk) -> None:
    await desk.ask("POST", "/tenants", {"id": "acme"})
    await desk.ask("PUT", "/profiles/greeter", {}, tenant="acme")
    assert (await desk.refused("GET", "/profiles/greeter")).code == "not_found"
    assert (await desk.ask("GET", "/profiles/greeter", tenant="acme")).json["tenant"] == "acme"


async def test_a_page_ends_where_the_next_begins(desk: Desk) -> None:
    for name in "cab":
        await desk.ask("PUT", f"/profiles/{name}", {})
    first = (await desk.ask("GET", "/profiles", limit=2)).json
    assert ([each["name"] for each in first["profiles"]], first["next"]) == (["a", "b"], "b")
    rest = (await desk.ask("GET", "/profiles", after="b")).json
    assert ([each["name"] for each in rest["profiles"]], rest["next"]) == (["c"], None)
