"""The keys' port, kept in SQL."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, select, tuple_

from limi.adapters.sql.access_database import AccessDatabase, as_json, from_json, insert_once, micros, seconds
from limi.adapters.sql.tables import api_keys
from limi.features.api_keys.model import ApiKey, KeyID, StoredKey
from limi.kernel.principal import Scope

__all__ = ["SQLApiKeyStore"]


class SQLApiKeyStore:
    """Implements `limi.features.api_keys.ports.ApiKeyStore`; whoever made the database closes it."""

    def __init__(self, *, database: AccessDatabase) -> None:
        self._database = database

    async def add(self, stored: StoredKey) -> bool:
        """Keep a new key; return False where there is one of its id."""
        values = _values(stored)
        return await self._database.change(lambda connection: insert_once(connection, api_keys, values))

    async def replace(self, stored: StoredKey, *, before: StoredKey) -> bool:
        """Keep `stored` in place of `before`; return False where that is not what is there any more."""

        def update(connection: Connection) -> bool:
            same = and_(*(api_keys.c[name].is_not_distinct_from(value) for name, value in _values(before).items()))
            return connection.execute(api_keys.update().where(same).values(_values(stored))).rowcount == 1

        return await self._database.change(update)

    async def find(self, key_id: KeyID) -> StoredKey | None:
        """Return a key."""
        query = select(api_keys).where(api_keys.c.id == key_id)
        row = await self._database.read(lambda connection: connection.execute(query).one_or_none())
        if row is None:
            return None
        return StoredKey(key=_key(row), token_hash=row.token_hash, previous_hash=row.previous_hash)

    async def page(self, *, tenant: str | None, after: KeyID | None, limit: int) -> Sequence[ApiKey]:
        """Return up to `limit` keys, the oldest first, that were made after the key `after`."""
        place = tuple_(api_keys.c.created_at, api_keys.c.id)
        query = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id).limit(limit)
        last = select(api_keys.c.created_at, api_keys.c.id).where(api_keys.c.id == after)
        if tenant is not None:
            query, last = query.where(api_keys.c.tenant == tenant), last.where(api_keys.c.tenant == tenant)
        if after is not None:
            query = query.where(place > last.scalar_subquery())
        return await self._database.read(lambda connection: [_key(row) for row in connection.execute(query)])

    async def note_use(self, used: Mapping[KeyID, float]) -> None:
        """Keep when keys were last used; one that is not there is passed over."""
        rows = [{"used_id": key_id, "used_at": micros(at)} for key_id, at in used.items()]
        statement = api_keys.update().where(api_keys.c.id == bindparam("used_id"))
        statement = statement.values(last_used_at=bindparam("used_at"))
        await self._database.write(lambda connection: connection.execute(statement, rows).rowcount)


def _values(stored: StoredKey) -> dict[str, object]:
    """Return all columns but the last use, which no change of a key may set back."""
    key = stored.key
    return {
        "id": key.id,
        "name": key.name,
        "tenant": key.tenant,
        "scopes": as_json(frozenset(scope.value for scope in key.scopes)),
        "origins": as_json(key.origins),
        "models": as_json(key.models),
        "profiles": as_json(key.profiles),
        "max_ttl_seconds": key.max_ttl_seconds,
        "tokens_per_minute": key.tokens_per_minute,
        "created_at": micros(key.created_at),
        "created_by": key.created_by,
        "expires_at": micros(key.expires_at),
        "rotated_at": micros(key.rotated_at),
        "previous_until": micros(key.previous_until),
        "revoked_at": micros(key.revoked_at),
        "token_hash": stored.token_hash,
        "previous_hash": stored.previous_hash,
    }


def _key(row: Row[Any]) -> ApiKey:
    # A scope that a newer Limi knows is one that this one cannot grant, so it is passed over.
    known = frozenset(Scope)
    return ApiKey(
        id=KeyID(row.id),
        name=row.name,
        scopes=frozenset(Scope(scope) for scope in from_json(row.scopes) or () if scope in known),
        tenant=row.tenant,
        origins=from_json(row.origins),
        models=from_json(row.models),
        profiles=from_json(row.profiles),
        max_ttl_seconds=row.max_ttl_seconds,
        tokens_per_minute=row.tokens_per_minute,
        created_at=seconds(row.created_at) or 0.0,
        created_by=row.created_by,
        expires_at=seconds(row.expires_at),
        rotated_at=seconds(row.rotated_at),
        previous_until=seconds(row.previous_until),
        revoked_at=seconds(row.revoked_at),
        last_used_at=seconds(row.last_used_at),
    )
