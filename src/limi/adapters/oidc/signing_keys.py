"""The public keys of an issuer: a JSON Web Key Set (RFC 7517) of which only what can check a signature is kept.

What a key may be used for is settled here, once: by its kind and curve, by what the set says of it, and by the
algorithms that the operator accepts. A token only chooses among what is left, so it cannot have an RSA key taken
for the secret of an HMAC (RFC 8725 §2.1).
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import DictKey, ECKey, OKPKey, RSAKey
from joserfc.util import base64_to_int

__all__ = ["PublicKey", "SigningKeys"]

PublicKey = RSAKey | ECKey | OKPKey

_MOST_KEYS: Final = 100
"""Issuers publish two to ten keys; each one more costs its parsing with every renewal."""
_RSA_BITS: Final = range(2048, 8193)
"""Shorter ones can be broken (NIST SP 800-131A), and longer ones make every check slow."""
_RSA: Final = frozenset({"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"})
_BY_CURVE: Final[Mapping[tuple[str, str | None], frozenset[str]]] = {
    ("EC", "P-256"): frozenset({"ES256"}),
    ("EC", "P-384"): frozenset({"ES384"}),
    ("EC", "P-521"): frozenset({"ES512"}),
    ("OKP", "Ed25519"): frozenset({"EdDSA"}),
}


class _JWKSet(msgspec.Struct, frozen=True):
    keys: list[msgspec.Raw]


class _JWK(msgspec.Struct, frozen=True):
    """The members that are looked at. A private part that was published by mistake is not among them."""

    kty: str
    kid: str | None = None
    use: str | None = None
    alg: str | None = None
    key_ops: list[str] | None = None
    n: str | None = None
    e: str | None = None
    crv: str | None = None
    x: str | None = None
    y: str | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    kid: str | None
    algorithms: frozenset[str]
    key: PublicKey


class SigningKeys:
    """One issuer's keys at one moment."""

    def __init__(self, entries: Sequence[_Entry]) -> None:
        self._entries = tuple(entries)
        self.thumbprints = frozenset(entry.key.thumbprint() for entry in entries)
        """What each key is known by (RFC 7638): a renewal that lacks one has withdrawn it."""

    @classmethod
    def parse(cls, body: bytes, *, algorithms: Collection[str]) -> "SigningKeys":
        """Read a key set; keys of other kinds, for other uses or too weak are left out.

        Args:
            body: JSON.
            algorithms: those that are accepted.

        Raises:
            ValueError: it is no key set, or holds nothing that can be used.
        """
        try:
            raw = msgspec.json.decode(body, type=_JWKSet).keys
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise ValueError("what the issuer answered is no key set") from None
        if len(raw) > _MOST_KEYS:
            msg = f"the issuer's key set holds more than {_MOST_KEYS} keys"
            raise ValueError(msg)
        entries = [entry for key in raw if (entry := _read(key, frozenset(algorithms))) is not None]
        if not entries:
            raise ValueError("the issuer's key set holds no key of a kind that is accepted")
        return cls(entries)

    def knows(self, kid: str) -> bool:
        """Say whether any key has this name, whatever it is good for."""
        return any(entry.kid == kid for entry in self._entries)

    def matching(self, kid: str | None, algorithm: str) -> Sequence[PublicKey]:
        """Return the keys that may have made a signature.

        Names need not be unique (RFC 7517 §4.5), so there may be several. A token that names none is checked where
        there is no choice, and nowhere else.
        """
        fitting = [entry for entry in self._entries if algorithm in entry.algorithms]
        if kid is None:
            return [entry.key for entry in fitting] if len(fitting) == 1 else []
        return [entry.key for entry in fitting if entry.kid == kid]


def _read(raw: msgspec.Raw, accepted: frozenset[str]) -> _Entry | None:
    try:
        jwk = msgspec.json.decode(raw, type=_JWK)
        algorithms = _algorithms(jwk) & accepted
        if not algorithms or not _is_for_signatures(jwk):
            return None
        return _Entry(jwk.kid, algorithms, _import(jwk))
    except (msgspec.MsgspecError, JoseError, ValueError, TypeError, RecursionError):
        # One key that nobody can read must not take the others away (RFC 7517 §5).
        return None


def _algorithms(jwk: _JWK) -> frozenset[str]:
    by_kind = _RSA if jwk.kty == "RSA" else _BY_CURVE.get((jwk.kty, jwk.crv), frozenset())
    # RFC 9864 calls EdDSA by the name of its curve.
    named = "EdDSA" if jwk.alg == "Ed25519" else jwk.alg
    return by_kind if named is None else by_kind & {named}


def _is_for_signatures(jwk: _JWK) -> bool:
    return jwk.use in {None, "sig"} and (jwk.key_ops is None or "verify" in jwk.key_ops)


def _import(jwk: _JWK) -> PublicKey:
    """Make the key, of its public members alone.

    Raises:
        ValueError: it is too weak, or no such key.
        JoseError: as ValueError.
    """
    wanted = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}[jwk.kty]
    members: DictKey = {"kty": jwk.kty}
    for name in wanted:
        value: str | None = getattr(jwk, name)
        if value is None:
            msg = f"a key lacks {name}"
            raise ValueError(msg)
        members[name] = value
    if jwk.kty == "EC":
        return ECKey.import_key(members)
    if jwk.kty == "OKP":
        return OKPKey.import_key(members)
    if jwk.n is None or base64_to_int(jwk.n).bit_length() not in _RSA_BITS:
        raise ValueError("an RSA key is too short or too long")
    return RSAKey.import_key(members)
