"""The mint: what happens between a valid request and a key on its way out.

The order is the promise. The intent starts on its way to the journal, upstream is asked meanwhile, and no key
leaves before the intent is durable: then a crash at any moment leaves a row for every key that somebody may hold.
The outcome follows and is not waited for.
"""

import asyncio
import hmac
from functools import lru_cache, partial

import msgspec

from limi.features.client_secrets.errors import (
    ForbiddenError,
    InvalidMintError,
    MintError,
    OverloadedError,
)
from limi.features.client_secrets.idempotency import Repeat, Sealer
from limi.features.client_secrets.model import Minted, MintRequest, own_session_id
from limi.features.client_secrets.models import ModelCatalogue, Resolution, UnknownModelError
from limi.features.client_secrets.permissions import check_request
from limi.features.client_secrets.ports import IdempotencyStore, Profiles, Upstream
from limi.features.client_secrets.session_config import SessionBodies
from limi.kernel.clock import Clock
from limi.kernel.facts import Fact, KeyMinted, KeyReplayed, MintFailed, MintRequested, Origin
from limi.kernel.ids import Ids, sortable_id
from limi.kernel.journal import Journal, JournalUnavailableError
from limi.kernel.principal import Principal
from limi.kernel.profiles import NamedProfile
from limi.kernel.settings import Profile

__all__ = ["MintService"]


class _Job(msgspec.Struct, frozen=True, kw_only=True):
    """One mint under way."""

    session_id: str | None
    """The one that the caller gave, where it did."""
    origin: Origin
    resolution: Resolution
    body: bytes
    started: float

    @property
    def recorded_session_id(self) -> str | None:
        """The caller's session id as Limi's own records have it."""
        return own_session_id(self.session_id, self.origin.tenant) if self.session_id else None


class MintService:
    """Hands out ephemeral keys."""

    def __init__(
        self,
        *,
        upstream: Upstream,
        journal: Journal,
        models: ModelCatalogue,
        profiles: Profiles,
        bodies: SessionBodies,
        repeats: IdempotencyStore,
        sealer: Sealer,
        privacy_key: bytes,
        max_in_flight: int,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._upstream = upstream
        self._journal = journal
        self._models = models
        self._profiles = profiles
        self._bodies = bodies
        self._repeats = repeats
        self._sealer = sealer
        self._safety_identifier = lru_cache(maxsize=4096)(partial(_safety_identifier, privacy_key))
        self._max_in_flight = max_in_flight
        self._clock = clock
        self._ids = ids
        self.in_flight = 0
        """Mints at upstream now."""

    async def mint(
        self, request: MintRequest, *, principal: Principal, origin: Origin, repeat: Repeat | None = None
    ) -> Minted:
        """Return a key for `request`, or the same key again where `repeat` was seen before.

        Raises:
            MintError: with the class that says why there is none.
            JournalUnavailableError: the journal cannot be written, so nothing is handed out.
            AccessUnavailableError: the profile cannot be found out.
        """
        chosen = await self._profile(request, principal)
        resolution = self._resolve(request, chosen.profile)
        check_request(request, chosen.profile, principal, resolution, self._models)
        job = _Job(
            session_id=request.session_id or None,
            origin=origin,
            resolution=resolution,
            body=self._bodies.build(request, chosen, resolution.model, principal),
            started=self._clock.monotonic(),
        )
        if repeat is None:
            return await self._make(job)
        return await self._make_once(job, repeat)

    async def _profile(self, request: MintRequest, principal: Principal) -> NamedProfile:
        name = request.profile
        if principal.profiles is not None and name not in principal.profiles:
            # Whether there is one is not for this caller to know.
            raise ForbiddenError(field="profile", rule=f"`{name}` is not among those that this caller may use")
        chosen = await self._profiles.resolve(name, principal.tenant)
        if chosen is None:
            raise InvalidMintError(field="profile", rule="must be the name of a profile of this server")
        if chosen.profile.requires_key and principal.anonymous:
            raise ForbiddenError(field="profile", rule=f"`{name}` needs an API key")
        return chosen

    def _resolve(self, request: MintRequest, profile: Profile) -> Resolution:
        try:
            return self._models.resolve(request.model or profile.model)
        except UnknownModelError:
            rule = f"must be one of {', '.join(self._models.names)}"
            raise InvalidMintError(field="model", rule=rule) from None

    async def _make_once(self, job: _Job, repeat: Repeat) -> Minted:
        name = self._sealer.name(repeat)
        kept = await self._repeats.claim(name, self._sealer.body_hash(repeat))
        if kept is not None:
            return await self._replay(job, self._sealer.open(repeat, kept))
        try:
            minted = await self._make(job)
        except BaseException:
            await self._repeats.release(name)
            raise
        await self._repeats.keep(name, self._sealer.seal(repeat, minted))
        return minted

    async def _replay(self, job: _Job, minted: Minted) -> Minted:
        await self._journal.record(self._handed_out(KeyReplayed, job, minted))
        return minted

    async def _make(self, job: _Job) -> Minted:
        if self.in_flight >= self._max_in_flight:
            raise OverloadedError
        origin, intent = job.origin, self._intent(job)
        durable = self._journal.record(intent)
        self.in_flight += 1
        try:
            secret = await self._upstream.mint(
                job.body, safety_identifier=self._safety_identifier(origin.tenant, origin.caller)
            )
            await durable
        except BaseException as exc:
            self._journal.record(self._failed(job, intent, exc))
            raise
        finally:
            self.in_flight -= 1
        minted = Minted(
            key=secret.value,
            expires_at=secret.expires_at,
            session_id=job.session_id or secret.session_id,
            model=secret.model or job.resolution.model,
            replaces=job.resolution.replaces,
        )
        self._journal.record(self._handed_out(KeyMinted, job, minted, resolves=intent.id))
        return minted

    def _handed_out(
        self, kind: type[KeyMinted | KeyReplayed], job: _Job, minted: Minted, *, resolves: str | None = None
    ) -> Fact:
        now = self._clock.now()
        return kind(
            id=sortable_id(self._ids, now),
            at=now,
            origin=job.origin,
            session_id=own_session_id(minted.session_id, job.origin.tenant),
            model=minted.model,
            expires_at=minted.expires_at,
            duration_ms=self._duration_ms(job),
            resolves=resolves,
        )

    def _failed(self, job: _Job, intent: MintRequested, cause: BaseException) -> Fact:
        now = self._clock.now()
        return MintFailed(
            id=sortable_id(self._ids, now),
            at=now,
            origin=job.origin,
            session_id=job.recorded_session_id,
            model=intent.model,
            code=_code(cause),
            duration_ms=self._duration_ms(job),
            resolves=intent.id,
        )

    def _intent(self, job: _Job) -> MintRequested:
        now = self._clock.now()
        return MintRequested(
            id=sortable_id(self._ids, now),
            at=now,
            origin=job.origin,
            session_id=job.recorded_session_id,
            model=job.resolution.model,
        )

    def _duration_ms(self, job: _Job) -> int:
        return round((self._clock.monotonic() - job.started) * 1000)


def _safety_identifier(key: bytes, tenant: str | None, caller: str) -> str:
    """Return what upstream may know of who asks: always the same for one caller, and nothing about them."""
    return hmac.digest(key, f"{tenant or ''}\0{caller}".encode(), "sha256").hex()


def _code(cause: BaseException) -> str:
    if isinstance(cause, MintError):
        return cause.code
    if isinstance(cause, JournalUnavailableError):
        return "audit_unavailable"
    return "cancelled" if isinstance(cause, asyncio.CancelledError) else "internal_error"
