"""What is known of a profile in the database."""

from dataclasses import dataclass

from limi.kernel.settings import Profile

__all__ = ["ProfileVersion"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileVersion:
    """One version of a profile; versions never change."""

    name: str
    """1–64 characters of a–z 0–9 -."""
    tenant: str | None
    """Whose it is; None for a global one, which every tenant may use."""
    version: int
    """Grows by one with each, from 1, and goes on after a deletion."""
    profile: Profile | None
    """None in the version that is a deletion."""
    created_at: float
    """Unix seconds."""
    created_by: str
    """Who made it, as `Principal.caller`."""
