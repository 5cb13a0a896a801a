"""The metrics of several processes as those of one server.

prometheus_client has a way of its own for this, files that every process maps into its memory. It is chosen by an
environment variable at import, reads no gauge that is a function, and makes each count a write to a file. Here
every process counts as if it were alone, and what they have counted is added up when somebody asks.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric

__all__ = [
    "Family",
    "MetricsPool",
    "Sample",
    "Snapshot",
    "add_up",
    "counter",
    "gauge",
    "lasting",
    "render",
    "take",
]


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """One line of the metrics."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float


class Family(msgspec.Struct, frozen=True, array_like=True):
    """One metric with all its samples; `kind` is Prometheus's word for its type."""

    name: str
    description: str
    kind: str
    samples: tuple[Sample, ...]


Snapshot = tuple[Family, ...]
"""Everything that one process, or several together, have counted."""


class MetricsPool(Protocol):
    """The other processes of this server."""

    async def gather(self, own: Snapshot) -> Snapshot:
        """Return `own` and what the others have counted, added up.

        Raises:
            TimeoutError: when they do not say in time.
        """


_CUMULATIVE: Final = frozenset({"counter", "histogram", "summary"})
_LEAST: Final = frozenset(
    {
        "limi_access_fresh",
        "limi_journal_healthy",
        "limi_usage_healthy",
        "process_max_fds",
        "process_start_time_seconds",
    }
)
"""Gauges that say the worst, or the first, of all: a server is as healthy as its sickest process."""
_GREATEST: Final = frozenset(
    {
        "limi_audit_file_lag_seconds",
        "limi_build_info",
        "limi_webhook_oldest_due_seconds",
        "limi_webhook_pending",
        "python_info",
    }
)
"""Gauges that say a constant, or what every process reads from the same database. What the processes hold of
everything else (memory, queues) adds up."""


def take(registry: CollectorRegistry) -> Snapshot:
    """Return what `registry` holds now."""
    return tuple(
        Family(metric.name, metric.documentation, metric.type, tuple(_samples(metric)))
        for metric in registry.collect()
    )


def add_up(snapshots: Iterable[Snapshot]) -> Snapshot:
    """Return one snapshot of all, with the families in the order in which they first occur."""
    families: dict[str, list[Family]] = {}
    for family in (family for snapshot in snapshots for family in snapshot):
        families.setdefault(family.name, []).append(family)
    return tuple(_merged(same) for same in families.values())


def lasting(snapshot: Snapshot) -> Snapshot:
    """Return what remains true when the process has ended: its counts.

    They go on being added, because a sum that falls looks to Prometheus like a restart of the whole server.
    """
    return tuple(family for family in snapshot if family.kind in _CUMULATIVE)


def gauge(name: str, description: str, value: float) -> Family:
    """Return a gauge without labels."""
    return Family(name, description, "gauge", (Sample(name, (), value),))


def counter(name: str, description: str, value: float) -> Family:
    """Return a counter without labels; `name` has no `_total`."""
    return Family(name, description, "counter", (Sample(f"{name}_total", (), value),))


def render(snapshot: Snapshot) -> bytes:
    """Return `snapshot` in Prometheus's text format."""
    registry = CollectorRegistry()
    registry.register(_Collected(snapshot))
    return generate_latest(registry)


class _Collected:
    """What prometheus_client asks for metrics."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        for family in self._snapshot:
            metric = Metric(family.name, family.description, family.kind)
            for sample in family.samples:
                metric.add_sample(sample.name, dict(sample.labels), sample.value)
            yield metric


def _samples(metric: Metric) -> Iterator[Sample]:
    for sample in metric.samples:
        yield Sample(sample.name, tuple(sample.labels.items()), sample.value)


def _merged(families: Sequence[Family]) -> Family:
    first = families[0]
    merged: dict[tuple[str, tuple[tuple[str, str], ...]], float] = {}
    for sample in (sample for family in families for sample in family.samples):
        place = (sample.name, sample.labels)
        known = merged.get(place)
        merged[place] = sample.value if known is None else _rule(first, sample.name)((known, sample.value))
    return msgspec.structs.replace(
        first, samples=tuple(Sample(name, labels, value) for (name, labels), value in merged.items())
    )


_RULES: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    **dict.fromkeys(_LEAST, min),
    **dict.fromkeys(_GREATEST, max),
}


def _rule(family: Family, sample: str) -> Callable[[Sequence[float]], float]:
    # When counting began; the first of the processes began it.
    if sample.endswith("_created"):
        return min
    return _RULES.get(family.name, sum)
