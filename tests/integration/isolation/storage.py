"""Where the backend under test keeps everything, and a second pair of eyes on it."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any, cast

from redis import Redis

from limi.access import memory_stores
from limi.adapters.configuration import load_settings
from limi.adapters.sql import SQLJournalStore, open_engine, upgrade
from limi.features.journal.memory import InMemoryJournalStore
from limi.features.journal.ports import JournalStore
from limi.features.webhooks.memory import InMemoryEndpointStore
from limi.features.webhooks.memory_deliveries import InMemoryDeliveryStore
from limi.features.webhooks.model import Claimed
from limi.features.webhooks.ports import DeliveryStore
from limi.kernel.clock import Clock
from limi.webhooks import KeptDeliveries, sql_deliveries
from tests.services.postgres import PostgreSQL
from tests.services.redis import RedisServer

__all__ = ["OpenStorage", "Storage", "in_memory", "on_postgresql", "on_redis", "on_sqlite"]

OpenStorage = Callable[[Clock], AbstractContextManager["Storage"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """What a backend is told of its storage, and what a test looks at beside it."""

    journal: JournalStore
    deliveries: DeliveryStore
    given: dict[str, Any]
    """Arguments of `create_app`."""
    environ: dict[str, str] = field(default_factory=dict)
    """Settings of the backend."""


class _Held:
    """Deliveries of which the server finds none due, so that nothing is sent; all else is as it is."""

    def __init__(self, store: DeliveryStore) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def claim(self, **_: Any) -> Sequence[Claimed]:
        return ()

    async def next_due(self, _now: float) -> float | None:
        return None


def _held(store: DeliveryStore, close: Callable[[], None]) -> KeptDeliveries:
    return KeptDeliveries(store=cast("DeliveryStore", _Held(store)), close=close)


@contextmanager
def in_memory(clock: Clock) -> Iterator[Storage]:
    stores = memory_stores(clock=clock)
    assert isinstance(stores.endpoints, InMemoryEndpointStore)
    deliveries = InMemoryDeliveryStore(endpoints=stores.endpoints)
    journal = InMemoryJournalStore(deliver=deliveries.deliver)
    given = {"store": journal, "stores": stores, "deliveries": _held(deliveries, lambda: None)}
    yield Storage(journal=journal, deliveries=deliveries, given=given)


def on_sqlite(folder: Path) -> OpenStorage:
    """Return what opens copies of one empty database: to migrate each would take most of the test."""
    template = folder / "template.db"
    upgrade(f"sqlite:///{template}")
    numbers = count(1)

    @contextmanager
    def opened(_: Clock) -> Iterator[Storage]:
        path = folder / f"{next(numbers)}.db"
        shutil.copy(template, path)
        with _in_sql(f"sqlite:///{path}") as storage:
            yield storage

    return opened


def on_postgresql(server: PostgreSQL) -> OpenStorage:
    @contextmanager
    def opened(_: Clock) -> Iterator[Storage]:
        with server.database() as url, _in_sql(url) as storage:
            yield storage

    return opened


def on_redis(server: RedisServer, used: set[str]) -> OpenStorage:
    """Return what keeps limits and repeats in Redis, and all else in memory.

    Args:
        server: which Redis; it is emptied for each backend.
        used: is told which kinds of names the backends left there.
    """
    # Generous: a busy machine must not pass for a Redis that is away.
    environ = {"LIMI_REDIS_URL": server.url, "LIMI_REDIS_TIMEOUT_MS": "5000"}

    @contextmanager
    def opened(clock: Clock) -> Iterator[Storage]:
        server.flush()
        server.grow_up()
        with in_memory(clock) as storage, closing(Redis.from_url(server.url)) as redis:
            yield replace(storage, environ=environ)
            used.update(name.decode().split(":")[1] for name in redis.scan_iter())

    return opened


@contextmanager
def _in_sql(url: str) -> Iterator[Storage]:
    environ = {"LIMI_DATABASE_URL": url}
    journal = SQLJournalStore(engine=open_engine(url))
    deliveries, seen = (sql_deliveries(load_settings(environ)) for _ in range(2))
    given = {"deliveries": _held(deliveries.store, deliveries.close)}
    try:
        yield Storage(journal=journal, deliveries=seen.store, given=given, environ=environ)
    finally:
        journal.close()
        seen.close()
