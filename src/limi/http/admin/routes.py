"""All of the operators' routes, from the services that they show."""

from collections.abc import Awaitable, Callable, Sequence

from litestar.handlers import HTTPRouteHandler

from limi.features.analytics.usage import UsageService
from limi.features.api_keys.service import ApiKeyService
from limi.features.journal.reader import JournalReader
from limi.features.profiles.service import ProfileService
from limi.features.tenants.service import TenantService
from limi.features.webhooks.service import WebhookService
from limi.http.admin.audit import AuditRoutes
from limi.http.admin.deliveries import DeliveryRoutes
from limi.http.admin.desk import FrontDesk
from limi.http.admin.keys import KeyRoutes
from limi.http.admin.profiles import ProfileRoutes
from limi.http.admin.tenants import TenantRoutes
from limi.http.admin.usage import UsageRoutes
from limi.http.admin.webhooks import WebhookRoutes
from limi.kernel.clock import Clock

__all__ = ["AdminRoutes"]


class AdminRoutes:
    """The handlers of keys, tenants, profiles, webhooks, the audit log and usage."""

    def __init__(
        self,
        *,
        keys: ApiKeyService,
        tenants: TenantService,
        profiles: ProfileService,
        webhooks: WebhookService,
        usage: UsageService,
        reader: JournalReader,
        flush_journal: Callable[[], Awaitable[None]],
        desk: FrontDesk,
        clock: Clock,
    ) -> None:
        self._parts = (
            KeyRoutes(keys=keys, desk=desk, clock=clock),
            TenantRoutes(tenants=tenants, desk=desk),
            ProfileRoutes(profiles=profiles, desk=desk),
            WebhookRoutes(webhooks=webhooks, desk=desk, clock=clock),
            DeliveryRoutes(webhooks=webhooks, desk=desk, clock=clock),
            AuditRoutes(reader=reader, flush_journal=flush_journal, tenants=tenants, desk=desk),
            UsageRoutes(usage=usage, desk=desk),
        )

    def handlers(self) -> Sequence[HTTPRouteHandler]:
        """Return the routes."""
        return [handler for part in self._parts for handler in part.handlers()]
