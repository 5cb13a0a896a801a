"""What tenants need from outside: a place that keeps them."""

from collections.abc import Sequence
from typing import Protocol

from limi.features.tenants.model import Tenant

__all__ = ["TenantStore"]


class TenantStore(Protocol):
    """Keeps tenants. Each change moves the revision in the same transaction.

    Every method raises `AccessUnavailableError` when the store cannot be read or written.
    """

    async def add(self, tenant: Tenant) -> bool:
        """Keep a new tenant; return False where there is, or was, one of its id, which stays as it is."""

    async def replace(self, tenant: Tenant, *, before: Tenant) -> bool:
        """Keep `tenant` in place of `before`; return False where that is not what is there any more.

        With one that becomes deleted its keys are revoked, and its profiles and webhook endpoints go, in the same
        transaction.
        """

    async def find(self, tenant_id: str) -> Tenant | None:
        """Return a tenant, a deleted one too."""

    async def page(self, *, after: str | None, limit: int) -> Sequence[Tenant]:
        """Return up to `limit` tenants whose ids come after `after`, in order of ids, without deleted ones."""

    async def unlisted(self) -> frozenset[str]:
        """Return the ids of all tenants that are not active."""
