"""Credentials that are not valid count for the address they come from, on whatever route.

Nobody guesses a key of 256 bits. But each guess costs a look-up or a signature, a log line and a row of the audit,
so whoever sends wrong ones is slowed to what an anonymous caller may mint, in the same window.
"""

from limi.features.rate_limits.service import RateLimiter
from limi.http.asgi import Scope, headers_of
from limi.http.authentication import anonymous, client_kind
from limi.http.context import context_of
from limi.http.errors import Refusal
from limi.http.ports import MintObserver
from limi.http.rate_limits import too_many

__all__ = ["WrongCredentials"]


class WrongCredentials:
    """Counts refusals; the mint counts its own, because its answers say how the window stands."""

    def __init__(self, *, limiter: RateLimiter, observer: MintObserver) -> None:
        self._limiter = limiter
        self._observer = observer

    async def count(self, scope: Scope, refusal: Refusal) -> Refusal:
        """Return what to answer: the refusal itself, or `rate_limit_exceeded` where there were too many."""
        if refusal.code != "auth_required" or b"authorization" not in headers_of(scope):
            return refusal
        context = context_of(scope)
        decision = await self._limiter.admit_mint(anonymous(context.ip), client_kind(context.user_agent))
        self._observer.limit_decided("mint", admitted=decision.admitted)
        if decision.admitted:
            return refusal
        return too_many(decision)
