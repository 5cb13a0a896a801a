"""A mint repeated with the same `Idempotency-Key`."""

import asyncio

import httpx
import pytest

from limi.testing import Reply
from tests.integration.http.harness import MINT, OpenSite, Site, assert_error

_KEY = {"idempotency-key": "5f0c9a52-0f0e-4f6e-8f7a-repeat"}


def _but_request_id(response: httpx.Response) -> dict[str, object]:
    assert response.status_code == 200, response.text
    return {name: value for name, value in response.json().items() if name != "requestId"}


async def test_a_repeat_gets_the_same_answer_and_a_request_id_of_its_own(site: Site) -> None:
    first = await site.mint({"sessionId": "one"}, _KEY)
    second = await site.mint({"sessionId": "one"}, _KEY)
    assert first.content.replace(first.json()["requestId"].encode(), b"") == second.content.replace(
        second.json()["requestId"].encode(), b""
    )
    assert first.json()["requestId"] != second.json()["requestId"]
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert len(site.upstream.asked) == 1


async def test_fifty_at_once_make_one_key(site: Site) -> None:
    site.upstream.gate = asyncio.Event()
    mints = [asyncio.create_task(site.mint({}, _KEY)) for _ in range(50)]
    await site.upstream.until_asked()
    site.upstream.gate.set()
    answers = await asyncio.gather(*mints)
    assert len({answer.json()["ephemeralKey"] for answer in answers}) == 1
    assert len(site.upstream.asked) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1


async def test_another_body_is_a_conflict(site: Site) -> None:
    await site.mint({"sessionId": "one"}, _KEY)
    assert_error(await site.mint({"sessionId": "two"}, _KEY), "idempotency_conflict", 409)
    assert_error(await site.mint(b'{"sessionId":"one"}', _KEY), "idempotency_conflict", 409)
    assert len(site.upstream.asked) == 1


async def test_another_body_while_the_first_is_under_way_is_a_conflict(site: Site) -> None:
    site.upstream.gate = asyncio.Event()
    first = asyncio.create_task(site.mint({"sessionId": "one"}, _KEY))
    await site.upstream.until_asked()
    assert_error(await site.mint({"sessionId": "two"}, _KEY), "idempotency_conflict", 409)
    site.upstream.gate.set()
    assert (await first).status_code == 200


async def test_a_failed_mint_is_not_kept(site: Site) -> None:
    site.upstream.queued.append(Reply(500))
    assert_error(await site.mint({}, _KEY), "token_generation_failed")
    second = await site.mint({}, _KEY)
    assert second.status_code == 200
    assert "idempotent-replayed" not in second.headers


async def test_of_those_who_wait_for_a_mint_that_fails_the_next_one_tries(site: Site) -> None:
    site.upstream.queued.append(Reply(500))
    answers = await asyncio.gather(*(site.mint({}, _KEY) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 502]
    assert len(site.upstream.asked) == 2


async def test_what_is_invalid_is_not_kept(site: Site) -> None:
    assert_error(await site.mint({"model": "ghost"}, _KEY), "invalid_request")
    assert (await site.mint({}, _KEY)).status_code == 200


async def test_the_answer_ends_with_the_key_in_it(site: Site) -> None:
    first = await site.mint({}, _KEY)
    site.clock.advance(599)
    assert _but_request_id(await site.mint({}, _KEY)) == _but_request_id(first)
    site.clock.advance(1)
    site.upstream.now += 600
    later = await site.mint({}, _KEY)
    assert later.json()["ephemeralKey"] != first.json()["ephemeralKey"]


async def test_another_header_value_is_another_mint(site: Site) -> None:
    first = await site.mint({}, _KEY)
    second = await site.mint({}, {"idempotency-key": _KEY["idempotency-key"].upper()})
    assert first.json()["ephemeralKey"] != second.json()["ephemeralKey"]


async def test_callers_do_not_share(opened: OpenSite) -> None:
    """Told apart are keys, addresses, and user agents behind one address."""
    site = await opened(environ={"LIMI_TRUSTED_PROXIES": "127.0.0.1"})
    callers: list[dict[str, str]] = [
        {"user-agent": "one"},
        {"user-agent": "two"},
        {"user-agent": "one", "x-forwarded-for": "203.0.113.7"},
        {"user-agent": "one", **site.admin},
    ]
    keys = [(await site.mint({}, {**_KEY, **caller})).json()["ephemeralKey"] for caller in callers]
    assert len(set(keys)) == 4
    again = [(await site.mint({}, {**_KEY, **caller})).json()["ephemeralKey"] for caller in callers]
    assert again == keys


async def test_a_key_is_the_same_caller_from_everywhere(site: Site) -> None:
    first = await site.mint({}, {**_KEY, **site.admin, "user-agent": "one"})
    second = await site.mint({}, {**_KEY, **site.admin, "user-agent": "two"})
    assert second.headers["idempotent-replayed"] == "true"
    assert _but_request_id(first) == _but_request_id(second)


@pytest.mark.parametrize("value", ["x", "x" * 255, "!~", '"quoted"'])
async def test_visible_ascii_up_to_255_characters_is_a_value(site: Site, value: str) -> None:
    assert (await site.mint({}, {"idempotency-key": value})).status_code == 200


BAD_VALUES = [
    [b""],
    [b"x" * 256],
    [b"a b"],
    [b"a\tb"],
    ["schlüssel".encode()],
    [b"\x80"],
    [b"one", b"two"],
    [b"x", b"x"],
]


@pytest.mark.parametrize("values", BAD_VALUES)
async def test_any_other_value_is_refused(site: Site, values: list[bytes]) -> None:
    response = await site.client.post(MINT, headers=[(b"idempotency-key", value) for value in values])
    body = assert_error(response, "invalid_request", 400)
    assert body["message"] == "Idempotency-Key: must be one value of 1–255 visible ASCII characters"
    assert not site.upstream.asked


async def test_a_replay_writes_a_row(site: Site) -> None:
    first = await site.mint({"sessionId": "one"}, _KEY)
    second = await site.mint({"sessionId": "one"}, _KEY)
    rows = [(entry.event, entry.outcome, entry.request_id, entry.session_id) for entry in await site.entries()]
    assert rows == [
        ("token.requested", "requested", first.json()["requestId"], "one"),
        ("token.generated", "succeeded", first.json()["requestId"], "one"),
        ("token.replayed", "succeeded", second.json()["requestId"], "one"),
    ]


async def test_neither_header_nor_key_is_in_the_journal(site: Site) -> None:
    response = await site.mint({}, _KEY)
    rows = repr(await site.entries())
    assert _KEY["idempotency-key"] not in rows
    assert response.json()["ephemeralKey"] not in rows
