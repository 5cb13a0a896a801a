"""`/api/admin/tenants`: the operator's customers.

A change names the members that are to be different and leaves the others alone, so two operators who change
different things at once lose nothing; of the same member the later value stays, and the audit log has both. Hence
no ETag: it would make everybody read first to spare nobody anything.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from litestar import Request, Response, delete, get, patch, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from msgspec import UnsetType

from limi.features.tenants.model import NewTenant, Tenant, TenantChanges
from limi.features.tenants.service import TenantService
from limi.http.admin.answers import TenantAnswer, TenantsAnswer
from limi.http.admin.desk import NO_STORE, FrontDesk, cut, route
from limi.http.admin.requests import CreateTenantRequest, NoQuery, PageQuery, UpdateTenantRequest, given

__all__ = ["TenantRoutes"]

_PATH = "/api/admin/tenants"


class TenantRoutes:
    """The handlers, given the service."""

    def __init__(self, *, tenants: TenantService, desk: FrontDesk) -> None:
        self._tenants = tenants
        self._desk = desk

    def handlers(self) -> Sequence[HTTPRouteHandler]:
        """Return the routes."""
        one = f"{_PATH}/{{tenant:str}}"
        return (
            get(_PATH, **route("ListTenants", "List tenants", query=PageQuery))(self._list),
            post(_PATH, **route("CreateTenant", "Make a tenant", body=CreateTenantRequest, changes=True))(
                self._create
            ),
            get(one, **route("GetTenant", "Show a tenant", "not_found"))(self._get),
            patch(
                one,
                **route("UpdateTenant", "Change a tenant", "not_found", body=UpdateTenantRequest, changes=True),
            )(self._update),
            delete(one, status_code=200, **route("DeleteTenant", "Remove a tenant", "not_found", changes=True))(
                self._delete
            ),
            post(
                f"{one}/suspend",
                status_code=200,
                **route("SuspendTenant", "Suspend a tenant", "not_found", changes=True),
            )(self._suspend),
            post(
                f"{one}/resume",
                status_code=200,
                **route("ResumeTenant", "Resume a tenant", "not_found", changes=True),
            )(self._resume),
        )

    async def _list(self, request: Request[Any, Any, Any]) -> Response[TenantsAnswer]:
        """List tenants in order of ids; a tenant's own caller sees that tenant only."""
        visit, query = await self._desk.admit(request, PageQuery)
        found = await self._tenants.list(by=visit.principal, after=given(query.after), limit=query.limit + 1)
        page, more = cut(found, query.limit)
        answer = TenantsAnswer(tenants=list(map(TenantAnswer.of, page)), next=page[-1].id if more else None)
        return Response(answer, headers=NO_STORE)

    async def _create(self, request: Request[Any, Any, Any]) -> Response[TenantAnswer]:
        """Make a tenant. Its id is for ever: it is not given again after a deletion."""
        visit, _ = await self._desk.admit(request, NoQuery)
        wish = await self._desk.read_body(request, CreateTenantRequest)
        new = NewTenant(
            id=wish.id,
            name=given(wish.name) or "",
            tokens_per_minute=wish.tokens_per_minute,
            connections_per_minute=wish.connections_per_minute,
            models=_names(wish.models),
            profiles=_names(wish.profiles),
        )
        made = await self._tenants.create(new, by=visit.principal, origin=visit.origin)
        return Response(TenantAnswer.of(made), status_code=201, headers=NO_STORE)

    async def _get(self, request: Request[Any, Any, Any], tenant: FromPath[str]) -> Response[TenantAnswer]:
        """Show a tenant."""
        visit, _ = await self._desk.admit(request, NoQuery)
        found = await self._tenants.get(tenant, by=visit.principal)
        return Response(TenantAnswer.of(found), headers=NO_STORE)

    async def _update(self, request: Request[Any, Any, Any], tenant: FromPath[str]) -> Response[TenantAnswer]:
        """Change the members that are given and leave the others as they are; null takes a bound away."""
        visit, _ = await self._desk.admit(request, NoQuery)
        wish = await self._desk.read_body(request, UpdateTenantRequest)
        changes = TenantChanges(
            name=wish.name,
            tokens_per_minute=wish.tokens_per_minute,
            connections_per_minute=wish.connections_per_minute,
            models=_changed_names(wish.models),
            profiles=_changed_names(wish.profiles),
        )
        changed = await self._tenants.update(tenant, changes, by=visit.principal, origin=visit.origin)
        return Response(TenantAnswer.of(changed), headers=NO_STORE)

    async def _delete(self, request: Request[Any, Any, Any], tenant: FromPath[str]) -> Response[TenantAnswer]:
        """Remove a tenant for ever, with its keys and profiles. Its records stay; its id is not given again."""
        return await self._change(self._tenants.delete, request, tenant)

    async def _suspend(self, request: Request[Any, Any, Any], tenant: FromPath[str]) -> Response[TenantAnswer]:
        """Refuse a tenant's callers from now on. Keys they were handed live on upstream until they expire."""
        return await self._change(self._tenants.suspend, request, tenant)

    async def _resume(self, request: Request[Any, Any, Any], tenant: FromPath[str]) -> Response[TenantAnswer]:
        """Serve a suspended tenant's callers again."""
        return await self._change(self._tenants.resume, request, tenant)

    async def _change(
        self, change: Callable[..., Awaitable[Tenant]], request: Request[Any, Any, Any], tenant: str
    ) -> Response[TenantAnswer]:
        visit, _ = await self._desk.admit(request, NoQuery)
        changed = await change(tenant, by=visit.principal, origin=visit.origin)
        return Response(TenantAnswer.of(changed), headers=NO_STORE)


def _names(listed: list[str] | None) -> frozenset[str] | None:
    return None if listed is None else frozenset(listed)


def _changed_names(listed: list[str] | UnsetType | None) -> frozenset[str] | UnsetType | None:
    return frozenset(listed) if isinstance(listed, list) else listed
