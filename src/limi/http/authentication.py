"""Who is calling. A credential that is not valid is refused; it never makes its bearer anonymous.

A credential is the operator's key, which works without a database; or a key of Limi; or a token of the product's
own login. Then the tenant that it names must be there and not suspended.
"""

import re
from dataclasses import replace
from functools import lru_cache
from typing import Final

from limi.features.tenants.model import Tenant
from limi.http.addresses import caller_of
from limi.http.asgi import Scope, headers_of
from limi.http.context import context_of
from limi.http.errors import Refusal
from limi.http.ports import ApiKeys, InvalidTokenError, Tenants, TokenVerifier
from limi.kernel.principal import ClientKind, Principal
from limi.kernel.principal import Scope as Grant
from limi.kernel.secret import Secret

__all__ = ["Authenticator", "anonymous", "client_kind"]

_BEARER: Final = re.compile(rb"[Bb]earer +([\x21-\x7e]+) *\Z")
_MOBILE: Final = re.compile(r"android|iphone|ipad|mobile|okhttp|cfnetwork|react-native|expo", re.IGNORECASE)
_DESKTOP: Final = re.compile(r"windows|macintosh|x11|linux|cros|electron", re.IGNORECASE)
_CHALLENGE: Final = ((b"www-authenticate", b'Bearer realm="limi"'),)

_KEY_PREFIX: Final = "limi_sk_"
_ADMIN: Final = Principal(caller="key:admin", scopes=frozenset({Grant.ADMIN}))
_MAX_JOINED: Final = 10_000
"""Callers of tenants whose permissions are kept as they are together with their tenant's; about 1 KiB each."""

_Names = frozenset[str] | None


class Authenticator:
    """Knows the operator's key, whom it may ask about others, and whether callers may come without any."""

    def __init__(
        self,
        *,
        admin_key: Secret,
        allow_anonymous: bool,
        keys: ApiKeys | None = None,
        tokens: TokenVerifier | None = None,
        tenants: Tenants | None = None,
    ) -> None:
        """Keep the parts.

        Args:
            admin_key: the operator's.
            allow_anonymous: whether callers without a credential may mint.
            keys: knows Limi's keys; without it none is valid.
            tokens: knows the tokens of an issuer; without it none is valid.
            tenants: knows the tenants; without it there are none.
        """
        self._admin_key = admin_key
        self._allow_anonymous = allow_anonymous
        self._keys = keys
        self._tokens = tokens
        self._tenants = tenants
        self._joined: dict[str, tuple[Principal, Tenant, Principal]] = {}

    async def identify(self, scope: Scope) -> Principal | None:
        """Return the caller of a valid credential, or None where none was sent.

        Raises:
            Refusal: `auth_required`, for a credential that is not valid; `tenant_suspended`, for a valid one.
            ApiKeyError: for a key that is not for pages of this origin.
            AccessUnavailableError: it cannot be found out whether it is valid.
        """
        value = headers_of(scope).get(b"authorization")
        if value is None:
            return None
        found = _BEARER.match(value)
        if found is None:
            raise _not_valid()
        token = found[1].decode("ascii")
        if self._admin_key.matches(token):
            return _ADMIN
        principal = await self._ask(token, scope)
        if principal is None:
            raise _not_valid()
        return principal if principal.tenant is None else await self._with_tenant(principal, principal.tenant)

    async def require(self, scope: Scope, grant: Grant) -> Principal:
        """Return a caller who holds `grant` by a credential.

        Raises:
            Refusal: `auth_required` without a valid credential, `forbidden` when it does not allow this.
            ApiKeyError: as `identify`.
            AccessUnavailableError: as `identify`.
        """
        principal = await self.identify(scope)
        if principal is None:
            raise _not_valid()
        if not principal.may(grant):
            raise Refusal("forbidden", message=f"scope: this needs a key with the scope `{grant}`")
        return principal

    async def admit(self, scope: Scope, grant: Grant) -> Principal:
        """Return a caller with `grant`; an anonymous one where the settings allow that.

        Raises:
            Refusal: as `require`.
            ApiKeyError: as `identify`.
            AccessUnavailableError: as `identify`.
        """
        if self._allow_anonymous and b"authorization" not in headers_of(scope):
            return anonymous(context_of(scope).ip)
        return await self.require(scope, grant)

    async def _ask(self, token: str, scope: Scope) -> Principal | None:
        if token.startswith(_KEY_PREFIX):
            if self._keys is None:
                return None
            origin = headers_of(scope).get(b"origin")
            return await self._keys.authenticate(token, origin=origin.decode("latin-1") if origin else None)
        if self._tokens is None:
            return None
        try:
            return await self._tokens.verify(token)
        except InvalidTokenError:
            return None

    async def _with_tenant(self, principal: Principal, tenant_id: str) -> Principal:
        """Return the caller with what its tenant allows it; both are kept until one of them changes."""
        tenant = await self._tenants.find(tenant_id) if self._tenants else None
        if tenant is None:
            raise _not_valid()
        if not tenant.active:
            raise Refusal("tenant_suspended")
        kept = self._joined.get(principal.caller)
        # The very objects, and not equal ones: whatever changed came back as another.
        if kept is not None and kept[0] is principal and kept[1] is tenant:
            return kept[2]
        joined = _join(principal, tenant)
        self._joined[principal.caller] = (principal, tenant, joined)
        if len(self._joined) > _MAX_JOINED:
            del self._joined[next(iter(self._joined))]
        return joined


@lru_cache(maxsize=4096)
def anonymous(ip: str) -> Principal:
    """Return the caller that an address alone tells of."""
    return Principal(caller=caller_of(ip), scopes=frozenset({Grant.MINT}), anonymous=True)


@lru_cache(maxsize=1024)
def client_kind(user_agent: str | None) -> ClientKind:
    """Tell the kind of device from the user agent."""
    if user_agent and _MOBILE.search(user_agent):
        return ClientKind.MOBILE
    if user_agent and _DESKTOP.search(user_agent):
        return ClientKind.DESKTOP
    return ClientKind.OTHER


def _not_valid() -> Refusal:
    return Refusal("auth_required", headers=_CHALLENGE)


def _join(principal: Principal, tenant: Tenant) -> Principal:
    return replace(
        principal,
        models=_both(principal.models, tenant.models),
        profiles=_both(principal.profiles, tenant.profiles),
        tenant_tokens_per_minute=tenant.tokens_per_minute,
        tenant_connections_per_minute=tenant.connections_per_minute,
    )


def _both(one: _Names, other: _Names) -> _Names:
    """Return what both allow, where None allows everything."""
    if one is None or other is None:
        return one if other is None else other
    return one & other
