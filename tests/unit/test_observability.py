"""Which part of the server each metric is read from."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from prometheus_client.parser import text_string_to_metric_families

from limi.adapters.redis.shared_state import SharedState
from limi.adapters.telemetry.metrics import Metrics
from limi.adapters.telemetry.trace_ids import add_trace_ids
from limi.audit import make_journal, make_upkeep
from limi.features.journal.memory import InMemoryJournalStore
from limi.kernel.facts import MintRequested
from limi.kernel.secret import Secret
from limi.kernel.settings import AuditSettings, Settings, SettingsError, TelemetrySettings
from limi.observability import log_processors, open_tracing, watch_access, watch_journal, watch_shared
from limi.testing import CountingIds, ManualClock
from limi.testing.backend import known_keys
from tests.unit.access_office import ORIGIN, Office


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    for family in text_string_to_metric_families(metrics.render().decode()):
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return float(sample.value)
    return None


async def test_commits_of_the_journal_are_observed(metrics: Metrics, tmp_path: Path) -> None:
    clock, ids, store = ManualClock(), CountingIds(), InMemoryJournalStore()
    settings = Settings(audit=AuditSettings(file=str(tmp_path / "audit.jsonl")))
    root = known_keys().root
    journal = make_journal(
        settings, root=root, store=store, clock=clock, ids=ids, observe=metrics.journal_committed
    )
    watch_journal(metrics, journal, make_upkeep(settings, root=root, store=store, clock=clock))
    await journal.start()
    await journal.record(MintRequested(id="1", at=clock.now(), origin=ORIGIN))
    await journal.stop()
    assert value(metrics, "limi_journal_commit_seconds_count") == 1
    assert value(metrics, "limi_journal_commit_facts_sum") == 1
    assert value(metrics, "limi_journal_healthy") == 1
    assert value(metrics, "limi_journal_queued") == 0
    assert value(metrics, "limi_journal_kept") == 0
    assert value(metrics, "limi_journal_dropped_total") == 0
    assert value(metrics, "limi_audit_file_lag_seconds") is not None


async def test_keys_are_counted_by_where_they_were_found(metrics: Metrics) -> None:
    office = Office()
    watch_access(metrics, office.access)
    await office.access.start()
    await office.tenant()
    issued = await office.key(tenant="acme")
    for _ in range(3):
        assert await office.access.ring.authenticate(issued.token.reveal(), origin=None)
    assert value(metrics, "limi_api_key_lookups_total", source="memory") == 2
    assert value(metrics, "limi_api_key_lookups_total", source="database") == 1
    assert value(metrics, "limi_access_fresh") == 1
    await office.access.stop()


@dataclass
class _Windows:
    shared: bool = True
    losses: int = 0


def test_losses_of_redis_are_counted(metrics: Metrics) -> None:
    windows = _Windows()
    watch_shared(metrics, cast("SharedState", SimpleNamespace(windows=windows)))
    read: Callable[[str], float | None] = lambda name: value(metrics, name)  # noqa: E731 - a name for a call
    assert (read("limi_limits_alone"), read("limi_redis_losses_total")) == (0, 0)
    windows.shared, windows.losses = False, 1
    assert (read("limi_limits_alone"), read("limi_redis_losses_total")) == (1, 1)


def test_logs_stay_as_they_are_unless_traces_are_wanted() -> None:
    assert log_processors(Settings()) == ()
    wanted = Settings(telemetry=TelemetrySettings(endpoint="http://127.0.0.1:9"))
    assert list(log_processors(wanted)) == [add_trace_ids]


async def test_spans_are_counted_where_there_are_any(metrics: Metrics) -> None:
    assert open_tracing(Settings(), ids=CountingIds(), metrics=metrics) is None
    wanted = Settings(telemetry=TelemetrySettings(endpoint="http://127.0.0.1:9"))
    tracing = open_tracing(wanted, ids=CountingIds(), metrics=metrics)
    assert tracing is not None
    assert value(metrics, "limi_trace_spans_total", outcome="exported") == 0
    await tracing.stop()


@pytest.mark.parametrize("headers", ["a", "a=b c", "a=b,,c=d", "a b=c", "=c", "a=b=c"])
def test_headers_that_are_none_are_refused_by_name(headers: str, metrics: Metrics) -> None:
    wanted = Settings(telemetry=TelemetrySettings(endpoint="http://127.0.0.1:9", headers=Secret(headers)))
    with pytest.raises(SettingsError, match="OTEL_EXPORTER_OTLP_HEADERS"):
        open_tracing(wanted, ids=CountingIds(), metrics=metrics)


@pytest.mark.parametrize("missing", ["opentelemetry", "opentelemetry.sdk"])
def test_without_the_extra_traces_are_refused(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limi.observability.find_spec", lambda name: None if name == missing else name)
    with pytest.raises(SettingsError, match=r"limi\[otel\]"):
        log_processors(Settings(telemetry=TelemetrySettings(endpoint="http://127.0.0.1:9")))
