"""Limi's own keys as requests present them: checked from memory, and their use noted without delaying anyone."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

import structlog

from limi.features.api_keys.errors import KeyOriginError
from limi.features.api_keys.model import ApiKey, KeyID, StoredKey
from limi.features.api_keys.ports import ApiKeyStore
from limi.features.api_keys.tokens import TokenHasher, is_whole, key_id_in
from limi.kernel.clock import Clock
from limi.kernel.principal import Principal
from limi.kernel.revision import AccessUnavailableError, Revision, RevisionCache

__all__ = ["KeyRing"]

_log = structlog.get_logger(__name__)

_NOTE_SECONDS: Final = 60.0
"""Between two writings of last uses: it is what the promise of one write a minute and key says."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A key in memory, with whom it makes of a request."""

    stored: StoredKey
    principal: Principal


class KeyRing:
    """Tells whom a token belongs to."""

    def __init__(
        self,
        *,
        store: ApiKeyStore,
        revision: Revision,
        hash_key: bytes,
        clock: Clock,
        max_cached: int = 10_000,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Keep the parts; nothing runs before `start`, and uses noted until then wait for it.

        Args:
            store: where keys are kept.
            revision: says when what is cached has to go.
            hash_key: what tokens are hashed under.
            clock: time.
            max_cached: keys in memory at once, each about 1 KiB.
            sleep: how the pause between two writings is waited.
        """
        self._store = store
        self._hash = TokenHasher(hash_key)
        self._clock = clock
        self._sleep = sleep
        self._keys: RevisionCache[KeyID, _Known] = RevisionCache(
            load=self._load, revision=revision, max_entries=max_cached, strict=True
        )
        self._used: dict[KeyID, float] = {}
        self._asked = self._loads = 0
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to write down when keys were last used."""
        self._task = asyncio.create_task(self._write_for_ever(), name="key uses")

    async def stop(self) -> None:
        """Write down what is left, and end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
            await self._write()

    @property
    def lookups(self) -> Mapping[str, int]:
        """Tokens that were looked up since the start, by where they were found or not: memory or the database."""
        return {"memory": self._asked - self._loads, "database": self._loads}

    async def authenticate(self, token: str, *, origin: str | None) -> Principal | None:
        """Return whom `token` belongs to, None where it is no valid key; the same object while nothing changes.

        Raises:
            KeyOriginError: it is valid, but not for pages of this origin.
            AccessUnavailableError: it cannot be found out.
        """
        self._asked += 1
        key_id = key_id_in(token)
        known = self._keys.peek(key_id)
        if known is None:
            known = await self._keys.get(key_id) if is_whole(token) else None
        if known is None:
            return None
        now = self._clock.now()
        if not self._opens(token, known.stored, now):
            return None
        origins = known.stored.key.origins
        if origins is not None and (origin is None or origin.lower() not in origins):
            raise KeyOriginError
        self._used[key_id] = now
        return known.principal

    def _opens(self, token: str, stored: StoredKey, now: float) -> bool:
        key, found = stored.key, self._hash(token)
        fits = hmac.compare_digest(found, stored.token_hash)
        if not fits and stored.previous_hash is not None and (key.previous_until or 0) > now:
            fits = hmac.compare_digest(found, stored.previous_hash)
        return fits and key.revoked_at is None and (key.expires_at is None or key.expires_at > now)

    async def _load(self, key_id: KeyID) -> _Known | None:
        self._loads += 1
        stored = await self._store.find(key_id)
        return _Known(stored, _principal(stored.key)) if stored is not None else None

    async def _write_for_ever(self) -> None:
        while True:
            await self._sleep(_NOTE_SECONDS)
            await self._write()

    async def _write(self) -> None:
        used, self._used = self._used, {}
        if not used:
            return
        try:
            await self._store.note_use(used)
        except AccessUnavailableError:
            # Tried again with the next ones; there is one entry for each key, so they do not pile up.
            self._used = used | self._used
            _log.warning("keys.uses_not_written", keys=len(self._used))


def _principal(key: ApiKey) -> Principal:
    return Principal(
        caller=f"key:{key.id}",
        scopes=key.scopes,
        tenant=key.tenant,
        models=key.models,
        profiles=key.profiles,
        max_ttl_seconds=key.max_ttl_seconds,
        tokens_per_minute=key.tokens_per_minute,
    )
