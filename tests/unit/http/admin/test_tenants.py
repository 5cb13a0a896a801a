"""The handlers of tenants; what they do to real requests is in tests/integration/admin."""

from tests.unit.http.admin.harness import Desk


async def test_a_tenant_is_made_and_shown(desk: Desk) -> None:
    made = await desk.ask("POST", "/tenants", {"id": "acme", "models": ["gpt-realtime"]})
    assert (made.status, made.json["name"], made.json["models"]) == (201, "acme", ["gpt-realtime"])
    assert (await desk.ask("GET", "/tenants/acme")).json == made.json


async def test_null_takes_a_bound_away_and_silence_leaves_it(desk: Desk) -> None:
    bounds = {"tokensPerMinute": 5, "connectionsPerMinute": 6, "models": ["a"], "profiles": ["b"]}
    await desk.ask("POST", "/tenants", {"id": "acme", **bounds})
    changed = (await desk.ask("PATCH", "/tenants/acme", {"tokensPerMinute": None, "profiles": ["c"]})).json
    assert {name: changed[name] for name in bounds} == {
        "tokensPerMinute": None,
        "connectionsPerMinute": 6,
        "models": ["a"],
        "profiles": ["c"],
    }
    changed = (await desk.ask("PATCH", "/tenants/acme", {"models": None})).json
    assert (changed["models"], changed["profiles"]) == (None, ["c"])


async def test_its_status_changes_by_its_own_routes(desk: Desk) -> None:
    await desk.ask("POST", "/tenants", {"id": "acme"})
    for method, path, status in (
        ("POST", "/tenants/acme/suspend", "suspended"),
        ("POST", "/tenants/acme/resume", "active"),
        ("DELETE", "/tenants/acme", "deleted"),
    ):
        answer = await desk.ask(method, path)
        assert (answer.status, answer.json["status"]) == (200, status)
    assert (await desk.refused("GET", "/tenants/acme")).code == "not_found"


async def test_a_page_ends_where_the_next_begins(desk: Desk) -> None:
    for tenant in "cab":
        await desk.ask("POST", "/tenants", {"id": tenant})
    first = (await desk.ask("GET", "/tenants", limit=2)).json
    assert ([tenant["id"] for tenant in first["tenants"]], first["next"]) == (["a", "b"], "b")
    rest = (await desk.ask("GET", "/tenants", limit=2, after="b")).json
    assert ([tenant["id"] for tenant in rest["tenants"]], rest["next"]) == (["c"], None)
