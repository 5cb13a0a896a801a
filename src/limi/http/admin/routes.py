"""All of the operators' routes, from the services that they show."""

from collections.abc import Awaitable, Callable, Sequence

from litestar.handlers import HTTPRouteHandler

from limi.features.api_keys.service import ApiKeyService
from limi.features.journal.reader import JournalReader
from limi.features.profiles.service import ProfileService
from limi.features.tenants.service import TenantService
from limi.http.admin.audit import AuditRoutes
from limi.http.admin.desk import FrontDesk
from limi.http.admin.keys import KeyRoutes
from limi.http.admin.profiles import ProfileRoutes
from limi.http.admin.tenants import TenantRoutes
from limi.kernel.clock import Clock

__all__ = ["AdminRoutes"]


class AdminRoutes:
    """The handlers of keys, tenants, profiles and the audit log."""

    def __init__(
        self,
        *,
        keys: ApiKeyService,
        tenants: TenantService,
        profiles: ProfileService,
        reader: JournalReader,
        flush_journal: Callable[[], Awaitable[None]],
        desk: FrontDesk,
        clock: Clock,
    ) -> None:
        self._parts = (
            KeyRoutes(keys=keys, desk=desk, clock=clock),
            TenantRoutes(tenants=tenants, desk=desk),
            ProfileRoutes(profiles=profiles, desk=desk),
            AuditRoutes(reader=reader, flush_journal=flush_journal, tenants=tenants, desk=desk),
        )

    def handlers(self) -> Sequence[HTTPRouteHandler]:
        """Return the routes."""
        return [handler for part in self._parts for handler in part.handlers()]
