"""When the issuer is asked for keys, and what holds while it does not answer."""

import asyncio
import json

import pytest
from structlog.testing import capture_logs

from limi.adapters.oidc.key_source import KeySource
from limi.kernel.revision import AccessUnavailableError
from limi.kernel.settings import OIDCSettings
from limi.testing import FakeIssuer, ManualClock
from tests.unit.adapters.oidc.harness import Login, make_login


async def _found(login: Login, kid: str | None = None) -> int:
    return len(await login.keys.matching(kid or login.issuer.kid, "ES256"))


async def _settle() -> None:
    """Let a renewal in the background finish: it waits for nothing outside."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_keys_are_found_by_discovery_and_then_used_without_asking(login: Login) -> None:
    for _ in range(5):
        assert await _found(login) == 1
    assert login.issuer.asked == ["/.well-known/openid-configuration", "/keys"]


async def test_an_address_that_is_given_needs_no_discovery() -> None:
    login = make_login(jwks_url="https://login.test/keys")
    assert await _found(login) == 1
    assert login.issuer.asked == ["/keys"]


async def test_many_who_come_at_once_ask_once(login: Login) -> None:
    found = await asyncio.gather(*(login.keys.matching(login.issuer.kid, "ES256") for _ in range(50)))
    assert [len(keys) for keys in found] == [1] * 50
    assert login.fetches() == 1


async def test_made_up_names_ask_once_a_minute_and_no_more(login: Login) -> None:
    """Otherwise anybody could have us hammer the issuer, whose limits the good users would feel."""
    assert await _found(login) == 1
    for second in range(180):
        await asyncio.gather(*(login.keys.matching(f"made-up-{second}-{n}", "ES256") for n in range(20)))
        login.clock.advance(1)
    assert login.fetches() == 1 + 2
    assert await _found(login) == 1


async def test_a_rotation_is_noticed_by_the_first_token_of_the_new_key(login: Login) -> None:
    assert await _found(login) == 1
    login.clock.advance(60)
    login.issuer.rotate(keep=True)
    assert await _found(login) == 1
    assert login.fetches() == 2


async def test_a_rotation_within_the_minute_is_noticed_after_it(login: Login) -> None:
    assert await _found(login) == 1
    login.issuer.rotate()
    assert await _found(login) == 0
    login.clock.advance(60)
    assert await _found(login) == 1


async def test_a_known_name_with_another_algorithm_asks_nobody(login: Login) -> None:
    assert await _found(login) == 1
    login.clock.advance(100)
    assert await login.keys.matching(login.issuer.kid, "RS256") == []
    assert login.fetches() == 1


async def test_keys_are_renewed_in_the_background_before_their_time(login: Login) -> None:
    assert await _found(login) == 1
    login.clock.advance(301)
    login.issuer.gate = asyncio.Event()
    assert await _found(login) == 1
    await _settle()
    assert login.fetches() == 2
    login.issuer.gate.set()
    await _settle()
    login.clock.advance(301)
    assert login.keys.are_fresh()


async def test_after_their_time_keys_are_waited_for(login: Login) -> None:
    """A key that was withdrawn while nobody called is not accepted once more."""
    old = login.issuer.kid
    assert await _found(login) == 1
    login.issuer.rotate()
    login.clock.advance(601)
    assert await _found(login, old) == 0


async def test_while_the_issuer_is_away_old_keys_go_on_for_an_hour_and_no_longer(login: Login) -> None:
    assert await _found(login) == 1
    login.issuer.down = True
    with capture_logs() as logs:
        login.clock.advance(601)
        assert await _found(login) == 1
        login.clock.advance(3599)
        assert await _found(login) == 1
        await _settle()
        login.clock.advance(1)
        with pytest.raises(AccessUnavailableError):
            await _found(login)
    assert {line["event"] for line in logs} == {"oidc.keys.unavailable"}
    login.issuer.down = False
    login.clock.advance(5)
    assert await _found(login) == 1


async def test_while_the_issuer_is_away_it_is_asked_once_a_minute_and_nobody_waits(login: Login) -> None:
    assert await _found(login) == 1
    login.issuer.down = True
    login.clock.advance(601)
    assert await _found(login) == 1
    asked = len(login.issuer.asked)
    for _ in range(180):
        login.clock.advance(1)
        assert await _found(login) == 1
        await _settle()
    assert len(login.issuer.asked) == asked + 3
    login.issuer.gate = asyncio.Event()
    login.clock.advance(60)
    for _ in range(3):
        assert await _found(login) == 1
        await _settle()
    assert len(login.issuer.asked) == asked + 4
    await login.keys.close()


async def test_without_any_keys_the_issuer_is_asked_every_five_seconds(login: Login) -> None:
    login.issuer.down = True
    for _ in range(20):
        with pytest.raises(AccessUnavailableError):
            await _found(login)
        login.clock.advance(1)
    assert len(login.issuer.asked) == 4


async def test_a_caller_who_leaves_does_not_end_the_renewal_for_others(login: Login) -> None:
    login.issuer.gate = asyncio.Event()
    first, second = (asyncio.create_task(_found(login)) for _ in range(2))
    await _settle()
    first.cancel()
    login.issuer.gate.set()
    assert await second == 1
    assert login.fetches() == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"<html>",
        b'{"issuer": "https://login.test"}',
        b'{"issuer": "https://other.test", "jwks_uri": "https://login.test/keys"}',
        b'{"issuer": "https://login.test/", "jwks_uri": "https://login.test/keys"}',
        b'{"issuer": "https://login.test", "jwks_uri": "http://login.test/keys"}',
        b'{"issuer": "https://login.test", "jwks_uri": "file:///etc/passwd"}',
        b'{"issuer": "https://login.test", "jwks_uri": "https://login.test/a b"}',
    ],
)
async def test_a_discovery_document_that_is_none_leads_nowhere(body: bytes) -> None:
    asked: list[str] = []

    async def fetch(url: str) -> bytes:
        asked.append(url)
        return body

    settings = OIDCSettings(issuer="https://login.test", audience=("limi",))
    keys = KeySource(settings=settings, fetch=fetch, clock=ManualClock())
    with pytest.raises(AccessUnavailableError):
        await keys.matching("key-1", "ES256")
    assert asked == ["https://login.test/.well-known/openid-configuration"]


async def test_an_issuer_with_a_path_and_a_slash_is_asked_below_it() -> None:
    """As Auth0 has the slash in `iss`, and Keycloak the realm."""
    issuer = FakeIssuer(url="https://login.test/realms/one/")
    asked: list[str] = []

    async def fetch(url: str) -> bytes:
        asked.append(url)
        if len(asked) > 1:
            return json.dumps({"keys": issuer.published}).encode()
        return json.dumps({"issuer": issuer.url, "jwks_uri": "https://keys.test/one?p=2"}).encode()

    settings = OIDCSettings(issuer=issuer.url, audience=("limi",))
    keys = KeySource(settings=settings, fetch=fetch, clock=ManualClock())
    assert len(await keys.matching(issuer.kid, "ES256")) == 1
    assert asked == ["https://login.test/realms/one/.well-known/openid-configuration", "https://keys.test/one?p=2"]


async def test_closing_ends_a_renewal_under_way(login: Login) -> None:
    login.issuer.gate = asyncio.Event()
    waiting = asyncio.create_task(_found(login))
    await _settle()
    await login.keys.close()
    await login.keys.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert not [task for task in asyncio.all_tasks() if task.get_name() == "oidc keys"]
