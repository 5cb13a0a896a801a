"""The handlers of keys; what they do to real requests is in tests/integration/admin."""

from tests.unit.http.admin.harness import Desk

_WISH = {"name": "web", "scopes": ["mint", "stats"], "expiresAt": "2100-01-01T01:00:00+01:00"}


async def test_a_key_is_made_with_its_token(desk: Desk) -> None:
    answer = await desk.ask("POST", "/keys", _WISH)
    assert (answer.status, answer.headers["cache-control"]) == (201, "no-store")
    assert set(answer.json) == {"key", "secret"}
    assert answer.json["key"]["expiresAt"] == "2100-01-01T00:00:00.000Z"


async def test_it_is_shown_rotated_and_revoked_by_its_id(desk: Desk) -> None:
    made = (await desk.ask("POST", "/keys", _WISH)).json
    path = f"/keys/{made['key']['id']}"
    assert (await desk.ask("GET", path)).json == made["key"]
    rotated = (await desk.ask("POST", f"{path}/rotate", {"overlapSeconds": 5})).json
    assert rotated["secret"] != made["secret"]
    revoked = await desk.ask("POST", f"{path}/revoke")
    assert (revoked.status, revoked.json["status"]) == (200, "revoked")
    refused = await desk.refused("POST", f"{path}/rotate")
    assert refused.code == "invalid_request"
    assert "revoked" in str(refused)


async def test_a_page_ends_where_the_next_begins(desk: Desk) -> None:
    made = []
    for name in "abc":
        made.append((await desk.ask("POST", "/keys", {"name": name})).json["key"]["id"])
        desk.clock.advance(1)
    first = (await desk.ask("GET", "/keys", limit=2)).json
    assert ([key["id"] for key in first["keys"]], first["next"]) == (made[:2], made[1])
    rest = (await desk.ask("GET", "/keys", limit=2, after=first["next"])).json
    assert ([key["id"] for key in rest["keys"]], rest["next"]) == (made[2:], None)


async def test_names_given_twice_are_given_once(desk: Desk) -> None:
    made = await desk.ask("POST", "/keys", {"name": "web", "models": ["gpt-realtime", "gpt-realtime"]})
    assert made.json["key"]["models"] == ["gpt-realtime"]
