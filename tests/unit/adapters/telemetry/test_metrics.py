import pytest
from prometheus_client.parser import text_string_to_metric_families

from limi.adapters.telemetry.metrics import Metrics
from limi.adapters.telemetry.totals import Snapshot, add_up


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def sample(metrics: Metrics, name: str, **labels: str) -> float | None:
    for family in text_string_to_metric_families(metrics.render().decode()):
        for found in family.samples:
            if found.name == name and found.labels == labels:
                return float(found.value)
    return None


def test_mints_are_counted_by_outcome_and_code(metrics: Metrics) -> None:
    metrics.mint_ended("succeeded", "ok", 0.02)
    metrics.mint_ended("failed", "openai_timeout", 10.0)
    metrics.mint_ended("failed", "openai_timeout", 10.0)
    assert sample(metrics, "limi_mints_total", outcome="succeeded", code="ok") == 1
    assert sample(metrics, "limi_mints_total", outcome="failed", code="openai_timeout") == 2


def test_the_time_of_a_mint_falls_into_its_buckets(metrics: Metrics) -> None:
    metrics.mint_ended("succeeded", "ok", 0.02)
    assert sample(metrics, "limi_mint_seconds_count", outcome="succeeded") == 1
    assert sample(metrics, "limi_mint_seconds_sum", outcome="succeeded") == 0.02
    assert sample(metrics, "limi_mint_seconds_bucket", outcome="succeeded", le="0.01") == 0
    assert sample(metrics, "limi_mint_seconds_bucket", outcome="succeeded", le="0.025") == 1


def test_upstreams_answers_are_measured_to_its_time_out(metrics: Metrics) -> None:
    metrics.upstream_answered(9.9)
    metrics.upstream_answered(0.001)
    assert sample(metrics, "limi_upstream_seconds_bucket", le="5.0") == 1
    assert sample(metrics, "limi_upstream_seconds_bucket", le="10.0") == 2


def test_the_limiters_decisions_are_counted(metrics: Metrics) -> None:
    metrics.limit_decided("mint", admitted=True)
    metrics.limit_decided("mint", admitted=False)
    metrics.limit_decided("connection", admitted=False)
    assert sample(metrics, "limi_limit_decisions_total", limit="mint", decision="admitted") == 1
    assert sample(metrics, "limi_limit_decisions_total", limit="mint", decision="refused") == 1
    assert sample(metrics, "limi_limit_decisions_total", limit="connection", decision="refused") == 1


def test_a_gauge_is_read_when_the_metrics_are(metrics: Metrics) -> None:
    value = 1.0
    metrics.gauge("limi_mints_in_flight", "Mints at upstream now.", lambda: value)
    assert sample(metrics, "limi_mints_in_flight") == 1
    value = 7.0
    assert sample(metrics, "limi_mints_in_flight") == 7


def test_the_process_is_described_too(metrics: Metrics) -> None:
    assert (sample(metrics, "process_resident_memory_bytes") or 0) > 1_000_000


def test_two_applications_do_not_count_together(metrics: Metrics) -> None:
    metrics.mint_ended("succeeded", "ok", 0.02)
    assert sample(Metrics(), "limi_mints_total", outcome="succeeded", code="ok") is None


async def test_one_process_alone_is_the_whole_server(metrics: Metrics) -> None:
    metrics.mint_ended("succeeded", "ok", 0.02)
    assert b'limi_mints_total{code="ok",outcome="succeeded"} 1.0' in await metrics.render_all()


async def test_what_the_others_have_counted_is_added() -> None:
    class Twin:
        async def gather(self, own: Snapshot) -> Snapshot:
            return add_up([own, own])

    metrics = Metrics(pool=Twin())
    metrics.mint_ended("succeeded", "ok", 0.02)
    assert b'limi_mints_total{code="ok",outcome="succeeded"} 2.0' in await metrics.render_all()
    assert sample(metrics, "limi_mints_total", outcome="succeeded", code="ok") == 1
