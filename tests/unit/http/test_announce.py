"""A trusted integration announces a key that it made elsewhere."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from limi.adapters.configuration import load_settings
from limi.features.api_keys.model import NewKey
from limi.features.client_secrets.announcements import AnnouncementService
from limi.features.client_secrets.idempotency import InMemoryIdempotencyStore, Sealer
from limi.features.client_secrets.models import ModelCatalogue
from limi.features.rate_limits.service import RateLimiter
from limi.features.tenants.model import NewTenant
from limi.http.announce import ANNOUNCE_PATH, AnnounceRoutes
from limi.http.authentication import Authenticator
from limi.http.errors import Refusal, as_refusal
from limi.http.inputs import InputReader
from limi.http.openapi import describe_api
from limi.http.routes import make_routes
from limi.kernel.facts import Fact
from limi.kernel.principal import SYSTEM, Scope
from limi.kernel.secret import Secret
from limi.testing import CountingIds, InMemoryWindowStore
from limi.testing.backend import ADMIN_KEY
from tests.architecture.log_watch import WATCH
from tests.unit.access_office import ORIGIN, Office
from tests.unit.http.harness import Answer, Observer, call, make_context, make_scope


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


class _Gate:
    """The route over parts in memory, and keys to come with."""

    def __init__(self, *, limit: int = 5) -> None:
        self.office = Office()
        clock, self.observer = self.office.clock, Observer()
        settings = load_settings({"LIMI_TOKENS_PER_MINUTE": str(limit)})
        service = AnnouncementService(
            journal=self.office.journal,
            models=ModelCatalogue(settings=settings.models, clock=clock),
            repeats=InMemoryIdempotencyStore(clock=clock, max_entries=9),
            sealer=Sealer(b"0" * 32),
            clock=clock,
            ids=CountingIds(),
        )
        routes = AnnounceRoutes(
            service=service,
            authenticator=Authenticator(
                admin_key=Secret(ADMIN_KEY),
                allow_anonymous=True,
                keys=self.office.ring,
                tenants=self.office.tenants,
            ),
            limiter=RateLimiter(settings=settings.limits, store=InMemoryWindowStore(clock=clock, max_keys=9)),
            reader=InputReader(max_body_bytes=65_536, body_seconds=5),
            observer=self.observer,
            keep_user_agent=False,
        )
        self.handlers = routes.handlers
        self._app = make_routes(handlers=routes.handlers(), lifespan=_nothing)

    async def key(self, *scopes: Scope, tenant: str | None = None) -> str:
        new = NewKey(name="partner", scopes=frozenset(scopes), tenant=tenant)
        token = (await self.office.keys.create(new, by=SYSTEM, origin=ORIGIN)).token.reveal()
        WATCH.register(token)
        return token

    async def announce(self, key: str = "", *headers: tuple[bytes, bytes], **changes: Any) -> Answer:
        body = {
            "sessionId": "s1",
            "model": "gpt-realtime",
            "expiresAt": int(self.office.clock.now()) + 60,
            **changes,
        }
        sent = [(b"content-type", b"application/json"), *headers]
        if key:
            sent.append((b"authorization", f"Bearer {key}".encode()))
        context = make_context(user_agent="partner/1.0")
        kept = {name: value for name, value in body.items() if value is not ...}
        scope = make_scope("POST", ANNOUNCE_PATH, *sent, context=context)
        return await call(self._app, scope, body=msgspec.json.encode(kept))

    async def refused(self, key: str = "", *headers: tuple[bytes, bytes], **changes: Any) -> Refusal:
        try:
            answer = await self.announce(key, *headers, **changes)
        except Exception as exc:  # noqa: BLE001 - the envelope turns whatever it is into this
            return as_refusal(exc)
        raise AssertionError(answer)

    def facts(self) -> list[Fact]:
        return [fact for fact in self.office.journal.facts if fact.event == "token.announced"]


@pytest.fixture
def gate() -> _Gate:
    return _Gate()


async def test_it_is_received_once_it_is_on_record(gate: _Gate) -> None:
    answer = await gate.announce(await gate.key(Scope.WEBHOOK))
    assert (answer.status, answer.json) == (200, {"status": "webhook_received", "requestId": "abc123"})
    assert answer.headers["cache-control"] == "no-store"
    (fact,) = gate.facts()
    assert (fact.session_id, fact.model, fact.origin.ip, fact.origin.user_agent) == (
        "s1",
        "gpt-realtime",
        "203.0.113.7",
        None,
    )


async def test_the_tenant_is_the_callers(gate: _Gate) -> None:
    await gate.office.tenants.create(NewTenant(id="acme"), by=SYSTEM, origin=ORIGIN)
    await gate.announce(await gate.key(Scope.WEBHOOK, tenant="acme"))
    (fact,) = gate.facts()
    assert (fact.origin.tenant, fact.session_id) == ("acme", "acme_s1")
    refused = await gate.refused(await gate.key(Scope.WEBHOOK), tenant="acme")
    assert (refused.message or "").startswith("tenant: is not known here; there are sessionId, model, expiresAt")


async def test_nobody_announces_without_the_scope(gate: _Gate) -> None:
    assert (await gate.refused()).code == "auth_required"
    assert (await gate.refused("limi_sk_wrong")).code == "auth_required"
    refused = await gate.refused(await gate.key(Scope.MINT, Scope.STATS))
    assert (refused.code, refused.message) == ("forbidden", "scope: this needs a key with the scope `webhook`")
    assert gate.facts() == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sessionId": ...}, "sessionId: is required and must be a text of 1–100 characters"),
        ({"sessionId": "a b"}, "sessionId: must be a text of 1–100 characters of A–Z"),
        ({"model": ...}, "model: is required"),
        ({"model": ""}, "model: must be the name of a model"),
        ({"model": "gpt-5"}, "model: must be one of gpt-realtime"),
        ({"expiresAt": ...}, "expiresAt: is required and must be a time in whole Unix seconds"),
        ({"expiresAt": 1.5}, "expiresAt: must be a time in whole Unix seconds"),
        ({"expiresAt": True}, "expiresAt: must be a time in whole Unix seconds"),
        ({"expiresAt": "2030-01-01T00:00:00Z"}, "expiresAt: must be a time in whole Unix seconds"),
        ({"expiresAt": 1_800_000_000_000}, "expiresAt: must be a time in whole Unix seconds"),
        ({"expiresAt": 1}, "expiresAt: must be a time in whole Unix seconds, at most a day from now"),
    ],
)
async def test_a_wrong_member_is_named_with_its_rule(gate: _Gate, changes: Any, message: str) -> None:
    refused = await gate.refused(await gate.key(Scope.WEBHOOK), **changes)
    assert refused.code == "invalid_request"
    assert (refused.message or "").startswith(message)
    assert gate.facts() == []


async def test_it_counts_in_the_callers_window_of_mints(gate: _Gate) -> None:
    key = await gate.key(Scope.WEBHOOK)
    answers = [await gate.announce(key) for _ in range(4)]
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["4", "3", "2", "1"]
    await gate.refused(key, model="gpt-5")
    refused = await gate.refused(key)
    assert (refused.code, refused.retry_after_ms) == ("rate_limit_exceeded", 60_000)
    assert dict(refused.headers)[b"ratelimit-remaining"] == b"0"
    assert refused.by is not None
    assert refused.by.caller.startswith("key:"), "the audit log says whose limit was reached"
    assert gate.observer.decisions == [("mint", True)] * 5 + [("mint", False)]


async def test_a_repeat_is_announced_once(gate: _Gate) -> None:
    key, header = await gate.key(Scope.WEBHOOK), (b"idempotency-key", b"order-17")
    first, second = await gate.announce(key, header), await gate.announce(key, header)
    assert (first.json, "idempotent-replayed" in first.headers) == (second.json, False)
    assert second.headers["idempotent-replayed"] == "true"
    assert len(gate.facts()) == 1
    assert (await gate.refused(key, header, sessionId="s2")).code == "idempotency_conflict"
    assert (await gate.refused(key, (b"idempotency-key", b"a b"))).code == "invalid_request"


async def test_what_cannot_be_recorded_is_not_received(gate: _Gate) -> None:
    key = await gate.key(Scope.WEBHOOK)
    gate.office.journal.broken = True
    assert (await gate.refused(key)).code == "audit_unavailable"


async def test_the_description_knows_the_body_the_header_and_the_errors() -> None:
    operation = describe_api(_Gate().handlers(), version="1")["paths"][ANNOUNCE_PATH]["post"]
    assert [parameter["name"] for parameter in operation["parameters"]] == ["Idempotency-Key"]
    assert set(operation["responses"]) == {
        "200",
        "400",
        "401",
        "403",
        "408",
        "409",
        "413",
        "415",
        "429",
        "500",
        "503",
    }
    assert operation["security"] == [{"key": []}]
