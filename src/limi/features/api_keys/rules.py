"""What a key's members may be, and that nobody hands out more than they have."""

import re
from dataclasses import dataclass
from typing import Final

from limi.features.api_keys.errors import InvalidKeyError, KeyForbiddenError
from limi.features.api_keys.model import ApiKey
from limi.kernel.principal import Scope

__all__ = ["KEY_RULES", "MAX_OVERLAP_SECONDS", "Powers", "check_key", "check_within"]

MAX_OVERLAP_SECONDS: Final = 30 * 24 * 3600
"""A month: longer, and the rotation has not happened."""

KEY_RULES: Final = {
    "name": "must be 1–100 characters without control characters",
    "scopes": f"must name at least one of {', '.join(Scope)}",
    "tenant": "must be the id of a tenant, or nothing for a key of the operator's",
    "origins": "must name 1–100 origins such as https://app.example.com, or nothing for every use",
    "models": "must name 1–100 models of 1–100 visible characters, or nothing for all",
    "profiles": "must name 1–100 profiles of 1–64 characters of a–z 0–9 -, or nothing for all",
    "max_ttl_seconds": "must be a whole number from 10 to 7,200, or nothing for the profile's",
    "tokens_per_minute": "must be a whole number from 1 to 1,000,000, or nothing for the tenant's",
    "expires_at": "must be in the future and before the year 10000, or nothing for never",
    "overlap_seconds": f"must be a whole number from 0 to {MAX_OVERLAP_SECONDS:,}",
}
"""The rule of each member in words, for error messages and the API description."""

_NAME: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,100}")
_ORIGIN: Final = re.compile(r"[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[1-9][0-9]{0,4})?")
_MODEL: Final = re.compile(r"[\x21-\x7e]{1,100}")
_PROFILE: Final = re.compile(r"[a-z0-9-]{1,64}")
_MOST_NAMES: Final = 100
_MOST_PER_MINUTE: Final = 1_000_000
_LIFE: Final = range(10, 7201)
"""What upstream allows an ephemeral key, in seconds."""
_YEAR_10000: Final = 253_402_300_800


@dataclass(frozen=True, slots=True, kw_only=True)
class Powers:
    """What whoever makes or rotates a key has; None where nothing bounds it."""

    caller: str
    scopes: frozenset[Scope]
    tenant: str | None = None
    origins: frozenset[str] | None = None
    models: frozenset[str] | None = None
    profiles: frozenset[str] | None = None
    max_ttl_seconds: int | None = None
    tokens_per_minute: int | None = None
    expires_at: float | None = None
    ceiling_per_minute: int | None = None
    """What every caller of the tenant has by default: more may not be given, and nothing need be."""


def check_key(key: ApiKey) -> None:
    """Return when every member of a key that is to be made follows its rule.

    Raises:
        InvalidKeyError: naming the first that does not.
    """
    now = key.created_at
    _require("name", fits=_NAME.fullmatch(key.name) is not None)
    _require("scopes", fits=bool(key.scopes))
    _require("origins", fits=_are_names(key.origins, _ORIGIN))
    _require("models", fits=_are_names(key.models, _MODEL))
    _require("profiles", fits=_are_names(key.profiles, _PROFILE))
    _require("max_ttl_seconds", fits=key.max_ttl_seconds is None or key.max_ttl_seconds in _LIFE)
    limit = key.tokens_per_minute
    _require("tokens_per_minute", fits=limit is None or 1 <= limit <= _MOST_PER_MINUTE)
    _require("expires_at", fits=key.expires_at is None or now < key.expires_at < _YEAR_10000)


def check_within(key: ApiKey, powers: Powers) -> None:
    """Return when `key` opens nothing that `powers` do not.

    Raises:
        KeyForbiddenError: naming the first member by which it would.
    """
    if powers.tenant is not None and key.tenant != powers.tenant:
        raise KeyForbiddenError(field="tenant", rule=f"must be `{powers.tenant}`, the tenant of this caller")
    if Scope.ADMIN not in powers.scopes and not key.scopes <= powers.scopes:
        raise KeyForbiddenError(field="scopes", rule="may not name a scope that this caller does not have")
    for field in ("origins", "models", "profiles"):
        held: frozenset[str] | None = getattr(powers, field)
        wanted: frozenset[str] | None = getattr(key, field)
        if held is not None and (wanted is None or not wanted <= held):
            raise KeyForbiddenError(field=field, rule="must be among those of this caller")
    for field in ("max_ttl_seconds", "tokens_per_minute", "expires_at"):
        most: float | None = getattr(powers, field)
        asked: float | None = getattr(key, field)
        if most is not None and (asked is None or asked > most):
            raise KeyForbiddenError(field=field, rule="may not be more than this caller's")
    limit, ceiling = key.tokens_per_minute, powers.ceiling_per_minute
    if ceiling is not None and limit is not None and limit > ceiling:
        raise KeyForbiddenError(field="tokens_per_minute", rule="may not be more than this caller's")


def _require(field: str, *, fits: bool) -> None:
    if not fits:
        raise InvalidKeyError(field=field, rule=KEY_RULES[field])


def _are_names(names: frozenset[str] | None, pattern: re.Pattern[str]) -> bool:
    return names is None or (1 <= len(names) <= _MOST_NAMES and all(map(pattern.fullmatch, names)))
