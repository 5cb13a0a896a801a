"""Whatever one tenant asks for, it never sees, counts or changes anything of another.

Alpha's administrator, who has every scope, sends requests to every route there is, with ids of its own, of Bravo's
and of nobody's. Bravo works meanwhile. What is Bravo's must neither change nor show, and to Alpha an id of Bravo's
must look like one that nobody has.
"""

import asyncio
import json
import re
from collections.abc import Coroutine, Mapping
from contextlib import AsyncExitStack
from typing import Any, TypeVar
from uuid import uuid4

import httpx
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from limi.access import memory_stores
from limi.adapters.configuration import load_settings
from limi.adapters.upstream.transports import Answer
from limi.app import create_app
from limi.features.api_keys.model import IssuedKey, NewKey
from limi.features.journal.memory import InMemoryJournalStore
from limi.features.journal.model import Selection
from limi.features.tenants.model import NewTenant
from limi.features.webhooks.memory import InMemoryEndpointStore
from limi.features.webhooks.memory_deliveries import InMemoryDeliveryStore
from limi.features.webhooks.model import (
    Attempt,
    Claimed,
    DeliveryQuery,
    DeliveryState,
    Endpoint,
    NewEndpoint,
    Settlement,
)
from limi.kernel.facts import Origin, WebhookTested
from limi.kernel.principal import SYSTEM, Scope
from limi.kernel.settings import Profile
from limi.testing import CountingIds, ManualClock
from limi.testing.backend import known_keys
from limi.webhooks import KeptDeliveries
from tests.architecture.log_watch import WATCH

ORIGIN = Origin(request_id="req-0", caller="system")
MINT = "/api/client-secret"
EVENTS = "/api/analytics/events"
ADMIN = {"authorization": "Bearer limi_admin_for_tests_only_0000"}
LIMIT = 1000
MARK = "bravos-own"
"""In every text that only Bravo wrote."""
_Result = TypeVar("_Result")

OPERATIONS = [
    ("GET", f"{MINT}/stats"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/api/admin/keys"),
    ("POST", "/api/admin/keys"),
    ("GET", "/api/admin/keys/{key}"),
    ("POST", "/api/admin/keys/{key}/rotate"),
    ("POST", "/api/admin/keys/{key}/revoke"),
    ("GET", "/api/admin/tenants"),
    ("POST", "/api/admin/tenants"),
    ("GET", "/api/admin/tenants/{tenant}"),
    ("PATCH", "/api/admin/tenants/{tenant}"),
    ("DELETE", "/api/admin/tenants/{tenant}"),
    ("POST", "/api/admin/tenants/{tenant}/suspend"),
    ("POST", "/api/admin/tenants/{tenant}/resume"),
    ("GET", "/api/admin/profiles"),
    ("GET", "/api/admin/profiles/{name}"),
    ("GET", "/api/admin/profiles/{name}/versions"),
    ("PUT", "/api/admin/profiles/{name}"),
    ("DELETE", "/api/admin/profiles/{name}"),
    ("GET", "/api/admin/webhooks"),
    ("POST", "/api/admin/webhooks"),
    ("GET", "/api/admin/webhooks/{webhook}"),
    ("PATCH", "/api/admin/webhooks/{webhook}"),
    ("DELETE", "/api/admin/webhooks/{webhook}"),
    ("POST", "/api/admin/webhooks/{webhook}/enable"),
    ("POST", "/api/admin/webhooks/{webhook}/disable"),
    ("POST", "/api/admin/webhooks/{webhook}/rotate"),
    ("POST", "/api/admin/webhooks/{webhook}/test"),
    ("POST", "/api/admin/webhooks/{webhook}/replay"),
    ("GET", "/api/admin/webhooks/{webhook}/deliveries"),
    ("GET", "/api/admin/webhooks/{webhook}/deliveries/{delivery}/attempts"),
    ("POST", "/api/admin/webhooks/{webhook}/deliveries/{delivery}/replay"),
    ("GET", "/api/admin/audit"),
    ("GET", "/api/admin/stats"),
    ("GET", "/api/admin/usage"),
]
QUERIES = [
    "",
    "tenant={tenant}",
    "after={key}",
    "caller=key:{key}",
    "subject=key:{key}",
    "subject=tenant:{tenant}",
    "bucket=total&group=tenant,code&tenant={tenant}",
]
BODIES: list[dict[str, Any]] = [
    {},
    {"name": "ours", "scopes": ["admin"]},
    {"name": "ours", "tenant": "{tenant}"},
    {"id": "{tenant}"},
    {"overlapSeconds": 60},
    {"tokensPerMinute": 1},
    {"voice": "cedar"},
    {"url": "https://hooks.example/ours"},
    {"url": "https://hooks.example/ours", "tenant": "{tenant}"},
    {"description": "ours"},
    {"failed": True},
    {"since": "2000-01-01T00:00:00Z"},
]


class Upstream:
    """Makes keys without a network."""

    def __init__(self) -> None:
        self.made = 0
        self.told = b""

    async def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        assert (method, path, "authorization" in headers) == ("POST", "/realtime/client_secrets", True)
        self.made += 1
        self.told = body
        value = f"ek_{self.made:032d}"
        WATCH.register(value)
        session = {"id": f"sess_{self.made}", "model": "gpt-realtime-2.1-mini", "type": "realtime"}
        given = {"value": value, "expires_at": 1_790_003_000, "session": session}
        return Answer(200, json.dumps(given).encode(), {})

    async def close(self) -> None:
        pass


class Server:
    """The real application, in memory and without sockets."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()
        self.run(self._start())

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return self._runner.run(work)

    def close(self) -> None:
        self.run(self._stack.aclose())
        self.run(self._stop())
        self._runner.close()

    async def _start(self) -> None:
        self.journal, self.upstream = InMemoryJournalStore(), Upstream()
        clock = ManualClock()
        stores = memory_stores(clock=clock)
        assert isinstance(stores.endpoints, InMemoryEndpointStore)
        self.deliveries = InMemoryDeliveryStore(endpoints=stores.endpoints)
        # Nothing is sent: what waits is there to be looked at and replayed.
        limits = {
            "LIMI_WEBHOOKS_ENABLED": "false",
            "LIMI_TOKENS_PER_MINUTE": str(LIMIT),
            "LIMI_UPSTREAM_URL": "https://upstream.example/v1",
        }
        self.app = create_app(
            load_settings({**limits, "OPENAI_API_KEY": "sk-test-main-key"}),
            keys=known_keys(),
            clock=clock,
            ids=CountingIds(),
            store=self.journal,
            stores=stores,
            deliveries=KeptDeliveries(store=self.deliveries, close=lambda: None),
            transport=self.upstream,
        )
        self._inbox: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._outbox: asyncio.Queue[Any] = asyncio.Queue()
        self._inbox.put_nowait({"type": "lifespan.startup"})
        lifespan = self.app.asgi({"type": "lifespan", "asgi": {}, "state": {}}, self._inbox.get, self._outbox.put)
        self._lifespan = asyncio.ensure_future(lifespan)
        assert (await self._outbox.get())["type"] == "lifespan.startup.complete"
        transport = httpx.ASGITransport(app=self.app.asgi)
        client = httpx.AsyncClient(transport=transport, base_url="http://localhost", trust_env=False)
        self.client = await self._stack.enter_async_context(client)

    async def _stop(self) -> None:
        self._inbox.put_nowait({"type": "lifespan.shutdown"})
        await self._lifespan

    async def send(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> httpx.Response:
        content = None if body is None else json.dumps(body).encode()
        kind = {"content-type": "application/json"} if content else {}
        return await self.client.request(method, path, headers={**headers, **kind}, content=content)


class Isolation(RuleBasedStateMachine):
    """Alpha pries, Bravo works, the operator looks after both."""

    def __init__(self) -> None:
        super().__init__()
        self.server = Server()
        self.services = self.server.app.access.services
        self.server.run(self._set_up())
        self.minted = {"alpha": 0, "bravo": 0}
        self.reported = 0
        self.before = self.server.run(self._not_alphas())

    def teardown(self) -> None:
        self.server.close()

    async def _set_up(self) -> None:
        self.keys: dict[str, IssuedKey] = {}
        for tenant in ("alpha", "bravo"):
            name = MARK if tenant == "bravo" else "ours"
            await self.services.tenants.create(NewTenant(id=tenant, name=name), by=SYSTEM, origin=ORIGIN)
            new = NewKey(name=name, tenant=tenant, scopes=frozenset(Scope))
            self.keys[tenant] = await self.services.keys.create(new, by=SYSTEM, origin=ORIGIN)
        house = NewKey(name=MARK, scopes=frozenset(Scope))
        self.house_key = await self.services.keys.create(house, by=SYSTEM, origin=ORIGIN)
        await self._bravo_puts("hers")
        self.bravos_keys = [self.keys["bravo"].key.id, self.house_key.key.id]
        await self._make_webhooks()

    async def _make_webhooks(self) -> None:
        """Make an endpoint of each and of the operator's, to which something failed to be delivered."""
        self.webhooks: dict[str | None, Endpoint] = {}
        for number, tenant in enumerate(("alpha", "bravo", None)):
            mark = "ours" if tenant == "alpha" else MARK
            new = NewEndpoint(url=f"https://hooks.example/{mark}", tenant=tenant, description=mark)
            issued = await self.server.app.webhooks.service.create(new, by=SYSTEM, origin=ORIGIN)
            WATCH.register(issued.secret.reveal())
            self.webhooks[tenant] = issued.endpoint
            now = issued.endpoint.created_at
            fact = WebhookTested(id=f"{number:032x}", at=now, origin=ORIGIN, detail=mark)
            self.server.deliveries.deliver(fact, issued.endpoint.id)
        claimed = await self.server.deliveries.claim(
            worker="w", now=now, lease_seconds=60, limit=9, per_endpoint=9, busy={}
        )
        await self.server.deliveries.settle([_in_vain(one, now) for one in claimed], worker="w")

    async def _bravo_puts(self, name: str) -> None:
        profile = Profile(instructions=f"Say {MARK}.")
        await self.services.profiles.put(name, profile, tenant="bravo", by=SYSTEM, origin=ORIGIN)

    def _headers(self, tenant: str) -> dict[str, str]:
        token = self.keys[tenant].token.reveal()
        WATCH.register(token)
        return {"authorization": f"Bearer {token}"}

    async def _not_alphas(self) -> Any:
        """Return all there is that is not Alpha's, once what was queued is written."""
        stores = self.server.app.access.stores
        await self.server.send("GET", f"{MINT}/stats", ADMIN)
        rows = self.server.journal.entries(after=0, limit=100_000, selection=Selection())
        keys = await stores.keys.page(tenant=None, after=None, limit=10_000)
        return (
            [key for key in keys if key.tenant != "alpha"],
            list(await stores.tenants.page(after=None, limit=1000)),
            [await stores.profiles.page(tenant=tenant, after=None, limit=1000) for tenant in ("bravo", None)],
            [
                one
                for one in await stores.endpoints.list(tenant=None, after=None, limit=1000)
                if one.tenant != "alpha"
            ],
            [
                await self.server.deliveries.deliveries(
                    DeliveryQuery(endpoint=self.webhooks[tenant].id), before=None, limit=1000
                )
                for tenant in ("bravo", None)
            ],
            [row for row in rows if row.tenant != "alpha" and not row.event.startswith("auth.")],
        )

    # What Alpha does.

    @rule(
        query=st.sampled_from(QUERIES),
        body=st.sampled_from(BODIES),
        whose=st.sampled_from(["alpha", "bravo"]),
        name=st.sampled_from(["hers", "default", "mine"]),
        which=st.integers(min_value=0, max_value=9),
    )
    def alpha_pries(
        self,
        query: str,
        body: dict[str, Any],
        whose: str,
        name: str,
        which: int,
    ) -> None:
        for operation in OPERATIONS:
            self.server.run(self._pry(operation, query, body, whose, name, which))

    async def _pry(
        self, operation: tuple[str, str], query: str, body: dict[str, Any], whose: str, name: str, which: int
    ) -> None:
        revokes_itself = operation[1].endswith(("/revoke", "/rotate")) and whose == "alpha"
        if revokes_itself:
            return
        own = whose == "alpha"
        key = self.keys["alpha"].key.id if own else self.bravos_keys[which % len(self.bravos_keys)]
        endpoint = self.webhooks["alpha" if own else ("bravo", None)[which % 2]]
        asked = {"key": key, "tenant": whose, "name": name, "webhook": endpoint.id, "delivery": str(which % 3 + 1)}
        answer = await self._ask(operation, query, body, asked)
        assert MARK not in answer.text, (operation, query, body, asked)
        assert "sess_b" not in answer.text
        if own or (operation[0] != "GET" and answer.is_success):
            # What Alpha changed of its own looks different the second time; the invariants see to Bravo's.
            return
        # An id that nobody has must be answered as Bravo's is.
        ghosts = {
            **asked,
            "key": "zzzzzzzz",
            "tenant": "ghost",
            "webhook": "whe_yyyyyyyyyyyyyyyy",
            "delivery": "99",
        }
        ghost = await self._ask(operation, query, body, ghosts)
        assert (answer.status_code, _known_by(answer, asked)) == (ghost.status_code, _known_by(ghost, ghosts)), (
            operation,
            query,
            body,
            asked,
        )

    async def _ask(
        self, operation: tuple[str, str], query: str, body: dict[str, Any], asked: dict[str, str]
    ) -> httpx.Response:
        method, path = operation
        if query.startswith("after=") and path != "/api/admin/keys":
            query = ""  # Other lists compare it as a name, be it anybody's or nobody's.
        sent = {name: asked["tenant"] if value == "{tenant}" else value for name, value in body.items()}
        url = f"{path.format(**asked)}?{query.format(**asked)}" if query else path.format(**asked)
        return await self.server.send(method, url, self._headers("alpha"), None if method == "GET" else sent)

    @rule(name=st.sampled_from(["hers", "default"]))
    def alpha_mints(self, name: str) -> None:
        answer = self.server.run(
            self.server.send("POST", MINT, self._headers("alpha"), {"profile": name, "sessionId": "sess_a"})
        )
        if name == "hers" and answer.status_code == 400:
            assert "must be the name of a profile" in answer.json()["message"], (
                "Bravo's profile is none of Alpha's"
            )
            return
        assert answer.status_code == 200
        assert MARK.encode() not in self.server.upstream.told, "Alpha has a profile of that name by now"
        self.minted["alpha"] += 1

    # What Bravo and the operator do.

    @rule()
    def bravo_mints(self) -> None:
        body = {"sessionId": "sess_b", "profile": "hers"}
        answer = self.server.run(self.server.send("POST", MINT, self._headers("bravo"), body))
        assert answer.status_code == 200
        self.minted["bravo"] += 1
        assert answer.headers["ratelimit-remaining"] == str(LIMIT - self.minted["bravo"]), "Alpha is not counted"
        self.before = self.server.run(self._not_alphas())

    @precondition(lambda self: len(self.bravos_keys) < 5)
    @rule()
    def bravo_makes_a_key(self) -> None:
        body = {"name": MARK, "scopes": ["mint"]}
        answer = self.server.run(self.server.send("POST", "/api/admin/keys", self._headers("bravo"), body))
        assert answer.status_code == 201, answer.text
        made = self.server.run(self.services.keys.list(by=SYSTEM, tenant="bravo"))
        self.bravos_keys = [self.house_key.key.id, *(key.id for key in made)]
        self.before = self.server.run(self._not_alphas())

    @rule(name=st.sampled_from(["hers", "mine"]))
    def bravo_puts_a_profile(self, name: str) -> None:
        self.server.run(self._bravo_puts(name))
        self.before = self.server.run(self._not_alphas())

    @rule()
    def bravo_reports(self) -> None:
        event = {"id": str(uuid4()), "type": "error_occurred", "errorCode": "session_ended", "errorMessage": MARK}
        body = {"events": [event]}
        answer = self.server.run(self.server.send("POST", EVENTS, self._headers("bravo"), body))
        assert (answer.status_code, answer.json()["accepted"]) == (202, 1)
        self.reported += 1

    # What holds after each of these.

    @invariant()
    def what_is_not_alphas_is_as_it_was(self) -> None:
        assert self.server.run(self._not_alphas()) == self.before

    @invariant()
    def each_counts_its_own(self) -> None:
        for tenant, minted in self.minted.items():
            answer = self.server.run(self.server.send("GET", f"{MINT}/stats", self._headers(tenant)))
            assert answer.json()["tokenCache"]["totalTokens"] == minted

    @invariant()
    def each_sees_its_own_use(self) -> None:
        self.server.run(self.server.app.analytics.projector.catch_up())
        errors = {"alpha": 0, "bravo": self.reported}
        for tenant, minted in self.minted.items():
            path = "/api/admin/usage?bucket=total&group=tenant"
            points = self.server.run(self.server.send("GET", path, self._headers(tenant))).json()["points"]
            assert {point["tenant"] for point in points} <= {tenant}
            assert sum(point["mints"]["succeeded"] for point in points) == minted
            assert sum(point["errors"] for point in points) == errors[tenant]


def _in_vain(claimed: Claimed, now: float) -> Settlement:
    attempt = Attempt(delivery_id=claimed.delivery_id, number=1, at=now, duration_ms=1, status=500)
    return Settlement(claimed=claimed, attempt=attempt, state=DeliveryState.FAILED)


def _known_by(answer: httpx.Response, asked: dict[str, str]) -> str:
    """Return what an answer tells besides what was asked with, and what differs between any two answers."""
    text = answer.text
    for word in (asked["key"], asked["tenant"], asked["webhook"]):
        text = text.replace(word, "…")
    return re.sub(
        r'"(requestId|request_id|timestamp|uptime|id|seq|createdAt|token|prefix|hash|n)": ?[^,}]*', "", text
    )


def test_every_operators_route_is_among_those_tried() -> None:
    server = Server()
    try:
        described = server.run(server.send("GET", "/openapi.json", ADMIN)).json()["paths"]
    finally:
        server.close()
    there = {
        (method.upper(), re.sub(r"{[^}]*}", "{}", path))
        for path, methods in described.items()
        for method in methods
        if path.startswith("/api/admin")
    }
    assert there <= {(method, re.sub(r"{[^}]*}", "{}", path)) for method, path in OPERATIONS}


TestIsolation = Isolation.TestCase
# Each step is some fifty requests, which a busy machine may take longer over than hypothesis thinks healthy.
TestIsolation.settings = settings(
    max_examples=20, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
