"""Every row of the contract's error table that a misbehaving upstream provokes."""

import json
from email.utils import formatdate

import pytest

from limi.testing import Reply
from tests.integration.http.harness import Site, assert_error

_LEAK = "upstream-says-sk-proj-0123456789-and-ek_leaked0123456789"
_BODY = json.dumps({"error": {"message": _LEAK, "code": "invalid_api_key"}}).encode()


def _secret(**changes: object) -> bytes:
    session = {"id": "sess_1", "type": "realtime", "model": "gpt-realtime-2.1"}
    return json.dumps({"value": "ek_0123456789", "expires_at": 1, "session": session, **changes}).encode()


UNUSABLE = {
    "400": Reply(400, _BODY),
    "403": Reply(403, _BODY),
    "404": Reply(404, _BODY),
    "409": Reply(409, _BODY),
    "500": Reply(500, _BODY),
    "502 with a page": Reply(502, b"<html>" + _LEAK.encode(), {"content-type": "text/html"}),
    "503": Reply(503, _BODY, {"retry-after": "17"}),
    "a redirect": Reply(302, b"", {"location": "http://127.0.0.1:9/v1/realtime/client_secrets"}),
    "201": Reply(201, _secret()),
    "204": Reply(204, b""),
    "a body that is not JSON": Reply(200, _LEAK.encode()),
    "an empty body": Reply(200, b""),
    "invalid UTF-8": Reply(200, b'{"value": "ek_\xff"}'),
    "JSON that is no object": Reply(200, b"[]"),
    "JSON without value": Reply(200, json.dumps({"expires_at": 1, "session": {"id": "s"}}).encode()),
    "JSON without session": Reply(200, json.dumps({"value": "ek_0123456789", "expires_at": 1}).encode()),
    "a value that is no ek_": Reply(200, _secret(value=_LEAK)),
    "a value that is a number": Reply(200, _secret(value=7)),
    "a value that is null": Reply(200, _secret(value=None)),
    "an expiry that is text": Reply(200, _secret(expires_at="soon")),
    "a reset in mid-body": Reply(200, _secret(), cut_after=20),
    "a reset before the body": Reply(200, _secret(), cut_after=0),
    "a body of 10 MB": Reply(200, b" " * 10_000_000 + _secret()),
}


@pytest.mark.parametrize("kind", UNUSABLE)
async def test_anything_else_upstream_is_token_generation_failed(site: Site, kind: str) -> None:
    site.upstream.queued.append(UNUSABLE[kind])
    response = await site.mint({})
    body = assert_error(response, "token_generation_failed", 502)
    assert body["error"] == "Token Generation Failed"
    assert body["message"] == "Unable to generate ephemeral client secret"
    assert body["retryAfter"] == 5000
    assert response.headers["retry-after"] == "5"
    assert "leak" not in response.text
    assert "sk-" not in response.text
    assert "ek_" not in response.text


async def test_upstream_refusing_the_key_is_our_own_fault(site: Site) -> None:
    site.upstream.queued.append(Reply(401, _BODY))
    response = await site.mint({})
    assert assert_error(response, "openai_auth_failed", 500) == {
        "error": "Token Generation Failed",
        "message": "OpenAI API authentication failed",
        "code": "openai_auth_failed",
        "requestId": response.headers["x-request-id"],
        "reference": f"{site.url}/errors/openai_auth_failed",
        "action": "Check OPENAI_API_KEY configuration",
        "retryAfter": 5000,
    }
    assert response.headers["retry-after"] == "5"


RATE_LIMITS: dict[str, tuple[dict[str, str], int, str]] = {
    "none": ({}, 60_000, "60"),
    "seconds": ({"retry-after": "7"}, 7000, "7"),
    "a fraction": ({"retry-after": "1.5"}, 1500, "2"),
    "milliseconds": ({"retry-after-ms": "1234"}, 1234, "2"),
    "both": ({"retry-after-ms": "300", "retry-after": "9"}, 300, "1"),
    "zero": ({"retry-after": "0"}, 0, "0"),
    "garbage": ({"retry-after": "soon"}, 60_000, "60"),
    "negative": ({"retry-after": "-5"}, 60_000, "60"),
    "not a number": ({"retry-after": "nan"}, 60_000, "60"),
    "infinity": ({"retry-after": "inf"}, 60_000, "60"),
    "a year": ({"retry-after": "31536000"}, 60_000, "60"),
}


@pytest.mark.parametrize("kind", RATE_LIMITS)
async def test_upstreams_own_limit_is_passed_on_with_its_time_to_wait(site: Site, kind: str) -> None:
    headers, milliseconds, seconds = RATE_LIMITS[kind]
    site.upstream.queued.append(Reply(429, _BODY, headers))
    response = await site.mint({})
    body = assert_error(response, "openai_rate_limited", 429)
    assert body["message"] == "OpenAI API rate limit exceeded"
    assert (body["retryAfter"], response.headers["retry-after"]) == (milliseconds, seconds)


async def test_upstreams_time_to_wait_may_be_a_date(site: Site) -> None:
    site.upstream.queued.append(Reply(429, _BODY, {"retry-after": formatdate(site.clock.now() + 42, usegmt=True)}))
    assert assert_error(await site.mint({}), "openai_rate_limited")["retryAfter"] == 42_000


async def test_after_an_error_the_next_mint_succeeds(site: Site) -> None:
    site.upstream.queued.extend([Reply(500), Reply(200, _secret(), cut_after=5)])
    for _ in range(2):
        assert_error(await site.mint({}), "token_generation_failed")
    assert (await site.mint({})).status_code == 200


async def test_an_error_carries_the_rate_limit_headers(site: Site) -> None:
    site.upstream.queued.append(Reply(500))
    assert (await site.mint({})).headers["ratelimit-limit"] == "100"


async def test_every_failed_mint_is_in_the_journal_with_its_code(site: Site) -> None:
    site.upstream.queued.extend([Reply(401), Reply(429), Reply(500)])
    for _ in range(3):
        await site.mint({})
    entries = await site.entries()
    failed = {entry.resolves: entry.code for entry in entries if entry.event == "token.failed"}
    assert sorted(map(str, failed.values())) == [
        "openai_auth_failed",
        "openai_rate_limited",
        "token_generation_failed",
    ]
    assert set(failed) == {entry.id for entry in entries if entry.event == "token.requested"}
