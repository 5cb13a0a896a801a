"""Tenants: made and changed by operators, looked up for every request of one."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import msgspec

from limi.features.tenants.errors import (
    TenantConflictError,
    TenantExistsError,
    TenantForbiddenError,
    TenantNotFoundError,
)
from limi.features.tenants.model import NewTenant, Tenant, TenantChanges, TenantStatus
from limi.features.tenants.ports import TenantStore
from limi.features.tenants.rules import check_tenant, check_tenant_id
from limi.kernel.changes import Changes
from limi.kernel.clock import Clock
from limi.kernel.facts import (
    Fact,
    Origin,
    TenantCreated,
    TenantDeleted,
    TenantResumed,
    TenantSuspended,
    TenantUpdated,
)
from limi.kernel.principal import Principal
from limi.kernel.revision import Revision, RevisionCache

__all__ = ["TenantService"]

_EVERYBODY: Final = "*"
"""The one entry of the cache of ids; no tenant's id has a star."""


class TenantService:
    """Makes, changes and finds tenants.

    Every change is recorded before it is made (`limi.kernel.changes`) and moves the revision in its transaction.
    """

    def __init__(
        self, *, store: TenantStore, changes: Changes, revision: Revision, clock: Clock, max_cached: int = 10_000
    ) -> None:
        self._store = store
        self._changes = changes
        self._clock = clock
        self._known: RevisionCache[str, Tenant] = RevisionCache(
            load=store.find, revision=revision, max_entries=max_cached, strict=True
        )
        self._unlisted: RevisionCache[str, frozenset[str]] = RevisionCache(
            load=self._load_unlisted, revision=revision, max_entries=1, strict=True
        )

    async def create(self, new: NewTenant, *, by: Principal, origin: Origin) -> Tenant:
        """Make a tenant.

        Raises:
            TenantForbiddenError: `by` belongs to a tenant itself.
            InvalidTenantError: a member breaks its rule, or the id is taken.
            JournalUnavailableError: it could not be recorded, so it was not made.
            AccessUnavailableError: the store does not answer.
        """
        _require_operator(by)
        check_tenant_id(new.id)
        now = self._clock.now()
        tenant = Tenant(
            id=new.id,
            name=new.name or new.id,
            tokens_per_minute=new.tokens_per_minute,
            connections_per_minute=new.connections_per_minute,
            models=new.models,
            profiles=new.profiles,
            created_at=now,
            updated_at=now,
        )
        check_tenant(tenant)
        if await self._store.find(new.id) is not None:
            raise TenantExistsError(new.id)
        made = await self._changes.make(
            TenantCreated,
            partial(self._store.add, tenant),
            origin=origin,
            tenant=tenant.id,
            subject=f"tenant:{tenant.id}",
            detail=_described(tenant),
        )
        if not made:
            raise TenantExistsError(new.id)
        return tenant

    async def update(self, tenant_id: str, changes: TenantChanges, *, by: Principal, origin: Origin) -> Tenant:
        """Change a tenant's name, limits or permissions.

        Raises:
            TenantForbiddenError: `by` belongs to a tenant itself.
            TenantNotFoundError: there is none of that id.
            TenantConflictError: somebody else changed it at the same moment.
            InvalidTenantError: a member breaks its rule.
            JournalUnavailableError: it could not be recorded, so nothing was changed.
            AccessUnavailableError: the store does not answer.
        """
        _require_operator(by)
        tenant = await self._existing(tenant_id)
        given = {
            name: value
            for name in TenantChanges.__dataclass_fields__
            if (value := getattr(changes, name)) is not msgspec.UNSET
        }
        changed = replace(tenant, **given, updated_at=self._clock.now())
        check_tenant(changed)
        detail = ", ".join(f"{name}={_shown(value)}" for name, value in given.items())
        return await self._replace(TenantUpdated, tenant, changed, origin, detail)

    async def suspend(self, tenant_id: str, *, by: Principal, origin: Origin) -> Tenant:
        """Refuse a tenant's callers from now on; keys they were handed live on upstream until they expire.

        Raises:
            TenantError: as `update`.
            JournalUnavailableError: it could not be recorded, so nothing was changed.
            AccessUnavailableError: the store does not answer.
        """
        return await self._set_status(TenantSuspended, tenant_id, TenantStatus.SUSPENDED, by, origin)

    async def resume(self, tenant_id: str, *, by: Principal, origin: Origin) -> Tenant:
        """Serve a suspended tenant's callers again.

        Raises:
            TenantError: as `update`.
            JournalUnavailableError: it could not be recorded, so nothing was changed.
            AccessUnavailableError: the store does not answer.
        """
        return await self._set_status(TenantResumed, tenant_id, TenantStatus.ACTIVE, by, origin)

    async def delete(self, tenant_id: str, *, by: Principal, origin: Origin) -> Tenant:
        """Remove a tenant for ever, with its keys and profiles; its records stay, and its id is not given again.

        Raises:
            TenantError: as `update`.
            JournalUnavailableError: it could not be recorded, so nothing was changed.
            AccessUnavailableError: the store does not answer.
        """
        return await self._set_status(TenantDeleted, tenant_id, TenantStatus.DELETED, by, origin)

    async def get(self, tenant_id: str, *, by: Principal) -> Tenant:
        """Return a tenant; whoever belongs to one sees that one only.

        Raises:
            TenantNotFoundError: there is none of that id for `by`.
            AccessUnavailableError: the store does not answer.
        """
        if by.tenant not in (None, tenant_id):
            raise TenantNotFoundError(tenant_id)
        return await self._existing(tenant_id)

    async def list(self, *, by: Principal, after: str | None = None, limit: int = 100) -> Sequence[Tenant]:
        """Return up to `limit` tenants that `by` may see, in order of ids, from the one that follows `after`.

        Raises:
            AccessUnavailableError: the store does not answer.
        """
        if by.tenant is None:
            return await self._store.page(after=after, limit=limit)
        own = await self._store.find(by.tenant)
        seen = own is not None and own.status is not TenantStatus.DELETED and (after is None or own.id > after)
        return (own,) if own is not None and seen else ()

    async def find(self, tenant_id: str) -> Tenant | None:
        """Return a tenant that is there, from memory while the revision stands still.

        Raises:
            AccessUnavailableError: it cannot be found out.
        """
        tenant = self._known.peek(tenant_id) or await self._known.get(tenant_id)
        return tenant if tenant is not None and tenant.status is not TenantStatus.DELETED else None

    async def exists(self, tenant_id: str) -> bool:
        """Say whether there is a tenant of that id, active or suspended.

        Raises:
            AccessUnavailableError: it cannot be found out.
        """
        tenant = await self._store.find(tenant_id)
        return tenant is not None and tenant.status is not TenantStatus.DELETED

    async def unlisted(self) -> frozenset[str]:
        """Return the ids of tenants that are suspended or deleted, whose live keys no registry shows.

        Raises:
            AccessUnavailableError: it cannot be found out.
        """
        return await self._unlisted.get(_EVERYBODY) or frozenset()

    async def _load_unlisted(self, _: str) -> frozenset[str]:
        return await self._store.unlisted()

    async def _existing(self, tenant_id: str) -> Tenant:
        tenant = await self._store.find(tenant_id)
        if tenant is None or tenant.status is TenantStatus.DELETED:
            raise TenantNotFoundError(tenant_id)
        return tenant

    async def _set_status(
        self, kind: type[Fact], tenant_id: str, status: TenantStatus, by: Principal, origin: Origin
    ) -> Tenant:
        _require_operator(by)
        tenant = await self._existing(tenant_id)
        if tenant.status is status:
            return tenant
        changed = replace(tenant, status=status, updated_at=self._clock.now())
        return await self._replace(kind, tenant, changed, origin, "")

    async def _replace(
        self, kind: type[Fact], before: Tenant, changed: Tenant, origin: Origin, detail: str
    ) -> Tenant:
        made = await self._changes.make(
            kind,
            partial(self._store.replace, changed, before=before),
            origin=origin,
            tenant=changed.id,
            subject=f"tenant:{changed.id}",
            detail=detail,
        )
        if not made:
            raise TenantConflictError(changed.id)
        return changed


def _require_operator(by: Principal) -> None:
    """Refuse whoever belongs to a tenant: limits are set for tenants, not by them."""
    if by.tenant is not None:
        raise TenantForbiddenError


def _described(tenant: Tenant) -> str:
    members = ("name", "tokens_per_minute", "connections_per_minute", "models", "profiles")
    given = ((name, getattr(tenant, name)) for name in members)
    return ", ".join(f"{name}={_shown(value)}" for name, value in given if value is not None)


def _shown(value: object) -> str:
    if isinstance(value, frozenset):
        return "|".join(sorted(value))
    return "none" if value is None else str(value)
