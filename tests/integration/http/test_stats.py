"""The registry of live keys, as `stats` shows it."""

from datetime import datetime

from tests.integration.http.harness import MINT, OpenSite, Site

_STATS = f"{MINT}/stats"


async def test_the_promised_shape(opened: OpenSite) -> None:
    site = await opened()
    site.clock.advance(3600.9)
    response = await site.get(_STATS, {"x-request-id": "abc123"})
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {
        "service": "OpenAI Realtime API Service",
        "version": "1.0.0",
        "tokenCache": {"totalTokens": 0, "tokens": []},
        "uptime": 3600,
        "timestamp": "2026-09-21T15:13:20.900Z",
        "requestId": "abc123",
    }


async def test_a_minted_key_is_listed_at_once_without_the_key(site: Site) -> None:
    minted = (await site.mint({"sessionId": "session-123", "model": "gpt-realtime-2.1"})).json()
    response = await site.get(_STATS)
    cache = response.json()["tokenCache"]
    assert cache["totalTokens"] == 1
    (token,) = cache["tokens"]
    assert set(token) == {"sessionId", "expiresAt", "model", "cachedAt"}
    assert (token["sessionId"], token["model"]) == ("session-123", "gpt-realtime-2.1")
    assert datetime.fromisoformat(token["expiresAt"]).timestamp() == minted["expiresAt"]
    assert datetime.fromisoformat(token["cachedAt"]).timestamp() == site.clock.now()
    assert minted["ephemeralKey"] not in response.text
    assert minted["ephemeralKey"].removeprefix("ek_") not in response.text


async def test_a_key_leaves_the_list_when_it_expires(site: Site) -> None:
    await site.mint({})
    site.clock.advance(599)
    assert (await site.get(_STATS)).json()["tokenCache"]["totalTokens"] == 1
    site.clock.advance(1)
    assert (await site.get(_STATS)).json()["tokenCache"] == {"totalTokens": 0, "tokens": []}


async def test_a_key_that_was_not_handed_out_is_not_listed(site: Site) -> None:
    site.upstream.queued.clear()
    await site.mint({"model": "ghost"})
    assert (await site.get(_STATS)).json()["tokenCache"]["totalTokens"] == 0


async def test_a_replay_is_no_second_key(site: Site) -> None:
    for _ in range(3):
        await site.mint({}, {"idempotency-key": "a-key-of-stats"})
    assert (await site.get(_STATS)).json()["tokenCache"]["totalTokens"] == 1


async def test_the_list_is_bounded_and_newest_first_while_the_total_is_true(opened: OpenSite) -> None:
    site = await opened(environ={"LIMI_TOKENS_PER_MINUTE": "1000"})
    for number in range(120):
        await site.mint({"sessionId": f"session-{number}"})
    cache = (await site.get(_STATS)).json()["tokenCache"]
    assert cache["totalTokens"] == 120
    assert [token["sessionId"] for token in cache["tokens"]] == [f"session-{n}" for n in range(119, 19, -1)]
