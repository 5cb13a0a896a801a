"""Who is calling. A credential that is not valid is refused; it never makes its bearer anonymous."""

import re
from functools import lru_cache
from typing import Final

from limi.http.addresses import caller_of
from limi.http.asgi import Scope, headers_of
from limi.http.context import context_of
from limi.http.errors import Refusal
from limi.kernel.principal import ClientKind, Principal
from limi.kernel.principal import Scope as Grant
from limi.kernel.secret import Secret

__all__ = ["Authenticator", "anonymous", "client_kind"]

_BEARER: Final = re.compile(rb"[Bb]earer +([\x21-\x7e]+) *\Z")
_MOBILE: Final = re.compile(r"android|iphone|ipad|mobile|okhttp|cfnetwork|react-native|expo", re.IGNORECASE)
_DESKTOP: Final = re.compile(r"windows|macintosh|x11|linux|cros|electron", re.IGNORECASE)
_CHALLENGE: Final = ((b"www-authenticate", b'Bearer realm="limi"'),)

_ADMIN: Final = Principal(caller="key:admin", scopes=frozenset({Grant.ADMIN}))


class Authenticator:
    """Knows the operator's key, and whether callers may come without one."""

    def __init__(self, *, admin_key: Secret, allow_anonymous: bool) -> None:
        self._admin_key = admin_key
        self._allow_anonymous = allow_anonymous

    def identify(self, scope: Scope) -> Principal | None:
        """Return the caller of a valid credential, or None where none was sent.

        Raises:
            Refusal: `auth_required`, for a credential that is not valid.
        """
        value = headers_of(scope).get(b"authorization")
        if value is None:
            return None
        found = _BEARER.match(value)
        if found is None or not self._admin_key.matches(found[1].decode("ascii")):
            raise Refusal("auth_required", headers=_CHALLENGE)
        return _ADMIN

    def require(self, scope: Scope, grant: Grant) -> Principal:
        """Return a caller who holds `grant` by a credential.

        Raises:
            Refusal: `auth_required` without a valid credential, `forbidden` when it does not allow this.
        """
        principal = self.identify(scope)
        if principal is None:
            raise Refusal("auth_required", headers=_CHALLENGE)
        if not principal.may(grant):
            raise Refusal("forbidden", message=f"scope: this needs a key with the scope `{grant}`")
        return principal

    def admit(self, scope: Scope, grant: Grant) -> Principal:
        """Return a caller with `grant`; an anonymous one where the settings allow that.

        Raises:
            Refusal: as `require`.
        """
        if self._allow_anonymous and b"authorization" not in headers_of(scope):
            return anonymous(context_of(scope).ip)
        return self.require(scope, grant)


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
