"""What the contract suites of webhooks share: the places to keep them, and who makes and sees to deliveries."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from limi.adapters.sql import SQLJournalStore, open_engine, upgrade
from limi.adapters.sql.access_database import AccessDatabase, SQLRevisionStore
from limi.adapters.sql.delivery_store import SQLDeliveryStore
from limi.adapters.sql.tables import journal as journal_rows
from limi.adapters.sql.webhook_store import SQLEndpointStore
from limi.features.journal import InMemoryJournalStore, JournalStore
from limi.features.revision.memory import InMemoryRevisionStore
from limi.features.revision.ports import RevisionStore
from limi.features.webhooks.memory import InMemoryEndpointStore
from limi.features.webhooks.memory_deliveries import InMemoryDeliveryStore
from limi.features.webhooks.model import (
    Attempt,
    Claimed,
    DeliveryQuery,
    DeliveryState,
    DeliverySummary,
    Endpoint,
    EndpointId,
    SealedSecret,
    Settlement,
)
from limi.features.webhooks.ports import DeliveryStore, EndpointStore
from limi.kernel.facts import Fact, Origin
from tests.unit.features.journal.harness import NOON, Facts

A, B, C = (EndpointId(f"whe_{letter * 16}") for letter in "abc")
OF_A = DeliveryQuery(endpoint=A)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """The two ports, and what they stand between: the journal that makes deliveries, and the revision."""

    journal: JournalStore
    endpoints: EndpointStore
    deliveries: DeliveryStore
    revision: RevisionStore
    forget: Callable[[str], None]
    """Removes a row of the journal, as retention does."""
    close: Callable[[], None]


def memory(_: pytest.FixtureRequest) -> Stores:
    revision = InMemoryRevisionStore()
    endpoints = InMemoryEndpointStore(moved=revision.move)
    deliveries = InMemoryDeliveryStore(endpoints=endpoints)
    return Stores(
        journal=InMemoryJournalStore(deliver=deliveries.deliver),
        endpoints=endpoints,
        deliveries=deliveries,
        revision=revision,
        forget=deliveries.forget,
        close=lambda: None,
    )


def sqlite(request: pytest.FixtureRequest) -> Stores:
    folder: Path = request.getfixturevalue("tmp_path")
    return _opened(f"sqlite:///{folder}/data/limi.db")


def postgresql(request: pytest.FixtureRequest) -> Stores:
    return _opened(request.getfixturevalue("postgres_url"))


def _opened(url: str) -> Stores:
    upgrade(url)
    journal = SQLJournalStore(engine=open_engine(url))
    access = AccessDatabase(engine=open_engine(url))
    engine = open_engine(url, synced=False)
    database = AccessDatabase(engine=engine, thread_name="limi-webhooks")

    def forget(fact_id: str) -> None:
        with engine.begin() as connection:
            connection.execute(journal_rows.delete().where(journal_rows.c.id == fact_id))

    def close() -> None:
        for store in (journal, access, database):
            store.close()

    return Stores(
        journal=journal,
        endpoints=SQLEndpointStore(database=access),
        deliveries=SQLDeliveryStore(database=database),
        revision=SQLRevisionStore(database=access),
        forget=forget,
        close=close,
    )


def endpoint(endpoint_id: EndpointId = A, **members: Any) -> Endpoint:
    given = {
        "url": "https://example.com/hook",
        "secrets": (SealedSecret(sealed=b"\x00\xff", created_at=NOON),),
        "created_at": NOON,
        "updated_at": NOON,
    }
    return Endpoint(id=endpoint_id, **{**given, **members})


class Post:
    """Makes deliveries and sees to them, with what a test cares about as arguments."""

    def __init__(self, stores: Stores, facts: Facts) -> None:
        self.stores = stores
        self._facts = facts
        self.now = NOON

    def tell(self, *told: EndpointId, count: int = 1, origin: Origin | None = None) -> list[Fact]:
        """Have `count` facts happen, each of which every one of `told` is told of."""
        made: list[Fact] = [self._facts.minted(origin=origin) for _ in range(count)]
        pairs = [(fact.id, to) for fact in made for to in told]
        self.stores.journal.append(made, writer="w1", deliveries=pairs)
        return made

    async def claim(self, worker: str = "w1", **given: Any) -> list[Claimed]:
        asked = {"now": self.now, "lease_seconds": 60.0, "limit": 100, "per_endpoint": 100, "busy": {}, **given}
        return await self.stores.deliveries.claim(worker=worker, **asked)

    async def settle(
        self,
        claimed: Sequence[Claimed],
        state: DeliveryState = DeliveryState.DELIVERED,
        *,
        due_in: float | None = None,
        worker: str = "w1",
        **attempt: Any,
    ) -> dict[EndpointId, float]:
        due_at = None if due_in is None else self.now + due_in
        batch = [
            Settlement(claimed=each, attempt=self.attempt(each, **attempt), state=state, due_at=due_at)
            for each in claimed
        ]
        return await self.stores.deliveries.settle(batch, worker=worker)

    def attempt(self, claimed: Claimed, **members: Any) -> Attempt:
        given = {"at": self.now, "duration_ms": 12, "status": 200, **members}
        return Attempt(delivery_id=claimed.delivery_id, number=claimed.attempt, **given)

    async def listed(self, query: DeliveryQuery = OF_A, **given: Any) -> list[DeliverySummary]:
        return list(await self.stores.deliveries.deliveries(query, **{"before": None, "limit": 100, **given}))

    async def states(self) -> list[str]:
        """Return the state of each delivery to A, the oldest first."""
        return [each.state.value for each in reversed(await self.listed())]


def messages(claimed: Sequence[Claimed]) -> list[str]:
    return [each.message.id for each in sorted(claimed, key=lambda each: each.delivery_id)]
