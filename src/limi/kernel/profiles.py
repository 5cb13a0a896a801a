"""A profile with where it comes from, as it passes from those who keep profiles to those who use them."""

from dataclasses import dataclass

from limi.kernel.settings import Profile

__all__ = ["NamedProfile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedProfile:
    """One version of a named session config. Name, tenant and version tell it from every other."""

    name: str
    tenant: str | None = None
    """Whose it is; None for a profile of the whole server."""
    version: int = 0
    """0 for a profile of the configuration file, which has no versions."""
    profile: Profile
