"""`/api/admin/audit` and `/api/admin/stats`: what was done, and what lives.

The audit log is read here; its export with the proof that nothing was changed is the command line's.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

from limi.features.journal.model import Selection
from limi.features.journal.reader import JournalReader
from limi.features.tenants.service import TenantService
from limi.http.admin.answers import AuditAnswer, AuditEntryAnswer, StatsAnswer, TenantStatsAnswer
from limi.http.admin.desk import NO_STORE, FrontDesk, cut, route
from limi.http.admin.requests import AuditQuery, PageQuery, given
from limi.http.errors import Refusal
from limi.kernel.principal import Principal

__all__ = ["AuditRoutes"]


class AuditRoutes:
    """The handlers, given what they read."""

    def __init__(
        self,
        *,
        reader: JournalReader,
        flush_journal: Callable[[], Awaitable[None]],
        tenants: TenantService,
        desk: FrontDesk,
    ) -> None:
        self._reader = reader
        self._flush_journal = flush_journal
        self._tenants = tenants
        self._desk = desk

    def handlers(self) -> Sequence[HTTPRouteHandler]:
        """Return the routes."""
        unread = "audit_unavailable"
        return (
            get("/api/admin/audit", **route("ReadAudit", "Read the audit log", unread, query=AuditQuery))(
                self._audit
            ),
            get("/api/admin/stats", **route("AdminStats", "Live keys by tenant", unread, query=PageQuery))(
                self._stats
            ),
        )

    async def _audit(self, request: Request[Any, Any, Any]) -> Response[AuditAnswer]:
        """Read entries of the audit log in order; a tenant's caller sees that tenant's only."""
        visit, query = await self._desk.admit(request, AuditQuery)
        selection = Selection(
            since=given(query.since),
            until=given(query.until),
            event=given(query.event),
            tenant=_own_tenant(visit.principal, given(query.tenant)),
            caller=given(query.caller),
            subject=given(query.subject),
        )
        # What was done a moment ago is in it: what is queued is written before it is read.
        await self._flush_journal()
        found = await self._reader.entries(after=query.after, limit=query.limit, selection=selection)
        answer = AuditAnswer(entries=list(map(AuditEntryAnswer.of, found)), next=found[-1].seq if found else None)
        return Response(answer, headers=NO_STORE)

    async def _stats(self, request: Request[Any, Any, Any]) -> Response[StatsAnswer]:
        """Count the keys that were handed out and can still open calls, by tenant."""
        visit, query = await self._desk.admit(request, PageQuery)
        await self._flush_journal()
        found = await self._tenants.list(by=visit.principal, after=given(query.after), limit=query.limit + 1)
        page, more = cut(found, query.limit)
        answer = StatsAnswer(
            live_tokens=await self._count(visit.principal.tenant),
            tenants=[
                TenantStatsAnswer(tenant=tenant.id, status=tenant.status, live_tokens=await self._count(tenant.id))
                for tenant in page
            ],
            next=page[-1].id if more else None,
        )
        return Response(answer, headers=NO_STORE)

    async def _count(self, tenant: str | None) -> int:
        return (await self._reader.live_tokens(limit=0, tenant=tenant)).total


def _own_tenant(by: Principal, asked: str | None) -> str | None:
    """Return whose entries are read; whoever belongs to a tenant reads that one's."""
    if by.tenant is not None and asked not in (None, by.tenant):
        raise Refusal("forbidden", message=f"tenant: must be `{by.tenant}`, the tenant of this caller")
    return by.tenant or asked
