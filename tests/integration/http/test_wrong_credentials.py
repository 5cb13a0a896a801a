"""Trying keys is slow: whatever the kind of key and the route, wrong ones count for the address."""

import pytest

from limi.testing import FakeIssuer
from tests.integration.http.harness import MINT, OpenSite, Site, assert_error

_LIMIT = 3
_ROUTES = [
    ("POST", MINT),
    ("GET", f"{MINT}/stats"),
    ("GET", "/metrics"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/api/admin/keys"),
    ("POST", "/api/admin/tenants"),
    ("DELETE", "/api/admin/tenants/unknown"),
]
_WRONG = {
    "an operator's key": "limi_admin_for_tests_only_0001",
    "a key that was cut off": "limi_sk_abcdefgh_",
    "a key that nobody made": "limi_sk_aaaaaaaa_" + "a" * 49,
    "a token": FakeIssuer().token(),
    "upstream's key": "sk-0123456789",
    "not even a key": "a b",
}


async def _statuses(site: Site, method: str, path: str, key: str, count: int) -> list[int]:
    headers = {"authorization": f"Bearer {key}"}
    return [(await site.client.request(method, path, headers=headers)).status_code for _ in range(count)]


@pytest.fixture(scope="module")
def environ() -> dict[str, str]:
    return {"LIMI_TOKENS_PER_MINUTE": str(_LIMIT)}


@pytest.mark.parametrize(("method", "path"), _ROUTES)
@pytest.mark.parametrize("kind", _WRONG)
async def test_wrong_keys_are_refused_as_wrong_and_then_as_too_many(
    site: Site, method: str, path: str, kind: str
) -> None:
    statuses = await _statuses(site, method, path, _WRONG[kind], _LIMIT + 1)
    assert statuses == [401] * _LIMIT + [429]


async def test_all_routes_and_kinds_share_one_window_with_the_addresss_mints(site: Site) -> None:
    assert await _statuses(site, "GET", "/metrics", "wrong", 1) == [401]
    assert await _statuses(site, "GET", "/api/admin/keys", "limi_sk_wrong", 1) == [401]
    assert (await site.mint({})).status_code == 200
    refused = await site.client.get("/docs", headers={"authorization": "Bearer wrong"})
    assert assert_error(refused, "rate_limit_exceeded", 429)["retryAfter"] == 60_000
    assert (await site.mint({})).status_code == 429


async def test_a_right_key_works_behind_an_address_that_sent_wrong_ones(site: Site) -> None:
    assert await _statuses(site, "GET", "/metrics", "wrong", _LIMIT + 1) == [401] * _LIMIT + [429]
    assert (await site.get("/metrics", site.admin)).status_code == 200
    assert (await site.mint({}, site.admin)).status_code == 200


async def test_wrong_keys_count_at_the_sandbox_too(opened: OpenSite) -> None:
    site = await opened(sandbox=True, environ={"LIMI_LIMITS_CONNECTIONS_PER_MINUTE": str(_LIMIT)})
    for path in ("/sandbox/v1/models", "/sandbox/v1/realtime/client_secrets"):
        method = "GET" if path.endswith("models") else "POST"
        site.clock.advance(61)
        statuses = await _statuses(site, method, path, "sk-wrong", _LIMIT + 1)
        assert statuses == [401] * _LIMIT + [429]
