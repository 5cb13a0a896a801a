"""Keys in memory: a working store for tests and for those who build on Limi."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from limi.features.api_keys.model import ApiKey, KeyID, StoredKey

__all__ = ["InMemoryApiKeyStore"]


class InMemoryApiKeyStore:
    """Implements `ApiKeyStore`; nothing outlives the process."""

    def __init__(self, *, moved: Callable[[], None]) -> None:
        """Begin empty.

        Args:
            moved: called with each change, where the revision moves.
        """
        self._moved = moved
        self._keys: dict[KeyID, StoredKey] = {}

    async def add(self, stored: StoredKey) -> bool:
        """Keep a new key; return False where there is one of its id."""
        if stored.key.id in self._keys:
            return False
        self._keys[stored.key.id] = stored
        self._moved()
        return True

    async def replace(self, stored: StoredKey, *, before: StoredKey) -> bool:
        """Keep `stored` in place of `before`; return False where that is not what is there any more."""
        known = self._keys.get(stored.key.id)
        if known is None or known != _as_used(before, known.key.last_used_at):
            return False
        self._keys[stored.key.id] = _as_used(stored, known.key.last_used_at)
        self._moved()
        return True

    async def find(self, key_id: KeyID) -> StoredKey | None:
        """Return a key."""
        return self._keys.get(key_id)

    async def page(self, *, tenant: str | None, after: KeyID | None, limit: int) -> Sequence[ApiKey]:
        """Return up to `limit` keys, the oldest first, that were made after the key `after`."""
        own = (stored.key for stored in self._keys.values() if tenant in (None, stored.key.tenant))
        keys = sorted(own, key=_place)
        if after is not None:
            last = next((key for key in keys if key.id == after), None)
            keys = [key for key in keys if last is not None and _place(key) > _place(last)]
        return keys[:limit]

    async def note_use(self, used: Mapping[KeyID, float]) -> None:
        """Keep when keys were last used; one that is not there is passed over."""
        for key_id, at in used.items():
            if (stored := self._keys.get(key_id)) is not None:
                self._keys[key_id] = _as_used(stored, at)

    def revoke_all(self, tenant: str, at: float) -> None:
        """Revoke the keys of a tenant that is deleted, at that Unix second."""
        for key_id, stored in self._keys.items():
            if stored.key.tenant == tenant and stored.key.revoked_at is None:
                key = replace(stored.key, revoked_at=at, previous_until=None)
                self._keys[key_id] = replace(stored, key=key)


def _as_used(stored: StoredKey, at: float | None) -> StoredKey:
    return replace(stored, key=replace(stored.key, last_used_at=at))


def _place(key: ApiKey) -> tuple[float, KeyID]:
    return key.created_at, key.id
