"""The parts list of analytics."""

from pathlib import Path

import pytest

from limi.adapters.configuration import load_settings
from limi.adapters.sql import SQLJournalStore, open_engine, upgrade
from limi.adapters.telemetry.metrics import Metrics
from limi.analytics import (
    make_analytics,
    memory_analytics_stores,
    open_usage,
    sql_analytics_stores,
    watch_analytics,
)
from limi.features.analytics.errors import AnalyticsUnavailableError
from limi.features.analytics.usage import Bucket, UsageWish
from limi.features.journal.memory import InMemoryJournalStore
from limi.features.journal.reader import JournalReader
from limi.testing import CountingIds, ManualClock
from tests.unit.features.analytics.harness import NOON, Facts, connected

TOTAL = UsageWish(bucket=Bucket.TOTAL)


async def test_the_server_counts_what_comes(tmp_path: Path) -> None:
    settings = load_settings({"LIMI_DATABASE_URL": f"sqlite:///{tmp_path}/limi.db"})
    upgrade(settings.database.url)
    metrics, clock = Metrics(), ManualClock(NOON + 5)
    analytics = make_analytics(
        settings, stores=sql_analytics_stores(settings), observer=metrics, clock=clock, ids=CountingIds()
    )
    watch_analytics(metrics, analytics)
    await analytics.start()
    assert await analytics.intake.take([connected(1)]) == 1
    await analytics.projector.catch_up()
    (row,) = (await analytics.usage.ask(TOTAL)).rows
    assert row.counts.connected == 1
    await analytics.stop()
    text = metrics.render().decode()
    assert "limi_analytics_queued 0.0" in text
    assert "limi_usage_healthy 1.0" in text


async def test_a_journal_in_memory_is_counted_in_memory() -> None:
    journal = InMemoryJournalStore()
    journal.append([Facts().make()], writer="w")
    reader = JournalReader(store=journal, clock=ManualClock(NOON))
    stores = memory_analytics_stores(reader)
    made = make_analytics(
        load_settings({}), stores=stores, observer=Metrics(), clock=ManualClock(NOON + 5), ids=CountingIds()
    )
    with pytest.raises(AnalyticsUnavailableError):
        await made.projector.catch_up()
    await reader.start()
    assert await made.projector.catch_up() == 1
    (row,) = (await made.usage.ask(TOTAL)).rows
    assert row.counts.minted == 1
    await reader.stop()
    stores.close()


async def test_a_command_takes_the_work_from_no_server(tmp_path: Path) -> None:
    settings = load_settings({"LIMI_DATABASE_URL": f"sqlite:///{tmp_path}/limi.db"})
    clock, ids = ManualClock(NOON + 5), CountingIds()
    async with (
        open_usage(settings, clock=clock, ids=ids) as command,
        open_usage(settings, clock=clock, ids=ids) as two,
    ):
        journal, facts = SQLJournalStore(engine=open_engine(settings.database.url)), Facts()
        journal.append([facts.make()], writer="w")
        assert await command.projector.catch_up() == 1
        journal.append([facts.make()], writer="w")
        assert await two.projector.catch_up() == 1
        journal.close()
