"""One tenant that pries, and one that works.

Alpha's administrator, who has every scope, sends requests to every route there is, with ids of its own, of Bravo's
and of nobody's. Bravo works meanwhile. What is Bravo's must neither change nor show, and to Alpha an id of Bravo's
must look like one that nobody has.
"""

import re
from itertools import product
from typing import Any, Final

import httpx
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from limi.features.api_keys.model import IssuedKey, NewKey
from limi.features.journal.model import JournalEntry, Selection
from limi.features.tenants.model import NewTenant
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
from tests.architecture.log_watch import WATCH
from tests.integration.isolation.attempts import BODIES, ENDS, OPERATIONS, QUERIES, REPLAYS, known_by
from tests.integration.isolation.server import ADMIN, LIMIT, Server
from tests.integration.isolation.storage import OpenStorage

__all__ = ["Isolation"]

MARK: Final = "bravos-own"
"""In every text that only Bravo wrote."""
_ORIGIN: Final = Origin(request_id="req-0", caller="system")
_MINT: Final = "/api/client-secret"
_EVENTS: Final = "/api/analytics/events"
_ANNOUNCE: Final = "/api/webhook/token-generated"
_REPORTED: Final = "session_ended"
"""The code of every error that clients report here."""
_ORDERS: Final = [("alpha", "bravo"), ("bravo", "alpha"), ("bravo",)]
_NOBODYS: Final = {"key": "zzzzzzzz", "tenant": "ghost", "webhook": "whe_yyyyyyyyyyyyyyyy", "delivery": "99"}


class Isolation(RuleBasedStateMachine):
    """Alpha pries, Bravo works, the operator looks after both."""

    def __init__(self, open_storage: OpenStorage) -> None:
        super().__init__()
        self.server = Server(open_storage)
        self.deliveries = self.server.storage.deliveries
        self.services = self.server.app.access.services
        self.server.run(self._set_up())
        self.minted = {"alpha": 0, "bravo": 0}
        self.rounds = 0
        self.reported: dict[str, set[int]] = {"alpha": set(), "bravo": set()}
        """Numbers of the events of each; both use the same ids."""
        self.before = self.server.run(self._not_alphas())

    def teardown(self) -> None:
        self.server.close()

    async def _set_up(self) -> None:
        self.keys: dict[str, IssuedKey] = {}
        for tenant in ("alpha", "bravo"):
            name = MARK if tenant == "bravo" else "ours"
            await self.services.tenants.create(NewTenant(id=tenant, name=name), by=SYSTEM, origin=_ORIGIN)
            new = NewKey(name=name, tenant=tenant, scopes=frozenset(Scope))
            self.keys[tenant] = await self.services.keys.create(new, by=SYSTEM, origin=_ORIGIN)
        house = NewKey(name=MARK, scopes=frozenset(Scope))
        self.house_key = await self.services.keys.create(house, by=SYSTEM, origin=_ORIGIN)
        await self._bravo_puts("hers")
        self.bravos_keys = [self.keys["bravo"].key.id, self.house_key.key.id]
        await self._make_webhooks()

    async def _make_webhooks(self) -> None:
        """Make an endpoint of each and of the operator's, to which something failed to be delivered."""
        self.webhooks: dict[str | None, Endpoint] = {}
        for number, tenant in enumerate(("alpha", "bravo", None)):
            mark = "ours" if tenant == "alpha" else MARK
            new = NewEndpoint(url=f"https://hooks.example/{mark}", tenant=tenant, description=mark)
            issued = await self.server.app.webhooks.service.create(new, by=SYSTEM, origin=_ORIGIN)
            WATCH.register(issued.secret.reveal())
            self.webhooks[tenant] = issued.endpoint
            now = issued.endpoint.created_at
            origin = Origin(request_id="req-0", caller="system", tenant=tenant)
            fact = WebhookTested(id=f"{number:032x}", at=now, origin=origin, detail=mark)
            told = [(fact.id, issued.endpoint.id)]
            self.server.storage.journal.append([fact], writer="a test", deliveries=told)
        claimed = await self.deliveries.claim(
            worker="w", now=now, lease_seconds=60, limit=9, per_endpoint=9, busy={}
        )
        assert len(claimed) == len(self.webhooks)
        alphas = self.webhooks["alpha"].id
        failed = [_in_vain(one, now, "ours" if one.endpoint_id == alphas else MARK) for one in claimed]
        await self.deliveries.settle(failed, worker="w")

    async def _bravo_puts(self, name: str) -> None:
        profile = Profile(instructions=f"Say {MARK}.")
        await self.services.profiles.put(name, profile, tenant="bravo", by=SYSTEM, origin=_ORIGIN)

    def _headers(self, tenant: str) -> dict[str, str]:
        token = self.keys[tenant].token.reveal()
        WATCH.register(token)
        return {"authorization": f"Bearer {token}"}

    async def _not_alphas(self) -> Any:
        """Return all there is that is not Alpha's, once what was queued is written."""
        stores, rows = self.server.app.access.stores, await self._rows()
        keys = await stores.keys.page(tenant=None, after=None, limit=10_000)
        endpoints = await stores.endpoints.list(tenant=None, after=None, limit=1000)
        bravos = self.webhooks["bravo"].id
        delivered = await self.deliveries.deliveries(DeliveryQuery(endpoint=bravos), before=None, limit=1000)
        return (
            [key for key in keys if key.tenant != "alpha"],
            list(await stores.tenants.page(after=None, limit=1000)),
            [await stores.profiles.page(tenant=tenant, after=None, limit=1000) for tenant in ("bravo", None)],
            [endpoint for endpoint in endpoints if endpoint.tenant != "alpha"],
            delivered,
            [await self.deliveries.attempts(one.id, endpoint=bravos) for one in delivered],
            [row for row in rows if row.tenant != "alpha" and not row.event.startswith("auth.")],
        )

    async def _rows(self) -> list[JournalEntry]:
        await self.server.send("GET", f"{_MINT}/stats", ADMIN)
        return self.server.storage.journal.entries(after=0, limit=100_000, selection=Selection())

    # What Alpha does.

    @rule(
        query=st.sampled_from(QUERIES),
        body=st.sampled_from(BODIES),
        whose=st.sampled_from(["alpha", "bravo"]),
        name=st.sampled_from(["hers", "default", "mine"]),
        which=st.integers(min_value=0, max_value=9),
    )
    def alpha_pries(self, query: str, body: dict[str, Any], whose: str, name: str, which: int) -> None:
        for method, path in OPERATIONS:
            # Few of all bodies make the server look for deliveries, so each of those is tried every time.
            bodies = REPLAYS if path.endswith("{webhook}/replay") else [body]
            deliveries = ("1", "2", "3") if "{delivery}" in path else ("1",)
            for sent, delivery in product(bodies, deliveries):
                self.server.run(self._pry((method, path), query, sent, whose, name, which, delivery))

    async def _pry(
        self,
        operation: tuple[str, str],
        query: str,
        body: dict[str, Any],
        whose: str,
        name: str,
        which: int,
        delivery: str,
    ) -> None:
        own = whose == "alpha"
        if own and operation in ENDS:
            return
        key = self.keys["alpha"].key.id if own else self.bravos_keys[which % len(self.bravos_keys)]
        endpoint = self.webhooks["alpha" if own else ("bravo", None)[which % 2]]
        asked = {"key": key, "tenant": whose, "name": name, "webhook": endpoint.id, "delivery": delivery}
        answer = await self._ask(operation, query, body, asked)
        assert MARK not in answer.text, (operation, query, body, asked)
        # Alpha may name a session as Bravo does; on the record it is Alpha's.
        assert not re.search("(?<!alpha_)sess_b", answer.text), (operation, query, body, asked)
        if own or (operation[0] != "GET" and answer.is_success):
            # What Alpha changed of its own looks different the second time; the invariants see to Bravo's.
            return
        nobodys = asked | _NOBODYS
        ghost = await self._ask(operation, query, body, nobodys)
        seen = (answer.status_code, known_by(answer, asked))
        assert seen == (ghost.status_code, known_by(ghost, nobodys)), (operation, query, body, asked)

    async def _ask(
        self, operation: tuple[str, str], query: str, body: dict[str, Any], asked: dict[str, str]
    ) -> httpx.Response:
        method, path = operation
        if query.startswith("after=") and path != "/api/admin/keys":
            query = ""  # Other lists compare it as a name, be it anybody's or nobody's.
        sent = {name: asked["tenant"] if value == "{tenant}" else value for name, value in body.items()}
        given = None if method == "GET" else sent
        url, headers = path.format(**asked), self._headers("alpha")
        answer = await self.server.send(method, f"{url}?{query.format(**asked)}" if query else url, headers, given)
        if query and answer.status_code == 400:
            # Of a route that does not know the query, nothing was tried yet.
            answer = await self.server.send(method, url, headers, given)
        WATCH.register(*re.findall(r"whsec_[\w+/=]+|limi_sk_\w+", answer.text))
        return answer

    @rule()
    def alpha_announces_a_session_of_bravos(self) -> None:
        body = {"sessionId": "sess_b", "model": "gpt-realtime", "expiresAt": 1_790_000_100}
        answer = self.server.run(self.server.send("POST", _ANNOUNCE, self._headers("alpha"), body))
        assert answer.status_code == 200, answer.text

    # What Bravo and the operator do.

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

    # What both do, by the same names.

    @rule(order=st.sampled_from(_ORDERS))
    def they_mint(self, order: tuple[str, ...]) -> None:
        """With the same `Idempotency-Key`: each gets a key of its own."""
        self.rounds += 1
        repeat = {"idempotency-key": f"both-tenants-use-this-{self.rounds}"}
        WATCH.register(*repeat.values())
        for tenant in order:
            answer = self._mint(tenant, "default" if tenant == "alpha" else "hers", repeat)
            assert (answer.status_code, "idempotent-replayed" in answer.headers) == (200, False)
            if tenant == "bravo":
                left = answer.headers["ratelimit-remaining"]
                assert left == str(LIMIT - self.minted["bravo"]), "Alpha is not counted"
                self.before = self.server.run(self._not_alphas())

    @rule()
    def alpha_asks_for_a_profile_of_bravos(self) -> None:
        """It may have one of that name itself by now."""
        answer = self._mint("alpha", "hers", {})
        if answer.status_code == 200:
            assert MARK.encode() not in self.server.upstream.told
        else:
            assert "must be the name of a profile" in answer.json()["message"]

    def _mint(self, tenant: str, profile: str, repeat: dict[str, str]) -> httpx.Response:
        headers = self._headers(tenant) | repeat
        body = {"sessionId": f"sess_{tenant[0]}", "profile": profile}
        answer = self.server.run(self.server.send("POST", _MINT, headers, body))
        self.minted[tenant] += answer.status_code == 200
        return answer

    @rule(order=st.sampled_from(_ORDERS), number=st.integers(min_value=0, max_value=5))
    def they_report(self, order: tuple[str, ...], number: int) -> None:
        for tenant in order:
            self._report(tenant, number)

    def _report(self, tenant: str, number: int) -> None:
        """The other may have reported an event of the same id: it is a repeat only of one's own."""
        event = {
            "id": f"00000000-0000-4000-8000-{number:012d}",
            "type": "error_occurred",
            "errorCode": _REPORTED,
            "errorMessage": MARK if tenant == "bravo" else "ours",
        }
        answer = self.server.run(self.server.send("POST", _EVENTS, self._headers(tenant), {"events": [event]}))
        new = number not in self.reported[tenant]
        assert (answer.status_code, answer.json()["accepted"]) == (202, int(new))
        self.reported[tenant].add(number)

    # What holds after each of these.

    @invariant()
    def what_is_not_alphas_is_as_it_was(self) -> None:
        assert self.server.run(self._not_alphas()) == self.before

    @invariant()
    def each_counts_its_own(self) -> None:
        for tenant, minted in self.minted.items():
            answer = self.server.run(self.server.send("GET", f"{_MINT}/stats", self._headers(tenant)))
            assert answer.json()["tokenCache"]["totalTokens"] == minted

    @invariant()
    def each_sees_its_own_use(self) -> None:
        self.server.run(self.server.app.analytics.projector.catch_up())
        for tenant, minted in self.minted.items():
            path = "/api/admin/usage?bucket=total&group=tenant"
            points = self.server.run(self.server.send("GET", path, self._headers(tenant))).json()["points"]
            assert {point["tenant"] for point in points} <= {tenant}
            assert sum(point["mints"]["succeeded"] for point in points) == minted
            assert sum(point["errors"] for point in points) == len(self.reported[tenant])
            page = self.server.run(self.server.send("GET", f"/errors/{_REPORTED}", self._headers(tenant))).text
            lately = {int(number) for number in re.findall(r"last \w+</t[hd]><td>(\d+)<", page)}
            assert lately == {len(self.reported[tenant])}

    @invariant()
    def each_is_told_of_its_own(self) -> None:
        """No webhook endpoint of one tenant gets what happened at another."""
        owners = {row.id: row.tenant for row in self.server.run(self._rows())}
        endpoints = self.server.run(
            self.server.app.access.stores.endpoints.list(tenant=None, after=None, limit=1000)
        )
        for endpoint in endpoints:
            query = DeliveryQuery(endpoint=endpoint.id)
            told = self.server.run(self.deliveries.deliveries(query, before=None, limit=1000))
            assert endpoint.tenant is None or {owners[one.message_id] for one in told} <= {endpoint.tenant}


def _in_vain(claimed: Claimed, now: float, error: str) -> Settlement:
    attempt = Attempt(delivery_id=claimed.delivery_id, number=1, at=now, duration_ms=1, error=error)
    return Settlement(claimed=claimed, attempt=attempt, state=DeliveryState.FAILED)
