"""Profiles in the database: put, listed and deleted by operators, chosen by requests."""

import re
from collections.abc import Awaitable, Mapping, Sequence
from functools import partial
from typing import Final

import msgspec

from limi.features.profiles.errors import InvalidProfileError, ProfileNotAllowedError, ProfileNotFoundError
from limi.features.profiles.model import ProfileVersion
from limi.features.profiles.ports import KnownTenants, ProfileRules, ProfileStore
from limi.kernel.changes import Changes
from limi.kernel.clock import Clock
from limi.kernel.facts import Fact, Origin, ProfileCreated, ProfileDeleted
from limi.kernel.principal import Principal
from limi.kernel.profiles import NamedProfile
from limi.kernel.revision import Revision, RevisionCache
from limi.kernel.settings import Profile, SettingsError

__all__ = ["MAX_PROFILE_BYTES", "PROFILE_RULES", "ProfileService"]

MAX_PROFILE_BYTES: Final = 65_536
"""What a profile may take as JSON: upstream accepts little more, and each version stays for ever."""

PROFILE_RULES: Final = {
    "name": "must be 1–64 characters of a–z 0–9 -",
    "tenant": "must be the id of a tenant, or nothing for a profile that all may use",
    "profile": f"must be at most {MAX_PROFILE_BYTES:,} bytes as JSON",
}
"""The rules of what is not a member of `limi.kernel.settings.Profile`, in words."""

_NAME: Final = re.compile(r"[a-z0-9-]{1,64}")
_ATTEMPTS: Final = 5
"""Times a version is numbered anew when others put the same profile at the same moment."""

_Choice = tuple[str | None, str]


class ProfileService:
    """Keeps profiles and says which one a name means.

    Every change is recorded before it is made (`limi.kernel.changes`) and moves the revision in its transaction.
    A name means the tenant's own profile, else the global one of the database, else that of the configuration.
    """

    def __init__(
        self,
        *,
        store: ProfileStore,
        tenants: KnownTenants,
        configured: Mapping[str, Profile],
        rules: ProfileRules,
        changes: Changes,
        revision: Revision,
        clock: Clock,
        max_cached: int = 10_000,
    ) -> None:
        self._store = store
        self._tenants = tenants
        self._configured = {name: NamedProfile(name=name, profile=profile) for name, profile in configured.items()}
        self._rules = rules
        self._changes = changes
        self._clock = clock
        # Not strict: a profile lets nobody in, and without a database the journal lets no key out either.
        self._chosen: RevisionCache[_Choice, NamedProfile] = RevisionCache(
            load=self._choose, revision=revision, max_entries=max_cached, strict=False
        )

    async def put(
        self, name: str, profile: Profile, *, tenant: str | None = None, by: Principal, origin: Origin
    ) -> ProfileVersion:
        """Make a new version of a profile, which mints use from then on.

        Args:
            name: the profile's.
            profile: what it is now.
            tenant: whose it is; None for that of `by`, or for a global one where `by` belongs to no tenant.
            by: who asks.
            origin: where the request came from.

        Raises:
            InvalidProfileError: a member breaks its rule, or upstream would refuse sessions of it.
            ProfileNotAllowedError: `by` may not change profiles of that tenant, or of that name.
            JournalUnavailableError: it could not be recorded, so it was not made.
            AccessUnavailableError: the store does not answer.
        """
        owner = _owner(tenant, by)
        _check_name(name, by)
        self._check(profile)
        if owner is not None and not await self._tenants.exists(owner):
            raise InvalidProfileError(field="tenant", rule=PROFILE_RULES["tenant"])
        return await self._add(ProfileCreated, name, owner, profile, by=by, origin=origin)

    async def delete(
        self, name: str, *, tenant: str | None = None, by: Principal, origin: Origin
    ) -> ProfileVersion:
        """Have a name mean what it meant without this profile; its versions stay to be read.

        Returns:
            The version that is the deletion.

        Raises:
            ProfileNotFoundError: there is none, or it is deleted already.
            ProfileNotAllowedError: as `put`.
            JournalUnavailableError: it could not be recorded, so nothing was changed.
            AccessUnavailableError: the store does not answer.
        """
        owner = _owner(tenant, by)
        _check_name(name, by)
        await self._existing(name, owner)
        return await self._add(ProfileDeleted, name, owner, None, by=by, origin=origin)

    async def get(
        self, name: str, *, tenant: str | None = None, version: int | None = None, by: Principal
    ) -> ProfileVersion:
        """Return a profile's newest version, or the one asked for, even where it is deleted since.

        Raises:
            ProfileNotFoundError: there is none, or it is deleted and no version was asked for.
            ProfileNotAllowedError: `by` may not see profiles of that tenant.
            AccessUnavailableError: the store does not answer.
        """
        owner = _owner(tenant, by)
        if version is None:
            return await self._existing(name, owner)
        found = await self._store.find(name, tenant=owner, version=version)
        if found is None:
            raise ProfileNotFoundError(name, version)
        return found

    async def list(
        self, *, tenant: str | None = None, after: str | None = None, limit: int = 100, by: Principal
    ) -> Sequence[ProfileVersion]:
        """Return the newest versions of up to `limit` profiles, by name, from the one that follows `after`.

        Raises:
            ProfileNotAllowedError: `by` may not see profiles of that tenant.
            AccessUnavailableError: the store does not answer.
        """
        return await self._store.page(tenant=_owner(tenant, by), after=after, limit=limit)

    async def versions(
        self, name: str, *, tenant: str | None = None, limit: int = 100, by: Principal
    ) -> Sequence[ProfileVersion]:
        """Return up to `limit` versions of a profile, the newest first, deletions too.

        Raises:
            ProfileNotFoundError: there is none.
            ProfileNotAllowedError: `by` may not see profiles of that tenant.
            AccessUnavailableError: the store does not answer.
        """
        found = await self._store.versions(name, tenant=_owner(tenant, by), limit=limit)
        if not found:
            raise ProfileNotFoundError(name)
        return found

    def resolve(self, name: str, tenant: str | None) -> Awaitable[NamedProfile | None]:
        """Return what `name` means for callers of `tenant`, None where it means nothing; from memory mostly.

        Raises:
            AccessUnavailableError: it is not known yet, and the store does not answer.
        """
        return self._chosen.get((tenant, name))

    async def _choose(self, choice: _Choice) -> NamedProfile | None:
        tenant, name = choice
        for owner in (tenant, None) if tenant is not None else (None,):
            newest = await self._store.newest(name, tenant=owner)
            if newest is not None and newest.profile is not None:
                return NamedProfile(name=name, tenant=owner, version=newest.version, profile=newest.profile)
        return self._configured.get(name)

    async def _existing(self, name: str, owner: str | None) -> ProfileVersion:
        newest = await self._store.newest(name, tenant=owner)
        if newest is None or newest.profile is None:
            raise ProfileNotFoundError(name)
        return newest

    async def _add(
        self,
        kind: type[Fact],
        name: str,
        owner: str | None,
        profile: Profile | None,
        *,
        by: Principal,
        origin: Origin,
    ) -> ProfileVersion:
        for _ in range(_ATTEMPTS):
            newest = await self._store.newest(name, tenant=owner)
            version = ProfileVersion(
                name=name,
                tenant=owner,
                version=newest.version + 1 if newest is not None else 1,
                profile=profile,
                created_at=self._clock.now(),
                created_by=by.caller,
            )
            made = await self._changes.make(
                kind,
                partial(self._store.add, version),
                origin=origin,
                tenant=owner,
                subject=f"profile:{name}@{version.version}",
            )
            if made:
                return version
        raise InvalidProfileError(field="name", rule="is being changed by others; try again")

    def _check(self, profile: Profile) -> None:
        if len(msgspec.json.encode(profile)) > MAX_PROFILE_BYTES:
            raise InvalidProfileError(field="profile", rule=PROFILE_RULES["profile"])
        try:
            self._rules(profile)
        except SettingsError as exc:
            field, _, rule = str(exc).partition(": ")
            raise InvalidProfileError(field=field, rule=rule or field) from exc


def _owner(tenant: str | None, by: Principal) -> str | None:
    """Return whose profile is meant; whoever belongs to a tenant means that one's."""
    if by.tenant is None:
        return tenant
    if tenant not in (None, by.tenant):
        raise ProfileNotAllowedError(field="tenant", rule=f"must be `{by.tenant}`, the tenant of this caller")
    return by.tenant


def _check_name(name: str, by: Principal) -> None:
    if not _NAME.fullmatch(name):
        raise InvalidProfileError(field="name", rule=PROFILE_RULES["name"])
    if by.profiles is not None and name not in by.profiles:
        raise ProfileNotAllowedError(field="name", rule="must be a profile that this caller may use")
