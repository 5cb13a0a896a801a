"""What profiles need from outside: a place that keeps them, a tenant's existence, and the rules of a session."""

from collections.abc import Sequence
from typing import Protocol

from limi.features.profiles.model import ProfileVersion
from limi.kernel.settings import Profile

__all__ = ["KnownTenants", "ProfileRules", "ProfileStore"]


class ProfileStore(Protocol):
    """Keeps versions, and adds to them only. Each addition moves the revision in the same transaction.

    Every method raises `AccessUnavailableError` when the store cannot be read or written.
    """

    async def add(self, version: ProfileVersion) -> bool:
        """Keep a new version; return False where there is one of its number."""

    async def newest(self, name: str, *, tenant: str | None) -> ProfileVersion | None:
        """Return the newest version of this tenant's, or of the global one where that is None; also a deletion."""

    async def find(self, name: str, *, tenant: str | None, version: int) -> ProfileVersion | None:
        """Return one version."""

    async def page(self, *, tenant: str | None, after: str | None, limit: int) -> Sequence[ProfileVersion]:
        """Return the newest versions of up to `limit` profiles whose names come after `after`, in order of names.

        Deleted profiles are left out.
        """

    async def versions(self, name: str, *, tenant: str | None, limit: int) -> Sequence[ProfileVersion]:
        """Return up to `limit` versions, the newest first, deletions too."""


class KnownTenants(Protocol):
    """Says whether a tenant is there."""

    async def exists(self, tenant_id: str) -> bool:
        """Say whether there is one of that id, active or suspended."""


class ProfileRules(Protocol):
    """Says what upstream would refuse."""

    def __call__(self, profile: Profile, /) -> None:
        """Return when sessions can be made of `profile`.

        Raises:
            SettingsError: they cannot; the message names the member.
        """
