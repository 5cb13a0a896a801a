"""How often a caller may connect to the sandbox inside."""

import json

from limi.kernel.settings import ENVIRONMENT_DEFAULTS, Environment, LimitSettings
from tests.integration.http.harness import OpenSite, Site
from tests.integration.http.raw import HANDSHAKE, Answer, exchange

_TWO = {"LIMI_LIMITS_CONNECTIONS_PER_MINUTE": "2", "LIMI_TRUSTED_PROXIES": "127.0.0.1"}


async def _connect(site: Site, *headers: bytes) -> Answer:
    head = b"GET /sandbox/v1/realtime?model=gpt-realtime HTTP/1.1\r\nhost: localhost\r\n"
    return await exchange(
        site.address, head + b"".join(header + b"\r\n" for header in headers) + HANDSHAKE + b"\r\n"
    )


async def test_the_handshake_past_the_limit_is_refused_before_it_is_a_socket(opened: OpenSite) -> None:
    site = await opened(sandbox=True, environ=_TWO)
    assert [(await _connect(site)).status for _ in range(2)] == [101, 101]
    site.clock.advance(20)
    refused = await _connect(site)
    assert refused.status == 429
    assert refused.headers["retry-after"] == "40"
    assert json.loads(refused.body)["error"]["code"] == "rate_limit_exceeded"
    site.clock.advance(40)
    assert (await _connect(site)).status == 101


async def test_another_address_connects_all_the_same(opened: OpenSite) -> None:
    site = await opened(sandbox=True, environ=_TWO)
    for _ in range(2):
        assert (await _connect(site, b"x-forwarded-for: 203.0.113.7")).status == 101
    assert (await _connect(site, b"x-forwarded-for: 203.0.113.7")).status == 429
    assert (await _connect(site, b"x-forwarded-for: 203.0.113.8")).status == 101


async def test_offers_are_counted_like_handshakes(opened: OpenSite) -> None:
    site = await opened(sandbox=True, environ=_TWO)
    for _ in range(2):
        assert (await site.client.post("/sandbox/v1/realtime/calls")).status_code != 429
    response = await site.client.post("/sandbox/v1/realtime/calls")
    assert response.status_code == 429
    error = response.json()["error"]
    assert set(error) == {"message", "type", "code", "param"}
    assert error["code"] == "rate_limit_exceeded"
    assert (await _connect(site)).status == 429


async def test_minting_does_not_count_as_connecting(opened: OpenSite) -> None:
    site = await opened(sandbox=True, environ=_TWO)
    for _ in range(3):
        assert (await site.mint({})).status_code == 200
    assert (await _connect(site)).status == 101


async def test_the_limiters_decisions_are_counted(opened: OpenSite) -> None:
    site = await opened(sandbox=True, environ=_TWO)
    for _ in range(3):
        await _connect(site)
    lines = (await site.get("/metrics")).text.splitlines()
    assert 'limi_limit_decisions_total{decision="admitted",limit="connect"} 2.0' in lines
    assert 'limi_limit_decisions_total{decision="refused",limit="connect"} 1.0' in lines


def test_the_environments_numbers() -> None:
    def number(environment: Environment) -> object:
        return ENVIRONMENT_DEFAULTS[environment].get("limits", {}).get("connections_per_minute", _DEFAULT)

    assert [number(environment) for environment in Environment] == [50, 30, 15]


_DEFAULT = LimitSettings().connections_per_minute


async def test_nobody_outside_mints_at_the_sandbox_past_the_limits(opened: OpenSite) -> None:
    """The sandbox's own key is known to nobody outside the process."""
    site = await opened(sandbox=True)
    for key in ("sk-anything", "sk-sandbox-", site.backend.admin_key):
        response = await site.client.post(
            "/sandbox/v1/realtime/client_secrets", headers={"authorization": f"Bearer {key}"}
        )
        assert response.status_code == 401
        assert key not in response.text


async def test_errors_of_the_sandbox_have_openais_shape(opened: OpenSite) -> None:
    site = await opened(sandbox=True)
    headers = {"authorization": "Bearer sk-anything"}
    for method, path in (
        ("GET", "/v1/nothing"),
        ("PUT", "/v1/models"),
        ("GET", "/v1/models"),
        ("POST", "/v1/realtime"),
    ):
        response = await site.client.request(method, f"/sandbox{path}", headers=headers)
        assert response.status_code >= 400
        assert set(response.json()["error"]) == {"message", "type", "code", "param"}


async def test_before_openai_there_is_no_sandbox(site: Site) -> None:
    assert (await _connect(site)).status == 404
    assert (await site.get("/sandbox/v1/models")).status_code == 404
