"""Which hosts are answered for, and which pages may call."""

import pytest

from tests.integration.http.harness import MINT, OpenSite, Site, assert_error
from tests.integration.http.raw import exchange

_EVIL = "https://evil.example"


async def _host_status(site: Site, *hosts: bytes) -> int:
    head = b"".join(b"host: " + host + b"\r\n" for host in hosts)
    return (
        await exchange(site.address, b"GET /healthz HTTP/1.1\r\n" + head + b"connection: close\r\n\r\n")
    ).status


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:3001", "127.0.0.1", "127.8.8.8:80", "[::1]", "[::1]:3001", "app.localhost:5173"],
)
async def test_loopback_is_always_answered_for(site: Site, host: str) -> None:
    assert await _host_status(site, host.encode()) == 200


EVIL_HOSTS = [
    "evil.example",
    "127.0.0.1.evil.example",
    "localhost.evil.example",
    "localhost@evil.example",
    "evil.example@localhost",
    "localhost/evil",
    "localhost, evil.example",
    "localhost:port",
    "localhost:99999",
    "[::1",
    "0.0.0.0",  # noqa: S104 - asked for, not listened on
    "10.0.0.1",
    "[2001:db8::1]",
    "",
]


@pytest.mark.parametrize("host", EVIL_HOSTS)
async def test_no_other_host_is_answered_for(site: Site, host: str) -> None:
    """A page can make its own name point here (DNS rebinding); the Host header gives it away."""
    assert await _host_status(site, host.encode()) == 400


async def test_the_refusal_of_a_host_does_not_repeat_it(site: Site) -> None:
    response = await site.mint({}, {"host": "evil.example"})
    body = assert_error(response, "host_not_allowed", 400)
    assert "evil" not in response.text
    assert (await site.get(body["reference"])).status_code == 200
    assert not site.upstream.asked


async def test_a_request_has_exactly_one_host(site: Site) -> None:
    assert await _host_status(site) == 400
    assert await _host_status(site, b"localhost", b"localhost") == 400
    assert await _host_status(site, "löcalhost".encode()) == 400


async def test_the_public_urls_host_and_the_allowed_ones_are_answered_for(opened: OpenSite) -> None:
    environ = {
        "LIMI_PUBLIC_URL": "https://voice.example.com:8443",
        "LIMI_ALLOWED_HOSTS": "Voice.internal, 10.1.2.3",
    }
    site = await opened(environ=environ)
    for host in (
        b"voice.example.com:8443",
        b"voice.example.com",
        b"VOICE.internal",
        b"10.1.2.3:3001",
        b"localhost",
    ):
        assert await _host_status(site, host) == 200
    assert await _host_status(site, b"other.example.com") == 400


async def test_links_in_errors_begin_with_the_host_that_was_asked(opened: OpenSite) -> None:
    site = await opened(environ={"LIMI_ALLOWED_HOSTS": "voice.internal"})
    body = (await site.get("/nothing", {"host": "voice.internal:3001"})).json()
    assert body["reference"] == "http://voice.internal:3001/errors/not_found"


_PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "content-type"}


@pytest.mark.parametrize(
    "origin", ["http://localhost:5173", "https://localhost", "http://127.0.0.1:8080", "http://[::1]:3000"]
)
async def test_in_development_pages_of_this_machine_may_call(site: Site, origin: str) -> None:
    response = await site.mint({}, {"origin": origin})
    assert response.status_code == 200
    assert response.headers["access-control-allow-origin"] == origin
    assert response.headers["vary"] == "origin"
    preflight = await site.client.options(MINT, headers={**_PREFLIGHT, "origin": origin})
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == origin


async def test_a_preflight_allows_what_clients_send_and_nothing_else(site: Site) -> None:
    response = await site.client.options(MINT, headers={**_PREFLIGHT, "origin": "http://localhost:5173"})
    allowed = "authorization, content-type, x-client-version, x-request-id, idempotency-key, x-limi-client"
    assert response.headers["access-control-allow-headers"] == allowed
    assert response.headers["access-control-allow-methods"] == "GET, POST, PUT, PATCH, DELETE, OPTIONS"
    assert response.headers["access-control-max-age"] == "600"
    assert "access-control-allow-credentials" not in response.headers
    assert "content-length" not in response.headers
    assert response.content == b""
    assert response.headers["x-request-id"]
    assert not site.upstream.asked


async def test_a_page_may_read_the_headers_it_needs_by_name(site: Site) -> None:
    response = await site.mint({}, {"origin": "http://localhost:5173"})
    exposed = set(response.headers["access-control-expose-headers"].split(", "))
    assert {"x-request-id", "retry-after", "ratelimit-limit", "ratelimit-remaining", "ratelimit-reset"} <= exposed
    assert "*" not in exposed
    assert "access-control-allow-credentials" not in response.headers


@pytest.mark.parametrize("origin", [_EVIL, "null", "http://localhost.evil.example", "file://", "localhost", "é"])
async def test_pages_of_other_origins_are_refused(site: Site, origin: str) -> None:
    for method in ("POST", "OPTIONS"):
        headers = [(b"origin", origin.encode()), (b"access-control-request-method", b"POST")]
        response = await site.client.request(method, MINT, headers=headers)
        body = assert_error(response, "forbidden", 403)
        assert body["message"].startswith("origin: ")
        assert "access-control-allow-origin" not in response.headers
    assert not site.upstream.asked


async def test_elsewhere_only_configured_origins_may_call(opened: OpenSite) -> None:
    environ = {
        "LIMI_ENV": "production",
        "LIMI_ALLOW_ANONYMOUS": "true",
        "LIMI_CORS_ORIGINS": "https://app.example.com, https://Other.example.com/",
    }
    site = await opened(environ=environ)
    for origin in ("https://app.example.com", "https://other.example.com"):
        response = await site.mint({}, {"origin": origin})
        assert response.headers["access-control-allow-origin"] == origin
    for origin in ("http://app.example.com", "https://app.example.com:8443", "http://localhost:5173"):
        assert_error(await site.mint({}, {"origin": origin}), "forbidden")


async def test_pages_of_this_server_itself_may_call(opened: OpenSite) -> None:
    environ = {
        "LIMI_ENV": "production",
        "LIMI_ALLOW_ANONYMOUS": "true",
        "LIMI_PUBLIC_URL": "https://voice.example.com/limi",
    }
    site = await opened(environ=environ)
    headers = {"origin": "https://voice.example.com", "host": "voice.example.com"}
    assert (await site.mint({}, headers)).status_code == 200
    headers["origin"] = "http://voice.example.com"
    assert_error(await site.mint({}, headers), "forbidden")


async def test_an_error_can_be_read_by_an_allowed_page(site: Site) -> None:
    response = await site.mint({"model": "ghost"}, {"origin": "http://localhost:5173"})
    assert_error(response, "invalid_request")
    assert response.headers["access-control-allow-origin"] == "http://localhost:5173"


async def test_sdks_may_send_their_own_headers_to_the_sandbox(opened: OpenSite) -> None:
    site = await opened(sandbox=True)
    headers = {**_PREFLIGHT, "origin": "http://localhost:5173"}
    response = await site.client.options("/sandbox/v1/realtime/calls", headers=headers)
    assert response.status_code == 204
    assert "x-openai-agents-sdk" in response.headers["access-control-allow-headers"]
