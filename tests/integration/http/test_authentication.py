"""Who may ask for what, with which key."""

import pytest

from limi.http.errors import ErrorBody
from tests.integration.http.harness import MINT, OpenSite, Site, assert_error

_KEY = "limi_admin_for_tests_only_0000"
PRODUCTION = {"LIMI_ENV": "production", "LIMI_ALLOW_ANONYMOUS": "true"}
GUARDED = [f"{MINT}/stats", "/metrics", "/docs", "/openapi.json"]
OPEN = ["/", "/healthz", "/readyz", f"{MINT}/health", "/errors/auth_required", "/llms.txt"]

INVALID: dict[str, list[str]] = {
    "empty": [""],
    "no scheme": [_KEY],
    "another scheme": [f"Basic {_KEY}"],
    "no key": ["Bearer"],
    "another key": ["Bearer limi_0123456789abcdef"],
    "the start of the key": [f"Bearer {_KEY[:-1]}"],
    "the key and more": [f"Bearer {_KEY}0"],
    "the key twice in one header": [f"Bearer {_KEY}, Bearer {_KEY}"],
    "two headers": [f"Bearer {_KEY}", f"Bearer {_KEY}"],
    "the key with a space in it": [f"Bearer {_KEY[:5]} {_KEY[5:]}"],
    "upstream's key": ["Bearer sk-test-main-key"],
    "not ASCII": ["Bearer schlüssel"],
}


def _header(values: list[str]) -> list[tuple[bytes, bytes]]:
    return [(b"authorization", value.encode()) for value in values]


async def test_without_a_header_a_developers_caller_is_anonymous(site: Site) -> None:
    assert (await site.mint({})).status_code == 200
    assert {entry.caller for entry in await site.entries()} == {"ip:127.0.0.1"}


@pytest.mark.parametrize("kind", INVALID)
async def test_an_invalid_credential_is_refused_and_never_taken_for_anonymous(site: Site, kind: str) -> None:
    for path in (MINT, *GUARDED):
        method = "POST" if path == MINT else "GET"
        response = await site.client.request(method, path, headers=_header(INVALID[kind]))
        body = assert_error(response, "auth_required", 401)
        assert body["error"] == "Authentication Required"
        assert body["message"] == "Valid API key required for this endpoint"
        assert response.headers["www-authenticate"] == 'Bearer realm="limi"'
        assert _KEY not in response.text
    assert not site.upstream.asked


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Bearer  "])
async def test_the_admin_key_mints_in_its_own_name(site: Site, scheme: str) -> None:
    assert (await site.mint({}, {"authorization": f"{scheme} {_KEY}"})).status_code == 200
    assert {entry.caller for entry in await site.entries()} == {"key:admin"}


async def test_where_the_anonymous_are_not_allowed_a_mint_needs_a_key(opened: OpenSite) -> None:
    site = await opened(environ={"LIMI_ALLOW_ANONYMOUS": "false"})
    response = await site.mint({})
    assert_error(response, "auth_required", 401)
    assert "www-authenticate" in response.headers
    assert (await site.mint({}, site.admin)).status_code == 200


async def test_a_wrong_key_counts_for_its_address_so_that_keys_cannot_be_tried_at_will(opened: OpenSite) -> None:
    site = await opened(environ={"LIMI_TOKENS_PER_MINUTE": "2"})
    for _ in range(2):
        assert_error(await site.mint({}, {"authorization": "Bearer no"}), "auth_required")
    assert_error(await site.mint({}, {"authorization": "Bearer no"}), "rate_limit_exceeded")
    assert (await site.mint({}, site.admin)).status_code == 200, "a right key has a window of its own"


async def test_in_development_everything_is_open(site: Site) -> None:
    for path in (*OPEN, *GUARDED):
        assert (await site.get(path)).status_code == 200, path


@pytest.mark.parametrize("environment", ["staging", "production"])
async def test_elsewhere_what_tells_of_others_needs_the_admin_key(opened: OpenSite, environment: str) -> None:
    site = await opened(environ={**PRODUCTION, "LIMI_ENV": environment})
    for path in GUARDED:
        response = await site.get(path)
        assert_error(response, "auth_required", 401)
        assert "www-authenticate" in response.headers
        assert (await site.get(path, site.admin)).status_code == 200
    for path in OPEN:
        assert (await site.get(path)).status_code == 200, path


def test_the_error_body_has_the_promised_members() -> None:
    assert ErrorBody.__struct_encode_fields__ == (
        "error",
        "message",
        "code",
        "requestId",
        "reference",
        "action",
        "retryAfter",
    )
