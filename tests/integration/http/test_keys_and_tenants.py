"""Keys, tenants and profiles as callers of the mint meet them."""

from typing import Any

import httpx
import pytest

from limi.access import AccessServices
from limi.features.api_keys.model import IssuedKey, NewKey
from limi.features.revision.memory import InMemoryRevisionStore
from limi.features.tenants.model import NewTenant
from limi.kernel.facts import Origin
from limi.kernel.principal import SYSTEM, Scope
from limi.kernel.settings import Profile
from tests.architecture.log_watch import WATCH
from tests.integration.http.harness import MINT, OpenSite, Site, assert_error

ORIGIN = Origin(request_id="req-1", caller="system")


def services(site: Site) -> AccessServices:
    return site.backend.app.access.services


async def make_tenant(site: Site, tenant_id: str = "acme", **members: Any) -> None:
    await services(site).tenants.create(NewTenant(id=tenant_id, **members), by=SYSTEM, origin=ORIGIN)


async def make_key(site: Site, **members: Any) -> IssuedKey:
    issued = await services(site).keys.create(NewKey(**{"name": "a key", **members}), by=SYSTEM, origin=ORIGIN)
    WATCH.register(issued.token.reveal())
    return issued


def bearer(issued: IssuedKey, **headers: str) -> dict[str, str]:
    return {"authorization": f"Bearer {issued.token.reveal()}", **headers}


async def stats(site: Site, headers: dict[str, str]) -> Any:
    answer = await site.get(f"{MINT}/stats", headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["tokenCache"]


class TestAKey:
    async def test_it_mints_and_the_journal_says_which(self, opened: OpenSite) -> None:
        site = await opened(environ={"LIMI_ALLOW_ANONYMOUS": "false"})
        key = await make_key(site)
        assert (await site.mint(headers=bearer(key))).status_code == 200
        minted = [entry for entry in await site.entries() if entry.event == "token.generated"]
        assert [entry.caller for entry in minted] == [f"key:{key.key.id}"]

    async def test_a_revoked_one_is_refused_at_once(self, opened: OpenSite) -> None:
        site = await opened()
        key = await make_key(site)
        assert (await site.mint(headers=bearer(key))).status_code == 200
        await services(site).keys.revoke(key.key.id, by=SYSTEM, origin=ORIGIN)
        assert_error(await site.mint(headers=bearer(key)), "auth_required")

    async def test_one_without_the_scope_is_told_so(self, opened: OpenSite) -> None:
        site = await opened(environ={"LIMI_ALLOW_ANONYMOUS": "false"})
        key = await make_key(site, scopes=frozenset({Scope.STATS}))
        body = assert_error(await site.mint(headers=bearer(key)), "forbidden")
        assert body["message"] == "scope: this needs a key with the scope `mint`"

    async def test_one_for_pages_wants_their_origin(self, opened: OpenSite) -> None:
        site = await opened()
        key = await make_key(site, origins=frozenset({"http://localhost:5173"}))
        right = await site.mint(headers=bearer(key, origin="http://localhost:5173"))
        assert right.status_code == 200
        for headers in (bearer(key), bearer(key, origin="http://localhost:3000")):
            body = assert_error(await site.mint(headers=headers), "forbidden")
            assert body["message"].startswith("origin: ")

    async def test_its_own_number_is_its_limit(self, opened: OpenSite) -> None:
        site = await opened()
        key = await make_key(site, tokens_per_minute=2)
        answers = [await site.mint(headers=bearer(key)) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[0].headers["ratelimit-limit"] == "2"

    async def test_its_longest_life_is_what_upstream_is_asked_for(self, opened: OpenSite) -> None:
        site = await opened()
        key = await make_key(site, max_ttl_seconds=30)
        await site.mint(headers=bearer(key))
        assert site.upstream.asked[-1].json()["expires_after"]["seconds"] == 30

    async def test_wrong_keys_are_counted_by_address(self, opened: OpenSite) -> None:
        site = await opened(environ={"LIMI_TOKENS_PER_MINUTE": "3"})
        key = await make_key(site)
        wrong = {"authorization": f"Bearer {key.token.reveal()}x"}
        codes = [(await site.mint(headers=wrong)).status_code for _ in range(4)]
        assert codes == [401, 401, 401, 429]
        assert (await site.mint(headers=bearer(key))).status_code == 200, "the right key has a window of its own"


class TestATenant:
    async def test_its_session_ids_are_joined_in_records_and_not_in_the_answer(self, opened: OpenSite) -> None:
        site = await opened()
        await make_tenant(site)
        key = await make_key(site, tenant="acme", scopes=frozenset({Scope.MINT, Scope.STATS}))
        answer = await site.mint({"sessionId": "session_1"}, bearer(key))
        assert answer.json()["sessionId"] == "session_1"
        entries = [entry for entry in await site.entries() if entry.event.startswith("token.")]
        assert {(entry.tenant, entry.session_id) for entry in entries} == {("acme", "acme_session_1")}
        assert [token["sessionId"] for token in (await stats(site, bearer(key)))["tokens"]] == ["acme_session_1"]

    async def test_it_sees_its_own_statistics(self, opened: OpenSite) -> None:
        site = await opened()
        keys = {}
        for tenant in ("acme", "other"):
            await make_tenant(site, tenant)
            keys[tenant] = await make_key(site, tenant=tenant, scopes=frozenset({Scope.MINT, Scope.STATS}))
            for _ in range(len(keys)):
                await site.mint(headers=bearer(keys[tenant]))
        await site.mint()
        counted = [(await stats(site, bearer(keys[tenant])))["totalTokens"] for tenant in ("acme", "other")]
        assert counted == [1, 2]
        assert (await stats(site, site.admin))["totalTokens"] == 4

    async def test_the_metrics_of_all_are_not_its(self, opened: OpenSite) -> None:
        site = await opened()
        await make_tenant(site)
        key = await make_key(site, tenant="acme", scopes=frozenset({Scope.STATS}))
        assert_error(await site.get("/metrics", bearer(key)), "forbidden")

    async def test_a_suspended_one_is_refused_at_once_and_leaves_the_registry(self, opened: OpenSite) -> None:
        site = await opened()
        await make_tenant(site)
        key = await make_key(site, tenant="acme")
        assert (await site.mint(headers=bearer(key))).status_code == 200
        await services(site).tenants.suspend("acme", by=SYSTEM, origin=ORIGIN)
        assert_error(await site.mint(headers=bearer(key)), "tenant_suspended")
        assert (await stats(site, site.admin))["totalTokens"] == 0
        await services(site).tenants.resume("acme", by=SYSTEM, origin=ORIGIN)
        assert (await site.mint(headers=bearer(key))).status_code == 200
        assert (await stats(site, site.admin))["totalTokens"] == 2

    async def test_it_is_looked_at_before_the_limit_and_that_before_the_body(self, opened: OpenSite) -> None:
        site = await opened()
        await make_tenant(site, tokens_per_minute=1)
        key = await make_key(site, tenant="acme")
        assert_error(await site.mint(b"{", bearer(key)), "invalid_request")
        assert_error(await site.mint(b"{", bearer(key)), "rate_limit_exceeded")
        await services(site).tenants.suspend("acme", by=SYSTEM, origin=ORIGIN)
        assert_error(await site.mint(b"{", bearer(key)), "tenant_suspended")

    async def test_models_outside_its_own_are_refused(self, opened: OpenSite) -> None:
        site = await opened()
        await make_tenant(site, models=frozenset({"gpt-realtime-2.1"}))
        key = await make_key(site, tenant="acme")
        assert (await site.mint({"model": "gpt-realtime-2.1"}, bearer(key))).status_code == 200
        body = assert_error(await site.mint({"model": "gpt-realtime-2"}, bearer(key)), "forbidden")
        assert body["message"].startswith("model: ")

    async def test_the_same_idempotency_key_in_two_tenants_is_two_mints(self, opened: OpenSite) -> None:
        site = await opened()
        answers: list[httpx.Response] = []
        for tenant in ("acme", "other"):
            await make_tenant(site, tenant)
            key = await make_key(site, tenant=tenant)
            headers = bearer(key, **{"idempotency-key": "same"})
            answers += [await site.mint(headers=headers), await site.mint(headers=headers)]
        keys = [answer.json()["ephemeralKey"] for answer in answers]
        assert keys[0] == keys[1] != keys[2] == keys[3]


class TestAProfile:
    async def test_one_in_the_database_is_used_by_whom_it_is_for(self, opened: OpenSite) -> None:
        site = await opened()
        await make_tenant(site)
        key = await make_key(site, tenant="acme")
        profiles = services(site).profiles
        await profiles.put("default", Profile(voice="house"), by=SYSTEM, origin=ORIGIN)
        await profiles.put("default", Profile(voice="acme"), tenant="acme", by=SYSTEM, origin=ORIGIN)
        await site.mint(headers=bearer(key))
        await site.mint()
        voices = [asked.json()["session"]["audio"]["output"]["voice"] for asked in site.upstream.asked]
        assert voices == ["acme", "house"]

    async def test_one_that_needs_a_key_is_refused_without(self, opened: OpenSite) -> None:
        site = await opened()
        await services(site).profiles.put("staff", Profile(requires_key=True), by=SYSTEM, origin=ORIGIN)
        assert_error(await site.mint({"profile": "staff"}), "forbidden")
        assert (await site.mint({"profile": "staff"}, bearer(await make_key(site)))).status_code == 200


class TestAwayFromTheDatabase:
    async def test_keys_are_refused_after_five_seconds_and_the_operators_is_not(self, opened: OpenSite) -> None:
        site = await opened()
        key = await make_key(site)
        assert (await site.mint(headers=bearer(key))).status_code == 200
        revision = site.backend.app.access.stores.revision
        assert isinstance(revision, InMemoryRevisionStore)
        revision.broken = True
        site.clock.advance(4.9)
        assert (await site.mint(headers=bearer(key))).status_code == 200
        site.clock.advance(0.2)
        refused = await site.mint(headers=bearer(key))
        assert_error(refused, "access_unavailable")
        assert refused.headers["retry-after"] == "5"
        assert (await site.mint(headers=site.admin)).status_code == 200
        revision.broken = False
        assert (await site.mint(headers=bearer(key))).status_code == 200


@pytest.mark.parametrize("path", ["/metrics", "/docs", "/openapi.json", f"{MINT}/stats"])
async def test_a_key_that_is_not_valid_opens_nothing_anywhere(path: str, site: Site) -> None:
    assert_error(await site.get(path, {"authorization": "Bearer limi_sk_aaaaaaaa_nonsense"}), "auth_required")
