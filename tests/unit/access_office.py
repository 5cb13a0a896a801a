"""Keys, tenants and profiles with everything they are made of, in memory, and whom a test acts as."""

import asyncio
from collections.abc import Awaitable
from typing import Any

from limi.access import Access, AccessStores, make_access, memory_stores
from limi.features.api_keys.model import IssuedKey, NewKey
from limi.features.client_secrets.models import ModelCatalogue
from limi.features.tenants.model import NewTenant, Tenant
from limi.kernel.facts import Fact, Origin
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.principal import SYSTEM, Principal, Scope
from limi.kernel.settings import Settings
from limi.testing import CountingIds, ManualClock
from limi.testing.backend import known_keys

__all__ = ["ORIGIN", "FactList", "Office", "turns"]

ORIGIN = Origin(request_id="req-1", caller="system", ip="203.0.113.9")


class FactList:
    """A journal that is durable at once, unless it is broken."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.broken = False

    def record(self, *facts: Fact) -> Awaitable[None]:
        self.facts.extend(facts)
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.broken:
            durable.set_exception(JournalUnavailableError("the disk is full"))
            durable.exception()
        else:
            durable.set_result(None)
        return durable

    def told(self) -> list[tuple[str, str | None, str | None]]:
        """Return event, subject and tenant of each fact."""
        return [(fact.event.value, fact.subject, fact.origin.tenant) for fact in self.facts]


class Office:
    """The services over memory, with their clock and journal in the test's hand."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.clock = ManualClock()
        self.ids = CountingIds()
        self.journal = FactList()
        self.stores: AccessStores = memory_stores(clock=self.clock)
        self.settings = settings or Settings()
        self.access: Access = make_access(
            self.settings,
            root=known_keys(),
            stores=self.stores,
            journal=self.journal,
            models=ModelCatalogue(settings=self.settings.models, clock=self.clock),
            signal=None,
            clock=self.clock,
            ids=self.ids,
        )
        self.keys, self.tenants = self.access.services.keys, self.access.services.tenants
        self.profiles, self.ring = self.access.services.profiles, self.access.ring

    async def tenant(self, tenant_id: str = "acme", **members: Any) -> Tenant:
        return await self.tenants.create(NewTenant(id=tenant_id, **members), by=SYSTEM, origin=ORIGIN)

    async def key(self, *, by: Principal = SYSTEM, **members: Any) -> IssuedKey:
        return await self.keys.create(NewKey(**{"name": "a key", **members}), by=by, origin=ORIGIN)

    async def caller(self, **members: Any) -> Principal:
        """Return who comes with a new key that the operator made."""
        issued = await self.key(**members)
        principal = await self.ring.authenticate(issued.token.reveal(), origin=None)
        assert principal is not None
        return principal

    async def admin(self, tenant_id: str, **members: Any) -> Principal:
        """Return an administrator of a tenant, who comes with a key."""
        return await self.caller(tenant=tenant_id, scopes=frozenset({Scope.ADMIN}), **members)


async def turns(count: int = 10) -> None:
    """Let every task that can go on do so."""
    for _ in range(count):
        await asyncio.sleep(0)
