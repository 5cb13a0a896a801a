"""Whose request it is: the socket's address, or what trusted proxies say of it."""

import pytest

from tests.integration.http.harness import OpenSite, Site, assert_error

_PROXIED = {"LIMI_TRUSTED_PROXIES": "127.0.0.0/8, 10.0.0.0/8, 2001:db8:1::/48"}


async def _ip(site: Site, *forwarded: str) -> str | None:
    headers = [("x-forwarded-for", value) for value in forwarded]
    response = await site.client.post("/api/client-secret", headers=headers)
    assert response.status_code == 200
    return (await site.entries())[-1].ip


async def test_without_trusted_proxies_nobodys_word_is_taken(site: Site) -> None:
    assert await _ip(site, "203.0.113.7") == "127.0.0.1"


CHAINS: list[tuple[list[str], str]] = [
    ([], "127.0.0.1"),
    (["203.0.113.7"], "203.0.113.7"),
    (["203.0.113.7, 10.1.2.3"], "203.0.113.7"),
    (["198.51.100.1, 203.0.113.7, 10.1.2.3"], "203.0.113.7"),
    (["198.51.100.1", "203.0.113.7, 10.1.2.3"], "203.0.113.7"),
    (["10.9.9.9, 203.0.113.7"], "203.0.113.7"),
    (["10.9.9.9, 10.1.2.3"], "10.9.9.9"),
    (["203.0.113.7, garbage, 10.1.2.3"], "10.1.2.3"),
    (["203.0.113.7, unknown"], "127.0.0.1"),
    (["203.0.113.7:4711"], "203.0.113.7"),
    (["[2001:db8::1]:4711"], "2001:db8::1"),
    (["2001:db8::1, 2001:db8:1::9"], "2001:db8::1"),
    (["::ffff:203.0.113.7"], "203.0.113.7"),
    (["203.0.113.7,, ,"], "203.0.113.7"),
    ([""], "127.0.0.1"),
    (["999.1.1.1"], "127.0.0.1"),
]


@pytest.mark.parametrize(("forwarded", "expected"), CHAINS)
async def test_behind_trusted_proxies_the_rightmost_hop_that_is_none_counts(
    opened: OpenSite, forwarded: list[str], expected: str
) -> None:
    site = await opened(environ=_PROXIED)
    assert await _ip(site, *forwarded) == expected


async def test_a_chain_of_thousands_is_read_from_its_end(opened: OpenSite) -> None:
    site = await opened(environ=_PROXIED)
    assert await _ip(site, "198.51.100.1, " * 5000 + "203.0.113.7, 10.1.1.1") == "203.0.113.7"
    assert await _ip(site, "203.0.113.7, " + "10.1.1.1, " * 40 + "10.2.2.2") == "10.1.1.1"


async def test_other_headers_of_proxies_are_not_read(opened: OpenSite) -> None:
    site = await opened(environ=_PROXIED)
    headers = {"forwarded": "for=203.0.113.7", "x-real-ip": "203.0.113.7", "x-forwarded-proto": "https"}
    assert (await site.mint({}, headers)).status_code == 200
    assert (await site.entries())[-1].ip == "127.0.0.1"


async def test_a_spoofed_chain_does_not_escape_the_limit(opened: OpenSite) -> None:
    site = await opened(environ={**_PROXIED, "LIMI_TOKENS_PER_MINUTE": "1"})
    assert (await site.mint({}, {"x-forwarded-for": "1.1.1.1, 203.0.113.7"})).status_code == 200
    response = await site.mint({}, {"x-forwarded-for": "2.2.2.2, 203.0.113.7"})
    assert_error(response, "rate_limit_exceeded")


async def test_ipv6_callers_are_counted_by_their_64(opened: OpenSite) -> None:
    site = await opened(environ={**_PROXIED, "LIMI_TOKENS_PER_MINUTE": "1"})
    assert (await site.mint({}, {"x-forwarded-for": "2001:db8:5:6::1"})).status_code == 200
    assert_error(await site.mint({}, {"x-forwarded-for": "2001:db8:5:6:ffff::2"}), "rate_limit_exceeded")
    assert (await site.mint({}, {"x-forwarded-for": "2001:db8:5:7::1"})).status_code == 200
    assert [entry.caller for entry in await site.entries() if entry.event == "token.requested"] == [
        "ip:2001:db8:5:6::/64",
        "ip:2001:db8:5:7::/64",
    ]


async def test_ipv4_callers_are_counted_one_by_one(opened: OpenSite) -> None:
    site = await opened(environ={**_PROXIED, "LIMI_TOKENS_PER_MINUTE": "1"})
    for address in ("203.0.113.7", "203.0.113.8"):
        assert (await site.mint({}, {"x-forwarded-for": address})).status_code == 200
    assert_error(await site.mint({}, {"x-forwarded-for": "::ffff:203.0.113.7"}), "rate_limit_exceeded")
