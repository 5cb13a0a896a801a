"""The parts list of analytics: what clients report and what is counted, for the server and for commands."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from limi.adapters.sql.analytics_database import AnalyticsDatabase
from limi.adapters.sql.client_event_store import SQLClientEventStore
from limi.adapters.sql.engine import open_engine
from limi.adapters.sql.rollup_store import SQLRollupStore
from limi.adapters.sql.schema import upgrade
from limi.adapters.telemetry.metrics import Metrics
from limi.features.analytics.errors import AnalyticsUnavailableError
from limi.features.analytics.memory import InMemoryAnalyticsStore
from limi.features.analytics.model import SourceRow
from limi.features.analytics.ports import AnalyticsObserver, ClientEventStore, RollupStore
from limi.features.analytics.projector import Projector
from limi.features.analytics.service import EventIntake
from limi.features.analytics.sources import journal_row
from limi.features.analytics.usage import UsageService
from limi.features.journal.reader import JournalReader
from limi.kernel.clock import Clock
from limi.kernel.ids import Ids
from limi.kernel.journal import JournalUnavailableError
from limi.kernel.settings import Settings

__all__ = [
    "Analytics",
    "AnalyticsStores",
    "UsageForCommands",
    "make_analytics",
    "memory_analytics_stores",
    "open_usage",
    "sql_analytics_stores",
    "watch_analytics",
]

_BUSY_SECONDS: Final = 2.0
"""How long a write waits for another writer's lock; the journal holds it for milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalyticsStores:
    """Where events and rollups are kept."""

    events: ClientEventStore
    rollups: RollupStore
    close: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Analytics:
    """The server's part that takes events in, counts, and tells of it."""

    intake: EventIntake
    projector: Projector
    usage: UsageService
    stores: AnalyticsStores

    async def start(self) -> None:
        """Begin to take events in, and to count."""
        await self.intake.start()
        await self.projector.start()

    async def stop(self) -> None:
        """Write what waits, end, and let go of the stores."""
        await self.projector.stop()
        await self.intake.stop()
        self.stores.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageForCommands:
    """Usage as a command reads it, and what counts it."""

    usage: UsageService
    projector: Projector
    rollups: RollupStore


def sql_analytics_stores(settings: Settings) -> AnalyticsStores:
    """Return stores in the database of `settings`, whose tables must be there.

    Raises:
        DatabaseError: the database cannot be used.
    """
    intake, rollups = (
        AnalyticsDatabase(engine=open_engine(settings.database.url, busy_seconds=_BUSY_SECONDS), name=name)
        for name in ("limi-analytics-intake", "limi-analytics-rollups")
    )

    def close() -> None:
        intake.close()
        rollups.close()

    return AnalyticsStores(
        events=SQLClientEventStore(database=intake), rollups=SQLRollupStore(database=rollups), close=close
    )


def memory_analytics_stores(reader: JournalReader) -> AnalyticsStores:
    """Return stores that nothing outlives, which count the rows that `reader` reads."""

    async def read(after: int, limit: int) -> Sequence[SourceRow]:
        try:
            entries = await reader.entries(after=after, limit=limit)
        except JournalUnavailableError as exc:
            raise AnalyticsUnavailableError(str(exc)) from exc
        return [
            journal_row(
                seq=entry.seq,
                at=entry.at,
                event=entry.event,
                tenant=entry.tenant,
                frontend=entry.frontend,
                model=entry.model,
                code=entry.code,
                detail=entry.detail,
                ends=entry.resolves,
            )
            for entry in entries
        ]

    store = InMemoryAnalyticsStore(journal=read)
    return AnalyticsStores(events=store, rollups=store, close=lambda: None)


def make_analytics(
    settings: Settings, *, stores: AnalyticsStores, observer: AnalyticsObserver, clock: Clock, ids: Ids
) -> Analytics:
    """Put the server's part together; nothing runs before it is started."""
    chosen = settings.analytics
    return Analytics(
        intake=EventIntake(store=stores.events, settings=chosen, observer=observer),
        projector=_make_projector(settings, stores, clock, ids),
        usage=UsageService(store=stores.rollups, settings=chosen, clock=clock),
        stores=stores,
    )


def watch_analytics(metrics: Metrics, analytics: Analytics) -> None:
    """Have the metrics tell how analytics is."""
    intake, projector = analytics.intake, analytics.projector
    metrics.gauge("limi_analytics_queued", "Events of clients that wait to be written.", lambda: intake.queued)
    metrics.gauge("limi_usage_healthy", "Whether usage was counted the last time.", lambda: not projector.failing)


@asynccontextmanager
async def open_usage(settings: Settings, *, clock: Clock, ids: Ids) -> AsyncIterator[UsageForCommands]:
    """Give usage of the database of `settings`, which is migrated where that is needed.

    Raises:
        DatabaseError: the database cannot be used.
    """
    upgrade(settings.database.url)
    stores = sql_analytics_stores(settings)
    async with AsyncExitStack() as stack:
        stack.callback(stores.close)
        yield UsageForCommands(
            usage=UsageService(store=stores.rollups, settings=settings.analytics, clock=clock),
            # A command ends, and must not keep a server from counting; somebody waits for it.
            projector=_make_projector(settings, stores, clock, ids, lease_seconds=0.0, rest=0.0),
            rollups=stores.rollups,
        )


def _make_projector(
    settings: Settings,
    stores: AnalyticsStores,
    clock: Clock,
    ids: Ids,
    *,
    lease_seconds: float = 15.0,
    rest: float = 4.0,
) -> Projector:
    return Projector(
        rollups=stores.rollups,
        events=stores.events,
        settings=settings.analytics,
        clock=clock,
        worker=ids.hex(32),
        lease_seconds=lease_seconds,
        rest=rest,
    )
