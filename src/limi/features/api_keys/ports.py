"""What keys need from outside: a place that keeps them, and whether a tenant is there."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from limi.features.api_keys.model import ApiKey, KeyID, StoredKey

__all__ = ["ApiKeyStore", "KnownTenants"]


class ApiKeyStore(Protocol):
    """Keeps keys. Each change but `note_use` moves the revision in the same transaction.

    Every method raises `AccessUnavailableError` when the store cannot be read or written.
    """

    async def add(self, stored: StoredKey) -> bool:
        """Keep a new key; return False where there is one of its id, which stays as it is."""

    async def replace(self, stored: StoredKey, *, before: StoredKey) -> bool:
        """Keep `stored` in place of `before`; return False where that is not what is there any more.

        The last use counts for neither, and stays as it is.
        """

    async def find(self, key_id: KeyID) -> StoredKey | None:
        """Return a key."""

    async def page(self, *, tenant: str | None, after: KeyID | None, limit: int) -> Sequence[ApiKey]:
        """Return up to `limit` keys, the oldest first, that were made after the key `after`.

        Args:
            tenant: only keys of this one; None for all keys.
            after: where the page before ended. A key that is not there, or not the tenant's, gives an empty page:
                another would tell when somebody else's key was made.
            limit: most keys to return.
        """

    async def note_use(self, used: Mapping[KeyID, float]) -> None:
        """Keep when keys were last used, in Unix seconds; one that is not there is passed over."""


class KnownTenants(Protocol):
    """Says whether a tenant is there."""

    async def exists(self, tenant_id: str) -> bool:
        """Say whether there is one of that id, active or suspended."""
