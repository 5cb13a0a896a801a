"""How often a caller may mint, and what it is told."""

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest

from limi.testing import Reply
from tests.integration.http.harness import OpenSite, Site, assert_error

_MOBILE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Mobile/15E148"
_DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
_OTHER = "python-requests/2.32"
_ANONYMOUS = {"LIMI_ALLOW_ANONYMOUS": "true"}


def _standing(response: httpx.Response) -> tuple[int, int, int]:
    return tuple(int(response.headers[f"ratelimit-{name}"]) for name in ("limit", "remaining", "reset"))  # type: ignore[return-value]  # always three


async def _exhaust(site: Site, count: int, headers: dict[str, str] | None = None) -> None:
    for _ in range(count):
        assert (await site.mint({}, headers)).status_code == 200


async def test_a_developers_caller_mints_a_hundred_times_a_minute(site: Site) -> None:
    await _exhaust(site, 99)
    last = await site.mint({})
    assert (last.status_code, _standing(last)) == (200, (100, 0, 60))
    assert_error(await site.mint({}), "rate_limit_exceeded", 429)


async def test_the_window_slides(opened: OpenSite) -> None:
    """A mint leaves the window 60 s after it was made, not at the turn of a minute."""
    site = await opened(environ={"LIMI_TOKENS_PER_MINUTE": "2"})
    assert _standing(await site.mint({})) == (2, 1, 60)
    site.clock.advance(20)
    assert _standing(await site.mint({})) == (2, 0, 40)
    site.clock.advance(10.5)
    refused = await site.mint({})
    body = assert_error(refused, "rate_limit_exceeded", 429)
    assert _standing(refused) == (2, 0, 30)
    assert (body["retryAfter"], refused.headers["retry-after"]) == (29_500, "30")
    site.clock.advance(29.25)
    assert assert_error(await site.mint({}), "rate_limit_exceeded")["retryAfter"] == 250
    site.clock.advance(0.25)
    assert _standing(await site.mint({})) == (2, 0, 20)
    assert_error(await site.mint({}), "rate_limit_exceeded")


async def test_a_refused_request_is_not_counted_again(opened: OpenSite) -> None:
    """Whoever keeps trying must not be kept out by it."""
    site = await opened(environ={"LIMI_TOKENS_PER_MINUTE": "1"})
    await _exhaust(site, 1)
    for _ in range(5):
        site.clock.advance(10)
        assert_error(await site.mint({}), "rate_limit_exceeded")
    site.clock.advance(10)
    await _exhaust(site, 1)


@pytest.mark.parametrize("body", [{"model": "ghost"}, b"not json", b" " * 70_000])
async def test_a_request_counts_even_if_its_body_is_refused(opened: OpenSite, body: Any) -> None:
    site = await opened(environ={"LIMI_TOKENS_PER_MINUTE": "1"})
    response = await site.mint(body)
    assert response.status_code in {400, 413}
    assert _standing(response) == (1, 0, 60)
    assert_error(await site.mint({}), "rate_limit_exceeded")


async def test_a_request_counts_even_if_upstream_fails(opened: OpenSite) -> None:
    site = await opened(environ={"LIMI_TOKENS_PER_MINUTE": "1"})
    site.upstream.queued.append(Reply(500))
    await site.mint({})
    assert_error(await site.mint({}), "rate_limit_exceeded")


async def test_an_idempotent_replay_counts(opened: OpenSite) -> None:
    site = await opened(environ={"LIMI_TOKENS_PER_MINUTE": "2"})
    await _exhaust(site, 2, {"idempotency-key": "the-same-key"})
    assert_error(await site.mint({}, {"idempotency-key": "the-same-key"}), "rate_limit_exceeded")


ENVIRONMENTS = [
    ("development", _MOBILE, 100),
    ("development", _OTHER, 100),
    ("staging", _MOBILE, 10),
    ("staging", _DESKTOP, 20),
    ("staging", _OTHER, 5),
    ("production", _MOBILE, 10),
    ("production", _DESKTOP, 20),
    ("production", _OTHER, 5),
    ("production", "", 5),
]


@pytest.mark.parametrize(("environment", "user_agent", "limit"), ENVIRONMENTS)
async def test_an_anonymous_callers_limit(opened: OpenSite, environment: str, user_agent: str, limit: int) -> None:
    site = await opened(environ={**_ANONYMOUS, "LIMI_ENV": environment})
    response = await site.mint({}, {"user-agent": user_agent})
    assert _standing(response) == (limit, limit - 1, 60)


async def test_each_kind_of_client_has_its_limit_and_the_address_one_over_all(opened: OpenSite) -> None:
    """The caller writes the user agent, so changing it must not add the limits up."""
    site = await opened(environ={**_ANONYMOUS, "LIMI_ENV": "production"})
    await _exhaust(site, 5, {"user-agent": _OTHER})
    assert_error(await site.mint({}, {"user-agent": "curl/8"}), "rate_limit_exceeded")
    await _exhaust(site, 10, {"user-agent": _MOBILE})
    assert_error(await site.mint({}, {"user-agent": _MOBILE}), "rate_limit_exceeded")
    await _exhaust(site, 5, {"user-agent": _DESKTOP})
    refused = await site.mint({}, {"user-agent": _DESKTOP})
    assert_error(refused, "rate_limit_exceeded")
    assert _standing(refused)[0] == 20


@pytest.mark.parametrize(("environment", "limit"), [("development", 100), ("staging", 60), ("production", 30)])
async def test_a_key_has_the_environments_limit_whatever_its_user_agent(
    opened: OpenSite, environment: str, limit: int
) -> None:
    site = await opened(environ={"LIMI_ENV": environment})
    first = await site.mint({}, {**site.admin, "user-agent": _MOBILE})
    second = await site.mint({}, {**site.admin, "user-agent": _OTHER})
    assert [_standing(first), _standing(second)] == [(limit, limit - 1, 60), (limit, limit - 2, 60)]


async def test_the_setting_replaces_the_environments_number(opened: OpenSite) -> None:
    site = await opened(environ={"LIMI_ENV": "production", "LIMI_TOKENS_PER_MINUTE": "7"})
    assert _standing(await site.mint({}, site.admin)) == (7, 6, 60)


async def test_the_global_limit_is_over_all_callers(opened: OpenSite) -> None:
    site = await opened(environ={"LIMI_LIMITS_GLOBAL_PER_MINUTE": "3", "LIMI_TOKENS_PER_MINUTE": "2"})
    await _exhaust(site, 2)
    assert_error(await site.mint({}), "rate_limit_exceeded")
    await _exhaust(site, 1, site.admin)
    refused = await site.mint({}, site.admin)
    assert_error(refused, "rate_limit_exceeded")
    assert _standing(refused) == (3, 0, 60)


async def test_a_thousand_at_once_are_admitted_exactly_up_to_the_limit(opened: OpenSite) -> None:
    site = await opened(environ={"LIMI_TOKENS_PER_MINUTE": "137"})
    statuses = await _burst(site.address, 1000)
    assert statuses == {200: 137, 429: 863}
    assert len(site.upstream.asked) == 137


async def _burst(address: tuple[str, int], count: int) -> Counter[int]:
    """Open every connection first, then send on all of them at once."""
    request = b"POST /api/client-secret HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    connections = [await asyncio.open_connection(*address) for _ in range(count)]
    for _, writer in connections:
        writer.write(request)
    heads = await asyncio.gather(*(reader.readline() for reader, _ in connections))
    for reader, writer in connections:
        await reader.read()
        writer.close()
    return Counter(int(head.split()[1]) for head in heads)
