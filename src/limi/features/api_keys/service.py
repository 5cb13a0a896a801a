"""Limi's own keys as their makers see them: made, listed, rotated, revoked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Final

from limi.features.api_keys.errors import (
    InvalidKeyError,
    KeyConflictError,
    KeyEndedError,
    KeyNotFoundError,
)
from limi.features.api_keys.model import ApiKey, IssuedKey, KeyID, KeyStatus, NewKey, StoredKey
from limi.features.api_keys.ports import ApiKeyStore, KnownTenants
from limi.features.api_keys.rules import KEY_RULES, MAX_OVERLAP_SECONDS, Powers, check_key, check_within
from limi.features.api_keys.tokens import TokenHasher, make_key_id, make_token
from limi.kernel.changes import Changes
from limi.kernel.clock import Clock
from limi.kernel.facts import KeyCreated, KeyRevoked, KeyRotated, Origin
from limi.kernel.ids import Ids
from limi.kernel.principal import Principal

__all__ = ["ApiKeyService"]

_DEFAULTED: Final = ("origins", "models", "profiles", "max_ttl_seconds", "tokens_per_minute", "expires_at")
"""What a new key takes over from its maker where nothing was asked for."""
_MOST_NAMED: Final = 5
"""Names of one kind that a fact lists. Of more it tells the number: lists of a hundred would be a document."""


class ApiKeyService:
    """Makes and changes keys.

    Every change is recorded before it is made (`limi.kernel.changes`) and moves the revision in its transaction.
    Keys of a tenant are made and seen by callers of that tenant and by operators of all tenants only, and nobody
    makes a key that opens more than what they came with.
    """

    def __init__(
        self,
        *,
        store: ApiKeyStore,
        tenants: KnownTenants,
        changes: Changes,
        hash_key: bytes,
        tokens_per_minute: int,
        clock: Clock,
        ids: Ids,
    ) -> None:
        """Keep the parts.

        Args:
            store: where keys are kept.
            tenants: says which tenants are there.
            changes: records and makes changes.
            hash_key: what tokens are hashed under.
            tokens_per_minute: the limit of a caller for whom neither key nor tenant sets one.
            clock: time.
            ids: randomness.
        """
        self._store = store
        self._tenants = tenants
        self._changes = changes
        self._hash = TokenHasher(hash_key)
        self._tokens_per_minute = tokens_per_minute
        self._clock = clock
        self._ids = ids

    async def create(self, new: NewKey, *, by: Principal, origin: Origin) -> IssuedKey:
        """Make a key. Where `by` is bounded and `new` is not, the key takes over the bound.

        Raises:
            InvalidKeyError: a member breaks its rule.
            KeyForbiddenError: it would open more than `by` may.
            JournalUnavailableError: it could not be recorded, so it was not made.
            AccessUnavailableError: the store does not answer.
        """
        powers = await self._powers(by)
        taken_over = {name: getattr(powers, name) for name in _DEFAULTED if getattr(new, name) is None}
        members = {name: getattr(new, name) for name in NewKey.__dataclass_fields__} | taken_over
        if by.tenant is not None and new.tenant is None:
            members["tenant"] = by.tenant
        key = ApiKey(id=make_key_id(self._ids), created_at=self._clock.now(), created_by=by.caller, **members)
        check_key(key)
        check_within(key, powers)
        if key.tenant is not None and not await self._tenants.exists(key.tenant):
            raise InvalidKeyError(field="tenant", rule=KEY_RULES["tenant"])
        token = make_token(key.id, self._ids)
        stored = StoredKey(key=key, token_hash=self._hash(token.reveal()))
        made = await self._changes.make(
            KeyCreated,
            partial(self._store.add, stored),
            origin=origin,
            tenant=key.tenant,
            subject=f"key:{key.id}",
            detail=_described(key),
        )
        # Ids have 40 random bits, so the second try is one in many millions and the third is not needed.
        return IssuedKey(key=key, token=token) if made else await self.create(new, by=by, origin=origin)

    async def rotate(self, key_id: KeyID, *, overlap_seconds: int = 0, by: Principal, origin: Origin) -> IssuedKey:
        """Give a key another token; all else of it stays, and the one before works for `overlap_seconds` more.

        A token that was in its overlap already stops at once.

        Raises:
            KeyNotFoundError: there is none of that id for `by`.
            KeyEndedError: it is revoked or expired.
            InvalidKeyError: the overlap breaks its rule.
            KeyForbiddenError: the key opens more than `by` may.
            KeyConflictError: somebody else changed it at the same moment.
            JournalUnavailableError: it could not be recorded, so nothing was changed.
            AccessUnavailableError: the store does not answer.
        """
        if not 0 <= overlap_seconds <= MAX_OVERLAP_SECONDS:
            raise InvalidKeyError(field="overlap_seconds", rule=KEY_RULES["overlap_seconds"])
        stored, now = await self._existing(key_id, by), self._clock.now()
        if (status := stored.key.status(now)) is not KeyStatus.ACTIVE:
            raise KeyEndedError(key_id, status=status)
        check_within(stored.key, await self._powers(by))
        token = make_token(key_id, self._ids)
        until = now + overlap_seconds if overlap_seconds else None
        changed = StoredKey(
            key=replace(stored.key, rotated_at=now, previous_until=until),
            token_hash=self._hash(token.reveal()),
            previous_hash=stored.token_hash if overlap_seconds else None,
        )
        made = await self._changes.make(
            KeyRotated,
            partial(self._store.replace, changed, before=stored),
            origin=origin,
            tenant=changed.key.tenant,
            subject=f"key:{key_id}",
            detail=f"overlap_seconds={overlap_seconds}",
        )
        if not made:
            raise KeyConflictError(key_id)
        return IssuedKey(key=changed.key, token=token)

    async def revoke(self, key_id: KeyID, *, by: Principal, origin: Origin) -> ApiKey:
        """End a key for ever. Ephemeral keys made with it live on upstream until they expire.

        Raises:
            KeyNotFoundError: there is none of that id for `by`.
            KeyConflictError: somebody else changed it at the same moment.
            JournalUnavailableError: it could not be recorded, so nothing was changed.
            AccessUnavailableError: the store does not answer.
        """
        stored = await self._existing(key_id, by)
        if stored.key.revoked_at is not None:
            return stored.key
        key = replace(stored.key, revoked_at=self._clock.now(), previous_until=None)
        made = await self._changes.make(
            KeyRevoked,
            partial(self._store.replace, StoredKey(key=key, token_hash=stored.token_hash), before=stored),
            origin=origin,
            tenant=key.tenant,
            subject=f"key:{key_id}",
        )
        if not made:
            raise KeyConflictError(key_id)
        return key

    async def get(self, key_id: KeyID, *, by: Principal) -> ApiKey:
        """Return a key.

        Raises:
            KeyNotFoundError: there is none of that id for `by`.
            AccessUnavailableError: the store does not answer.
        """
        return (await self._existing(key_id, by)).key

    async def list(
        self, *, by: Principal, tenant: str | None = None, after: KeyID | None = None, limit: int = 100
    ) -> Sequence[ApiKey]:
        """Return up to `limit` keys that `by` may see, the oldest first, from the one that follows `after`.

        Args:
            by: who asks; a tenant's caller sees that tenant's keys only.
            tenant: only keys of this one.
            after: where the page before ended.
            limit: most keys to return.

        Raises:
            AccessUnavailableError: the store does not answer.
        """
        if by.tenant is not None and tenant not in (None, by.tenant):
            return ()
        return await self._store.page(tenant=by.tenant or tenant, after=after, limit=limit)

    async def _existing(self, key_id: KeyID, by: Principal) -> StoredKey:
        stored = await self._store.find(key_id)
        if stored is None or by.tenant not in (None, stored.key.tenant):
            raise KeyNotFoundError(key_id)
        return stored

    async def _powers(self, by: Principal) -> Powers:
        """Return what bounds `by`: the key it came with, which says more than a principal does, or itself."""
        kind, _, name = by.caller.rpartition(":")
        own = await self._store.find(KeyID(name)) if kind == "key" else None
        held = own.key if own is not None else by
        ceiling = None
        if by.tenant is not None and held.tokens_per_minute is None:
            ceiling = by.tenant_tokens_per_minute or self._tokens_per_minute
        return Powers(
            caller=by.caller,
            scopes=by.scopes,
            tenant=by.tenant,
            origins=own.key.origins if own is not None else None,
            models=held.models,
            profiles=held.profiles,
            max_ttl_seconds=held.max_ttl_seconds,
            tokens_per_minute=held.tokens_per_minute,
            ceiling_per_minute=ceiling,
            expires_at=own.key.expires_at if own is not None else None,
        )


def _described(key: ApiKey) -> str:
    """Say what a key opens, for the audit log: the row may outlive the key's own."""
    told = {
        "name": key.name,
        "scopes": _names(key.scopes),
        "max_ttl_seconds": key.max_ttl_seconds,
        "tokens_per_minute": key.tokens_per_minute,
        "expires_at": None if key.expires_at is None else _moment(key.expires_at),
        # Last, because they may be long, and what is longer than a fact's detail is cut off.
        "models": _names(key.models),
        "profiles": _names(key.profiles),
        "origins": _names(key.origins),
    }
    return ", ".join(f"{name}={value}" for name, value in told.items() if value is not None)


def _names(names: frozenset[str] | None) -> str | None:
    if names is None:
        return None
    return "|".join(sorted(names)) if len(names) <= _MOST_NAMED else f"{len(names)} names"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
