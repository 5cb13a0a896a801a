"""What the tests of deliveries in SQL share: a database, what was sent to it, and many rows quickly."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, event, select

from limi.adapters.sql import open_engine, upgrade
from limi.adapters.sql.access_database import AccessDatabase
from limi.adapters.sql.delivery_store import SQLDeliveryStore
from limi.adapters.sql.outbox import unpack_outbox
from limi.adapters.sql.tables import journal, webhook_deliveries, webhook_endpoints, webhook_outbox
from limi.features.webhooks.model import Attempt, Claimed, DeliveryState, EndpointId, Settlement

NOON = 1_800_000_000
A, B = (EndpointId(f"whe_{letter * 16}") for letter in "ab")


class Opened:
    """A database with its tables, whose statements are kept."""

    def __init__(self, url: str, *, busy_seconds: float = 0.01) -> None:
        upgrade(url)
        self.url = url
        self.engine: Engine = open_engine(url, busy_seconds=busy_seconds, synced=False)
        self.database = AccessDatabase(engine=self.engine)
        self.deliveries = SQLDeliveryStore(database=self.database)
        self.statements: list[str] = []
        self.plans: list[str] = []
        self._explaining = False
        event.listen(self.engine, "before_cursor_execute", self._note)

    def close(self) -> None:
        self.database.close()

    def add_endpoints(self, *ids: str, status: str = "enabled", tenant: str | None = None) -> None:
        row = {"url": "https://example.com/", "events": "[]", "description": "", "secrets": "[]", "tenant": tenant}
        at = NOON * 1_000_000
        rows = [{**row, "id": each, "status": status, "created_at": at, "updated_at": at} for each in ids]
        with self.engine.begin() as connection:
            connection.execute(webhook_endpoints.insert(), rows)

    def fill(self, endpoint: str, count: int, *, state: str = "pending", first: int = 0, **columns: Any) -> None:
        """Make deliveries of facts which happened a second after one another, and these facts."""
        numbers = range(first, first + count)
        facts = [{"id": fact_id(n), "at": (NOON + n) * 1_000_000} for n in numbers]
        base = {"writer": "w", "event": "token.generated", "outcome": "succeeded", "request_id": "r", "caller": ""}
        given = {"endpoint_id": endpoint, "state": state, "attempts": 0, "claims": 0, **columns}
        times = ("free_at", "first_due", "created_at")
        rows = [{**dict.fromkeys(times, fact["at"]), "fact_id": fact["id"], **given} for fact in facts]
        with self.engine.begin() as connection:
            there = set(connection.execute(select(journal.c.id)).scalars())
            new = [{**base, **fact} for fact in facts if fact["id"] not in there]
            if new:
                connection.execute(journal.insert(), new)
            connection.execute(webhook_deliveries.insert(), rows)

    def states(self) -> list[str]:
        """Return the state of each delivery in the order in which they were made, those just noted included."""
        query = select(webhook_deliveries.c.state).order_by(webhook_deliveries.c.id)
        with self.engine.connect() as connection:
            unpack_outbox(connection)
            return list(connection.execute(query).scalars())

    def noted(self) -> int:
        """Return how many notes wait in the outbox."""
        with self.engine.connect() as connection:
            return len(connection.execute(select(webhook_outbox.c.id)).all())

    @contextmanager
    def explained(self) -> Iterator[list[str]]:
        """Give how each statement in the block is carried out, as the database says it."""
        self.plans.clear()
        self._explaining = True
        yield self.plans
        self._explaining = False

    def _note(self, connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        self.statements.append(statement)
        if not self._explaining or not statement.startswith(("SELECT", "WITH", "UPDATE")):
            return
        lite = connection.dialect.name == "sqlite"
        cursor = connection.connection.cursor()
        if not lite:
            # Few rows are read as a whole whatever index there is; the plan for many is what is asked for.
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if lite else ''}{statement}", parameters)
        self.plans.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
        cursor.close()


def fact_id(number: int) -> str:
    """Return the id that a fact made `number` seconds after noon would have."""
    return f"{(NOON + number) * 1000:012x}{number:020x}"


def settlements(claimed: list[Claimed], state: DeliveryState = DeliveryState.DELIVERED) -> list[Settlement]:
    """Return results which say the same of each."""
    return [
        Settlement(
            claimed=each,
            attempt=Attempt(delivery_id=each.delivery_id, number=each.attempt, at=NOON, duration_ms=5, status=200),
            state=state,
            due_at=NOON + 9 if state is DeliveryState.PENDING else None,
        )
        for each in claimed
    ]
