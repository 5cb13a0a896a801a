"""Counts in plain dictionaries, and what Prometheus reads of them."""

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

from limi.adapters.telemetry.tallies import Durations, ReadCounter, Tally


def values(collector: Collector) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """Return what a scrape reads, by name and labels."""
    registry = CollectorRegistry(auto_describe=True)
    registry.register(collector)
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_each_combination_of_labels_has_its_own_count() -> None:
    tally = Tally("limi_things", "Things.", ["kind", "end"])
    for end in ("good", "bad", "good"):
        tally.add("a", end)
    assert values(tally) == {
        ("limi_things_total", (("end", "good"), ("kind", "a"))): 2,
        ("limi_things_total", (("end", "bad"), ("kind", "a"))): 1,
    }


def test_a_count_may_begin_at_nothing() -> None:
    tally = Tally("limi_things", "Things.", ["kind"])
    tally.add("b")
    for kind in ("a", "b"):
        tally.begin(kind)
    assert values(tally) == {
        ("limi_things_total", (("kind", "a"),)): 0,
        ("limi_things_total", (("kind", "b"),)): 1,
    }


def test_a_duration_falls_into_its_bucket_and_all_above() -> None:
    durations = Durations("limi_seconds", "Time.", buckets=(0.1, 1))
    for seconds in (0.1, 0.5, 7):
        durations.observe(seconds)
    assert values(durations) == {
        ("limi_seconds_bucket", (("le", "0.1"),)): 1,
        ("limi_seconds_bucket", (("le", "1.0"),)): 2,
        ("limi_seconds_bucket", (("le", "+Inf"),)): 3,
        ("limi_seconds_count", ()): 3,
        ("limi_seconds_sum", ()): 7.6,
    }


def test_durations_without_labels_are_there_before_the_first() -> None:
    assert values(Durations("limi_seconds", "Time.", buckets=(1,)))["limi_seconds_count", ()] == 0


def test_durations_with_labels_are_apart() -> None:
    durations = Durations("limi_seconds", "Time.", ["route"], buckets=(1,))
    durations.observe(0.5, "/a")
    durations.observe(2, "/b")
    found = values(durations)
    assert found["limi_seconds_bucket", (("le", "1.0"), ("route", "/a"))] == 1
    assert found["limi_seconds_bucket", (("le", "1.0"), ("route", "/b"))] == 0
    assert found["limi_seconds_count", (("route", "/b"),)] == 1


def test_a_counter_that_somebody_else_keeps_is_read_each_time() -> None:
    count = 3
    counter = ReadCounter("limi_losses", "Losses.", lambda: count)
    assert values(counter) == {("limi_losses_total", ()): 3}
    count = 4
    assert values(counter) == {("limi_losses_total", ()): 4}


def test_such_a_counter_may_have_a_label() -> None:
    counter = ReadCounter("limi_lookups", "Lookups.", lambda: {"memory": 9, "database": 1}, label="source")
    assert values(counter) == {
        ("limi_lookups_total", (("source", "memory"),)): 9,
        ("limi_lookups_total", (("source", "database"),)): 1,
    }


@pytest.mark.parametrize(
    "second",
    [
        Tally("limi_a", "A.", []),
        Durations("limi_a", "A.", buckets=(1,)),
        ReadCounter("limi_a", "A.", lambda: 1),
    ],
    ids=["tally", "durations", "read"],
)
def test_a_name_is_given_once(second: Collector) -> None:
    registry = CollectorRegistry(auto_describe=True)
    registry.register(Tally("limi_a", "A.", []))
    with pytest.raises(ValueError, match="Duplicated"):
        registry.register(second)
