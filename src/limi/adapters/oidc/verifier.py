"""Says who bears a token (RFC 7519), after checking everything about it that can be wrong.

Cheap checks come first: what is no token of ours costs no signature and moves no key. The order betrays nothing,
because every refusal looks the same from outside. Of the header only `alg`, `kid` and `typ` are used: keys or
addresses of keys that a token brings along (`jwk`, `jku`, `x5c`, `x5u`) would let it vouch for itself.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import msgspec
import structlog
from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.util import urlsafe_b64decode

from limi.adapters.oidc.claims import ClaimRules
from limi.adapters.oidc.fetching import HTTPSFetch
from limi.adapters.oidc.key_source import Fetch, KeySource
from limi.adapters.oidc.signing_keys import PublicKey
from limi.kernel.clock import Clock
from limi.kernel.principal import Principal
from limi.kernel.settings import OIDCSettings
from limi.kernel.tokens import InvalidTokenError

__all__ = ["OIDCVerifier", "open_verifier"]

_log = structlog.get_logger()

_TYPES: Final = frozenset({"jwt", "at+jwt", "application/at+jwt"})
"""Kinds of token that may open a door (RFC 8725 §3.11); others, as `logout+jwt`, say something else."""


class _Header(msgspec.Struct, frozen=True):
    alg: str
    kid: str | None = None
    typ: str | None = None
    crit: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    b64: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


_HEADER: Final = msgspec.json.Decoder(_Header)
_CLAIMS: Final = msgspec.json.Decoder(dict[str, object])
_UNREADABLE: Final = (JoseError, msgspec.MsgspecError, ValueError, TypeError, RecursionError)
"""What decoders raise over bytes that somebody made up."""


@dataclass(frozen=True, slots=True)
class _Checked:
    """A token that was found good."""

    principal: Principal
    until: float
    generation: int


class OIDCVerifier:
    """Checks tokens of one issuer, and remembers the good ones, for a mint must not pay a signature each."""

    def __init__(self, *, settings: OIDCSettings, keys: KeySource, clock: Clock) -> None:
        """Keep the parts.

        Args:
            settings: whose tokens, and how they are read.
            keys: the issuer's.
            clock: time.
        """
        self._settings = settings
        self._keys = keys
        self._clock = clock
        self._rules = ClaimRules(settings, clock=clock)
        self._registry = _Registry(settings)
        # By hash, so that no list of working credentials lies in memory.
        self._checked: OrderedDict[bytes, _Checked] = OrderedDict()

    async def verify(self, token: str) -> Principal:
        """Return who bears `token`.

        Raises:
            InvalidTokenError: it is not good.
            AccessUnavailableError: nobody can say, for want of the issuer's keys.
        """
        if len(token) > self._settings.max_token_bytes or not token.isascii():
            raise InvalidTokenError("it is too long, or not ASCII")
        digest = hashlib.sha256(token.encode()).digest()
        known = self._checked.get(digest)
        if known is not None and self._still_holds(known):
            self._checked.move_to_end(digest)
            return known.principal
        self._checked.pop(digest, None)
        try:
            checked = await self._check(token)
        except InvalidTokenError as exc:
            # At the level of whoever sets a login up; in production the callers would write the log.
            _log.debug("oidc.token.refused", issuer=self._settings.issuer, reason=str(exc))
            raise
        self._checked[digest] = checked
        if len(self._checked) > self._settings.cache_entries:
            self._checked.popitem(last=False)
        return checked.principal

    async def close(self) -> None:
        """Let the keys go."""
        await self._keys.close()

    def _still_holds(self, known: _Checked) -> bool:
        return (
            self._keys.are_fresh()
            and known.generation == self._keys.generation
            and self._clock.now() < known.until
        )

    async def _check(self, token: str) -> _Checked:
        signed, header = self._open(token)
        try:
            claims = _CLAIMS.decode(signed.payload)
        except _UNREADABLE:
            raise InvalidTokenError("its claims are no JSON object") from None
        until = self._rules.check(claims)
        keys = await self._keys.matching(header.kid, header.alg)
        # Taken before the signature, so that a key withdrawn from now on makes this result an old one.
        generation = self._keys.generation
        if not any(self._is_signed_by(signed, key) for key in keys):
            raise InvalidTokenError("no key of the issuer made its signature")
        return _Checked(self._rules.principal(claims), until, generation)

    def _open(self, token: str) -> tuple[jws.CompactSignature, _Header]:
        try:
            header = _HEADER.decode(urlsafe_b64decode(token.partition(".")[0].encode()))
            signed = jws.extract_compact(token.encode(), registry=self._registry)
        except _UNREADABLE:
            raise InvalidTokenError("it is no signed JWT") from None
        if header.alg not in self._settings.algorithms:
            raise InvalidTokenError("its algorithm is not accepted")
        if header.crit is not msgspec.UNSET or header.b64 is not msgspec.UNSET:
            # RFC 7515 §4.1.11: what it says must be understood is not. RFC 7797 §7 keeps `b64` out of JWTs.
            raise InvalidTokenError("its header asks for extensions")
        if header.typ is not None and header.typ.lower() not in _TYPES:
            raise InvalidTokenError("it is of another type than JWT or at+jwt")
        return signed, header

    def _is_signed_by(self, signed: jws.CompactSignature, key: PublicKey) -> bool:
        try:
            return jws.validate_compact(signed, key, registry=self._registry)
        except _UNREADABLE:
            return False


def open_verifier(
    settings: OIDCSettings, *, clock: Clock, user_agent: str, fetch: Fetch | None = None
) -> OIDCVerifier:
    """Return a verifier for the issuer of `settings`.

    Args:
        settings: with an issuer.
        clock: time.
        user_agent: what the issuer is told of its client.
        fetch: how its documents are read; by https unless given.
    """
    https = HTTPSFetch(
        timeout_seconds=settings.timeout_seconds,
        max_bytes=settings.max_response_bytes,
        user_agent=user_agent,
        proxy=settings.proxy,
    )
    keys = KeySource(settings=settings, fetch=fetch or https, clock=clock)
    return OIDCVerifier(settings=settings, keys=keys, clock=clock)


class _Registry(jws.JWSRegistry):
    """The library's rules with our bounds, and exactly our algorithms."""

    max_header_length = 4096  # the library's 512 have no room for the certificates that some issuers put there
    max_signature_length = 1366  # of an RSA key of 8192 bits, in base64

    def __init__(self, settings: OIDCSettings) -> None:
        # Members that nobody knows are ignored (RFC 7515 §4); those that must not be are refused above.
        super().__init__(algorithms=settings.algorithms, strict_check_header=False)
        self._accepted: Collection[str] = frozenset(settings.algorithms)

    def get_alg(self, name: str) -> JWSAlgModel:
        """Return an accepted algorithm; the library's own method warns of the name EdDSA, which issuers use."""
        if name not in self._accepted:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]
