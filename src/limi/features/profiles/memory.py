"""Profiles in memory: a working store for tests and for those who build on Limi."""

from collections.abc import Callable, Sequence

from limi.features.profiles.model import ProfileVersion

__all__ = ["InMemoryProfileStore"]


class InMemoryProfileStore:
    """Implements `ProfileStore`; nothing outlives the process."""

    def __init__(self, *, moved: Callable[[], None]) -> None:
        """Begin empty.

        Args:
            moved: called with each change, where the revision moves.
        """
        self._moved = moved
        self._versions: dict[tuple[str | None, str], list[ProfileVersion]] = {}

    async def add(self, version: ProfileVersion) -> bool:
        """Keep a new version; return False where there is one of its number."""
        known = self._versions.setdefault((version.tenant, version.name), [])
        if any(other.version == version.version for other in known):
            return False
        known.append(version)
        known.sort(key=lambda other: other.version)
        self._moved()
        return True

    async def newest(self, name: str, *, tenant: str | None) -> ProfileVersion | None:
        """Return the newest version, a deletion too."""
        known = self._versions.get((tenant, name))
        return known[-1] if known else None

    async def find(self, name: str, *, tenant: str | None, version: int) -> ProfileVersion | None:
        """Return one version."""
        known = self._versions.get((tenant, name), ())
        return next((other for other in known if other.version == version), None)

    async def page(self, *, tenant: str | None, after: str | None, limit: int) -> Sequence[ProfileVersion]:
        """Return the newest versions of up to `limit` profiles, in order of names, without deleted ones."""
        newest = [known[-1] for (owner, _), known in self._versions.items() if known and owner == tenant]
        there = [version for version in newest if version.profile is not None]
        rest = [version for version in there if after is None or version.name > after]
        return sorted(rest, key=lambda version: version.name)[:limit]

    async def versions(self, name: str, *, tenant: str | None, limit: int) -> Sequence[ProfileVersion]:
        """Return up to `limit` versions, the newest first, deletions too."""
        return self._versions.get((tenant, name), [])[::-1][:limit]

    def drop_all(self, tenant: str) -> None:
        """Let go of the profiles of a tenant that is deleted."""
        for owner, name in list(self._versions):
            if owner == tenant:
                del self._versions[owner, name]
