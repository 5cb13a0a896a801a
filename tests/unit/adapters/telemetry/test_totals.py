"""The metrics of several processes are those of one server."""

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from limi.adapters.telemetry.totals import Sample, Snapshot, add_up, gauge, lasting, render, take


def _process(mints: int, queued: float, healthy: float, *seconds: float) -> Snapshot:
    """Return what one process has counted."""
    registry = CollectorRegistry()
    Counter("limi_mints", "Mints.", ["outcome"], registry=registry).labels("succeeded").inc(mints)
    Gauge("limi_journal_queued", "Waiting.", registry=registry).set(queued)
    Gauge("limi_journal_healthy", "Health.", registry=registry).set(healthy)
    histogram = Histogram("limi_seconds", "Time.", buckets=(0.1, 1.0), registry=registry)
    for second in seconds:
        histogram.observe(second)
    return take(registry)


def _values(snapshot: Snapshot, name: str) -> dict[tuple[tuple[str, str], ...], float]:
    return {sample.labels: sample.value for family in snapshot for sample in family.samples if sample.name == name}


def test_counts_and_what_is_held_are_added_up() -> None:
    total = add_up([_process(2, 5, 1), _process(3, 1, 1)])
    assert _values(total, "limi_mints_total") == {(("outcome", "succeeded"),): 5}
    assert _values(total, "limi_journal_queued") == {(): 6}


def test_a_server_is_as_healthy_as_its_sickest_process() -> None:
    assert _values(add_up([_process(0, 0, 1), _process(0, 0, 0)]), "limi_journal_healthy") == {(): 0}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("limi_access_fresh", 0),
        ("limi_usage_healthy", 0),
        ("limi_build_info", 1),
        ("limi_webhook_pending", 1),
        ("limi_webhook_oldest_due_seconds", 1),
        ("limi_audit_file_lag_seconds", 1),
    ],
)
def test_what_all_processes_read_of_one_thing_is_not_added_up(name: str, said: float) -> None:
    """A server is as up to date as its process that is furthest behind; and there is one database."""
    both = [(gauge(name, "Said by each.", value),) for value in (1, 0)]
    assert _values(add_up(both), name) == {(): said}


def test_buckets_are_added_up_one_by_one() -> None:
    total = add_up([_process(0, 0, 1, 0.05, 0.5), _process(0, 0, 1, 5.0)])
    buckets = _values(total, "limi_seconds_bucket")
    assert buckets == {(("le", "0.1"),): 1, (("le", "1.0"),): 2, (("le", "+Inf"),): 3}
    assert _values(total, "limi_seconds_sum") == {(): 5.55}


def test_what_was_created_first_counts() -> None:
    one, two = _process(0, 0, 1, 0.5), _process(0, 0, 1, 0.5)
    created = [_values(snapshot, "limi_seconds_created")[()] for snapshot in (one, two)]
    assert _values(add_up([two, one]), "limi_seconds_created")[()] == min(created)


def test_a_metric_that_one_process_alone_has_is_kept() -> None:
    total = add_up([_process(1, 0, 1), (gauge("limi_workers", "Processes.", 2),)])
    assert _values(total, "limi_workers") == {(): 2}
    assert _values(total, "limi_mints_total") == {(("outcome", "succeeded"),): 1}


def test_of_a_process_that_ended_its_counts_remain() -> None:
    """A sum that falls looks to Prometheus like a restart, and the rest of it like new events."""
    ended = lasting(_process(2, 5, 0, 0.5))
    total = add_up([_process(3, 1, 1), ended])
    assert _values(total, "limi_mints_total") == {(("outcome", "succeeded"),): 5}
    assert _values(total, "limi_seconds_count") == {(): 1}
    assert _values(total, "limi_journal_queued") == {(): 1}
    assert _values(total, "limi_journal_healthy") == {(): 1}


def test_nothing_is_the_sum_of_nothing() -> None:
    assert add_up([]) == ()


def test_the_text_is_what_one_process_would_write() -> None:
    text = render(_process(2, 5, 1, 0.5)).decode()
    assert '# TYPE limi_mints_total counter\nlimi_mints_total{outcome="succeeded"} 2.0\n' in text
    assert 'limi_seconds_bucket{le="0.1"} 0.0\nlimi_seconds_bucket{le="1.0"} 1.0\n' in text


@pytest.mark.parametrize("value", [float("inf"), 1e300])
def test_a_gauge_can_hold_any_number(value: float) -> None:
    assert gauge("g", "A gauge.", value).samples == (Sample("g", (), value),)
