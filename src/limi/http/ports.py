"""What the HTTP layer needs from outside: whom it asks who is calling, and whom it tells what happened."""

from typing import Protocol

from limi.features.tenants.model import Tenant
from limi.kernel.principal import Principal
from limi.kernel.tokens import InvalidTokenError

__all__ = ["ApiKeys", "InvalidTokenError", "MintObserver", "RequestObserver", "Tenants", "TokenVerifier"]


class ApiKeys(Protocol):
    """Knows Limi's own keys."""

    async def authenticate(self, token: str, *, origin: str | None) -> Principal | None:
        """Return whom `token` belongs to, None where it is no valid key.

        Args:
            token: what follows `Bearer`; it begins with `limi_sk_`.
            origin: the request's `Origin` header, None without.

        Raises:
            ApiKeyError: the key is valid, but not for pages of this origin.
            AccessUnavailableError: it cannot be found out.
        """


class TokenVerifier(Protocol):
    """Knows the tokens of a product's own login."""

    async def verify(self, token: str) -> Principal:
        """Return whom `token` speaks of: tenant, user, scopes and variables from its claims.

        The same object comes back for the same token while it is cached, so that what is made of it is kept too.

        Raises:
            InvalidTokenError: it is not valid.
            AccessUnavailableError: nobody can say, because the issuer's keys cannot be had.
        """


class Tenants(Protocol):
    """Knows the tenants."""

    async def find(self, tenant_id: str) -> Tenant | None:
        """Return a tenant, None where there is none.

        Raises:
            AccessUnavailableError: it cannot be found out.
        """


class RequestObserver(Protocol):
    """Counts every request, whatever it is for."""

    def request_began(self, kind: str) -> None:
        """Take note of a request; `kind` is ASGI's, `http` or `websocket`."""

    def request_ended(self, kind: str, route: str, method: str, status: int | None, seconds: float) -> None:
        """Take note of its end.

        Args:
            kind: as for `request_began`.
            route: one of a closed set, never the path itself.
            method: what the client said, which may be anything.
            status: what was answered; None where the client left before.
            seconds: how long it took.
        """

    def error_answered(self, code: str) -> None:
        """Take note of an answer with an error of the catalogue; the mint tells of its own by `mint_ended`."""


class MintObserver(Protocol):
    """Counts what happens at the mint."""

    def mint_ended(self, outcome: str, code: str, seconds: float) -> None:
        """Take note of one answered request; `code` is the error's, or empty."""

    def limit_decided(self, window: str, *, admitted: bool) -> None:
        """Take note of one decision of the limiter over `mint` or `connect`."""
