"""How often an error occurred lately, for whoever may know."""

from limi.features.analytics.errors import AnalyticsUnavailableError
from limi.features.analytics.usage import Occurrences, UsageService
from limi.http.asgi import Scope, headers_of
from limi.http.authentication import Authenticator
from limi.kernel.principal import Scope as Grant

__all__ = ["ErrorCounts"]


class ErrorCounts:
    """Tells operators, and of their tenants those of one."""

    def __init__(self, *, usage: UsageService, authenticator: Authenticator) -> None:
        self._usage = usage
        self._authenticator = authenticator

    async def of(self, scope: Scope, code: str) -> Occurrences | None:
        """Return how often the error `code` occurred; None for callers without the scope `stats`.

        The page it belongs to is for everybody, so whoever may not know is not refused, and where the numbers
        cannot be had the page does without.

        Raises:
            Refusal: `auth_required`, for a credential that is not valid.
        """
        if b"authorization" not in headers_of(scope):
            return None
        principal = await self._authenticator.identify(scope)
        if principal is None or not principal.may(Grant.STATS):
            return None
        try:
            return await self._usage.occurrences(code, tenant=principal.tenant)
        except AnalyticsUnavailableError:
            return None
