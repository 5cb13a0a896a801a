"""What a tenant's members may be, and what is said of one that is not."""

import re
from typing import Final

from limi.features.tenants.errors import InvalidTenantError
from limi.features.tenants.model import Tenant

__all__ = ["TENANT_RULES", "check_tenant", "check_tenant_id"]

TENANT_RULES: Final = {
    "id": "must be 1–40 characters of a–z 0–9 -",
    "name": "must be 1–100 characters without control characters",
    "tokens_per_minute": "must be a whole number from 1 to 1,000,000, or nothing for no limit",
    "connections_per_minute": "must be a whole number from 1 to 1,000,000, or nothing for no limit",
    "models": "must name 1–100 models of 1–100 visible characters, or nothing for all",
    "profiles": "must name 1–100 profiles of 1–64 characters of a–z 0–9 -, or nothing for all",
}
"""The rule of each member in words, for error messages and the API description."""

_ID: Final = re.compile(r"[a-z0-9-]{1,40}")
_NAME: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,100}")
_MODEL: Final = re.compile(r"[\x21-\x7e]{1,100}")
_PROFILE: Final = re.compile(r"[a-z0-9-]{1,64}")
_MOST_NAMES: Final = 100
_MOST_PER_MINUTE: Final = 1_000_000


def check_tenant_id(tenant_id: str) -> None:
    """Return when an id may be given.

    Raises:
        InvalidTenantError: it breaks the rule.
    """
    _require("id", fits=_ID.fullmatch(tenant_id) is not None)


def check_tenant(tenant: Tenant) -> None:
    """Return when every member follows its rule.

    Raises:
        InvalidTenantError: naming the first that does not.
    """
    _require("name", fits=_NAME.fullmatch(tenant.name) is not None)
    _require("tokens_per_minute", fits=_is_limit(tenant.tokens_per_minute))
    _require("connections_per_minute", fits=_is_limit(tenant.connections_per_minute))
    _require("models", fits=_are_names(tenant.models, _MODEL))
    _require("profiles", fits=_are_names(tenant.profiles, _PROFILE))


def _require(field: str, *, fits: bool) -> None:
    if not fits:
        raise InvalidTenantError(field=field, rule=TENANT_RULES[field])


def _is_limit(value: int | None) -> bool:
    return value is None or 1 <= value <= _MOST_PER_MINUTE


def _are_names(names: frozenset[str] | None, pattern: re.Pattern[str]) -> bool:
    return names is None or (1 <= len(names) <= _MOST_NAMES and all(map(pattern.fullmatch, names)))
