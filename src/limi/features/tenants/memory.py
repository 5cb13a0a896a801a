"""Tenants in memory: a working store for tests and for those who build on Limi."""

from collections.abc import Callable, Sequence

from limi.features.tenants.model import Tenant, TenantStatus

__all__ = ["InMemoryTenantStore"]


class InMemoryTenantStore:
    """Implements `TenantStore`; nothing outlives the process."""

    def __init__(self, *, moved: Callable[[], None], on_delete: Callable[[str], None] = lambda _: None) -> None:
        """Begin empty.

        Args:
            moved: called with each change, where the revision moves.
            on_delete: called with the id of a tenant that becomes deleted, for what it has to go.
        """
        self._moved = moved
        self._on_delete = on_delete
        self._tenants: dict[str, Tenant] = {}

    async def add(self, tenant: Tenant) -> bool:
        """Keep a new tenant; return False where there is, or was, one of its id."""
        if tenant.id in self._tenants:
            return False
        self._tenants[tenant.id] = tenant
        self._moved()
        return True

    async def replace(self, tenant: Tenant, *, before: Tenant) -> bool:
        """Keep `tenant` in place of `before`; return False where that is not what is there any more."""
        if self._tenants.get(tenant.id) != before:
            return False
        self._tenants[tenant.id] = tenant
        if tenant.status is TenantStatus.DELETED:
            self._on_delete(tenant.id)
        self._moved()
        return True

    async def find(self, tenant_id: str) -> Tenant | None:
        """Return a tenant, a deleted one too."""
        return self._tenants.get(tenant_id)

    async def page(self, *, after: str | None, limit: int) -> Sequence[Tenant]:
        """Return up to `limit` tenants whose ids come after `after`, in order of ids, without deleted ones."""
        there = [tenant for tenant in self._tenants.values() if tenant.status is not TenantStatus.DELETED]
        rest = sorted((t for t in there if after is None or t.id > after), key=lambda tenant: tenant.id)
        return rest[:limit]

    async def unlisted(self) -> frozenset[str]:
        """Return the ids of all tenants that are not active."""
        return frozenset(tenant.id for tenant in self._tenants.values() if not tenant.active)
