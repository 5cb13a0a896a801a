"""Counts that cost a tenth of a microsecond: plain dictionaries, made into Prometheus's shape when somebody asks.

prometheus_client's own counters take a lock for each count and a search for the labels' child, about 1 µs
together, and a mint counts half a dozen things. These belong to the event loop's thread, on which metrics are also
rendered.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

__all__ = ["Durations", "ReadCounter", "Tally"]


class Tally(Collector):
    """A counter; one number for each combination of its labels' values."""

    def __init__(self, name: str, description: str, labels: Sequence[str]) -> None:
        """Begin at nothing.

        Args:
            name: without `_total`.
            description: a sentence.
            labels: their names, in the order in which `add` takes their values.
        """
        self._name = name
        self._description = description
        self._labels = tuple(labels)
        self._counts: defaultdict[tuple[str, ...], int] = defaultdict(int)

    def add(self, *values: str) -> None:
        """Count one, under the labels' `values`, which come from closed sets."""
        self._counts[values] += 1

    def begin(self, *values: str) -> None:
        """Have a count at nothing, so that its first one is an increase for whoever looks at rates."""
        self._counts.setdefault(values, 0)

    def describe(self) -> Iterator[Metric]:
        """Yield the name, which the registry gives to nobody else."""
        yield self._family()

    def collect(self) -> Iterator[Metric]:
        """Yield what was counted."""
        family = self._family()
        for values, count in self._counts.items():
            family.add_metric(values, count)
        yield family

    def _family(self) -> CounterMetricFamily:
        return CounterMetricFamily(self._name, self._description, labels=self._labels)


class Durations(Collector):
    """A histogram; one for each combination of its labels' values."""

    def __init__(
        self, name: str, description: str, labels: Sequence[str] = (), *, buckets: Sequence[float]
    ) -> None:
        """Begin at nothing.

        Args:
            name: with its unit.
            description: a sentence.
            labels: their names, in the order in which `observe` takes their values.
            buckets: upper bounds, ascending; what is above the last is counted too.
        """
        self._name = name
        self._description = description
        self._labels = tuple(labels)
        self._bounds = tuple(buckets)
        self._series: defaultdict[tuple[str, ...], list[float]] = defaultdict(self._nothing)
        """Of each: how many fell below each bound and above the last one before it, and at the end their sum."""
        if not self._labels:
            # Without labels it is there from the start, so that a rate over it begins at nothing.
            self._series[()] = self._nothing()

    def observe(self, value: float, *labels: str) -> None:
        """Count `value` under the labels' values, which come from closed sets."""
        series = self._series[labels]
        series[bisect_left(self._bounds, value)] += 1
        series[-1] += value

    def describe(self) -> Iterator[Metric]:
        """Yield the name, which the registry gives to nobody else."""
        yield self._family()

    def collect(self) -> Iterator[Metric]:
        """Yield what was observed."""
        family = self._family()
        names = (*(str(float(bound)) for bound in self._bounds), "+Inf")
        for values, (*counts, total) in self._series.items():
            buckets = list(zip(names, accumulate(counts), strict=True))
            family.add_metric(values, buckets, total)
        yield family

    def _family(self) -> HistogramMetricFamily:
        return HistogramMetricFamily(self._name, self._description, labels=self._labels)

    def _nothing(self) -> list[float]:
        return [0.0] * (len(self._bounds) + 2)


class ReadCounter(Collector):
    """A counter that somebody else keeps, read when the metrics are."""

    def __init__(
        self,
        name: str,
        description: str,
        read: Callable[[], Mapping[str, float] | float],
        *,
        label: str | None = None,
    ) -> None:
        """Keep how it is read.

        Args:
            name: without `_total`.
            description: a sentence.
            read: returns the number, or with `label` one for each of its values.
            label: the one label's name.
        """
        self._name = name
        self._description = description
        self._read = read
        self._label = label

    def describe(self) -> Iterator[Metric]:
        """Yield the name, which the registry gives to nobody else."""
        yield self._family()

    def collect(self) -> Iterator[Metric]:
        """Yield what is read."""
        family, found = self._family(), self._read()
        if isinstance(found, Mapping):
            for value, count in found.items():
                family.add_metric([value], count)
        else:
            family.add_metric([], found)
        yield family

    def _family(self) -> CounterMetricFamily:
        return CounterMetricFamily(self._name, self._description, labels=[self._label] if self._label else [])
