"""What a successful mint answers."""

import re
from collections.abc import AsyncIterator

import pytest

from tests.integration.http.harness import MINT, OpenSite, Site

_MEMBERS = {"ephemeralKey", "expiresAt", "sessionId", "model", "requestId", "urls", "mode"}


async def test_a_mint_answers_exactly_the_promised_members(site: Site) -> None:
    response = await site.mint({"sessionId": "session-123", "model": "gpt-realtime-2.1"})
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {
        "ephemeralKey": "ek_00000000000000000000000000000001",
        "expiresAt": int(site.clock.now()) + 600,
        "sessionId": "session-123",
        "model": "gpt-realtime-2.1",
        "requestId": response.headers["x-request-id"],
        "urls": {
            "webrtc": f"{site.upstream.url}/realtime/calls",
            "websocket": f"{site.upstream.url.replace('http', 'ws')}/realtime?model=gpt-realtime-2.1",
        },
        "mode": "direct",
    }


@pytest.mark.parametrize("body", [None, b"", {}])
async def test_an_empty_body_asks_for_everything_by_default(site: Site, body: object) -> None:
    answer = (await site.mint(body)).json()
    assert set(answer) == _MEMBERS
    assert answer["model"] == "gpt-realtime-2.1-mini"
    assert answer["sessionId"] == "sess_000001"


async def test_a_chunked_empty_body_is_an_empty_body(site: Site) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        for _ in range(0):
            yield b""

    response = await site.client.post(MINT, content=nothing())
    assert response.status_code == 200, response.text


async def test_the_session_id_is_the_callers_or_else_upstreams(site: Site) -> None:
    assert (await site.mint({"sessionId": "react_1757_x1-y2"})).json()["sessionId"] == "react_1757_x1-y2"
    assert (await site.mint({})).json()["sessionId"] == "sess_000002"


async def test_without_an_openai_key_the_urls_are_the_sandboxs_on_this_host(opened: OpenSite) -> None:
    site = await opened(sandbox=True)
    answer = (await site.mint({}, {"host": "localhost:3001"})).json()
    assert answer["urls"] == {
        "webrtc": "http://localhost:3001/sandbox/v1/realtime/calls",
        "websocket": "ws://localhost:3001/sandbox/v1/realtime?model=gpt-realtime-2.1-mini",
    }
    assert re.fullmatch(r"ek_[0-9a-f]{32}", answer["ephemeralKey"])
    assert answer["expiresAt"] == int(site.clock.now()) + 600


async def test_own_urls_begin_with_the_public_url_where_there_is_one(opened: OpenSite) -> None:
    site = await opened(sandbox=True, environ={"LIMI_PUBLIC_URL": "https://voice.example.com/limi/"})
    answer = (await site.mint({}, {"host": "voice.example.com"})).json()
    assert answer["urls"] == {
        "webrtc": "https://voice.example.com/limi/sandbox/v1/realtime/calls",
        "websocket": "wss://voice.example.com/limi/sandbox/v1/realtime?model=gpt-realtime-2.1-mini",
    }


@pytest.mark.parametrize("given", ["abc123", "A-Z_a.z-0.9", "x" * 100])
async def test_a_modest_request_id_is_echoed(site: Site, given: str) -> None:
    response = await site.mint({}, {"x-request-id": given})
    assert response.json()["requestId"] == response.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 101, "a b", "a/b", 'a"b', "é".encode(), "日本".encode(), b"\xff"])
async def test_any_other_request_id_is_replaced(site: Site, given: str | bytes) -> None:
    value = given if isinstance(given, bytes) else given.encode()
    response = await site.client.post(MINT, headers=[(b"x-request-id", value)])
    assert re.fullmatch(r"[0-9a-f]{16}", response.json()["requestId"])


async def test_two_mints_get_two_request_ids(site: Site) -> None:
    first, second = await site.mint({}), await site.mint({})
    assert first.json()["requestId"] != second.json()["requestId"]


async def test_upstream_is_asked_with_the_main_key_and_as_who_it_is(site: Site) -> None:
    await site.mint({})
    asked = site.upstream.asked[0]
    assert (asked.method, asked.path) == ("POST", "/v1/realtime/client_secrets")
    assert asked.headers["authorization"] == "Bearer sk-test-main-key"
    assert asked.headers["user-agent"] == "Limi-AI-Backend/1.0.0"
    assert asked.headers["content-type"] == "application/json"
    assert re.fullmatch(r"[0-9a-f]{64}", asked.headers["openai-safety-identifier"])


async def test_no_header_of_the_client_reaches_upstream(site: Site) -> None:
    headers = {"x-limi-client": "react/1.0.0", "cookie": "a=b", "user-agent": "Mozilla", "openai-beta": "x"}
    await site.mint({}, headers)
    sent = site.upstream.asked[0].headers
    assert not {"x-limi-client", "cookie", "openai-beta", "x-forwarded-for"} & set(sent)
    assert "Mozilla" not in sent["user-agent"]
