import pytest
from prometheus_client.parser import text_string_to_metric_families

from limi import __version__
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


def test_requests_are_counted_by_route_method_and_status(metrics: Metrics) -> None:
    for status in (200, 200, None):
        metrics.request_began("http")
        metrics.request_ended("http", "/healthz", "GET", status, 0.02)
    assert sample(metrics, "limi_http_requests_total", route="/healthz", method="GET", status="200") == 2
    assert sample(metrics, "limi_http_requests_total", route="/healthz", method="GET", status="none") == 1
    assert sample(metrics, "limi_http_request_seconds_count", route="/healthz") == 3


def test_a_method_that_nobody_knows_is_one_of_the_others(metrics: Metrics) -> None:
    """What clients make up must not become labels."""
    for method in ("BREW", "X" * 50):
        metrics.request_began("http")
        metrics.request_ended("http", "none", method, 405, 0.02)
    assert sample(metrics, "limi_http_requests_total", route="none", method="other", status="405") == 2


def test_what_is_in_flight_is_counted_by_kind(metrics: Metrics) -> None:
    for kind in ("http", "websocket", "websocket"):
        metrics.request_began(kind)
    assert sample(metrics, "limi_requests_in_flight", kind="http") == 1
    assert sample(metrics, "limi_requests_in_flight", kind="websocket") == 2
    metrics.request_ended("websocket", "/sandbox/*", "GET", 101, 600.0)
    assert sample(metrics, "limi_requests_in_flight", kind="websocket") == 1
    assert sample(metrics, "limi_http_request_seconds_count", route="/sandbox/*") is None


def test_errors_are_counted_by_code_wherever_they_were_answered(metrics: Metrics) -> None:
    metrics.mint_ended("refused", "auth_required", 0.001)
    metrics.error_answered("auth_required")
    metrics.error_answered("not_found")
    metrics.mint_ended("succeeded", "", 0.01)
    assert sample(metrics, "limi_errors_total", code="auth_required") == 2
    assert sample(metrics, "limi_errors_total", code="not_found") == 1
    assert sample(metrics, "limi_errors_total", code="") is None


def test_commits_are_measured_in_seconds_and_facts(metrics: Metrics) -> None:
    metrics.journal_committed(3, 0.004)
    assert sample(metrics, "limi_journal_commit_seconds_bucket", le="0.005") == 1
    assert sample(metrics, "limi_journal_commit_seconds_bucket", le="0.0025") == 0
    assert sample(metrics, "limi_journal_commit_facts_sum") == 3


def test_deliveries_and_reports_are_counted_by_their_outcome(metrics: Metrics) -> None:
    metrics.webhook_attempted("delivered", 0.2)
    metrics.webhook_attempted("retry", 30.0)
    metrics.analytics_events("error_occurred", "duplicate")
    assert sample(metrics, "limi_webhook_attempts_total", outcome="retry") == 1
    assert sample(metrics, "limi_webhook_attempt_seconds_bucket", le="30.0") == 2
    assert sample(metrics, "limi_analytics_events_total", type="error_occurred", outcome="duplicate") == 1


def test_the_loops_lag_is_measured(metrics: Metrics) -> None:
    metrics.loop_lagged(0.3)
    assert sample(metrics, "limi_event_loop_lag_seconds_bucket", le="0.25") == 0
    assert sample(metrics, "limi_event_loop_lag_seconds_bucket", le="0.5") == 1


def test_the_version_is_told(metrics: Metrics) -> None:
    assert sample(metrics, "limi_build_info", version=__version__) == 1


def test_two_metrics_have_no_name_in_common(metrics: Metrics) -> None:
    with pytest.raises(ValueError, match="Duplicated"):
        metrics.counter("limi_mints", "Another.", lambda: 1)
    with pytest.raises(ValueError, match="Duplicated"):
        metrics.gauge("limi_build_info", "Another.", lambda: 1)


def test_a_counter_that_somebody_else_keeps_is_read_when_the_metrics_are(metrics: Metrics) -> None:
    metrics.counter("limi_lookups", "Lookups.", lambda: {"memory": 2}, label="source")
    assert sample(metrics, "limi_lookups_total", source="memory") == 2
