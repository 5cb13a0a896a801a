"""Prometheus metrics. Each has its labels bound beforehand, because a mint may not pay for looking them up."""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from limi.adapters.telemetry.totals import MetricsPool, Snapshot, render, take

__all__ = ["Metrics"]

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""From a loopback sandbox's answer to upstream's time-out."""


class Metrics:
    """All metrics of one application, in a registry of their own so that two applications do not mix."""

    def __init__(self, *, pool: MetricsPool | None = None) -> None:
        """Make them, all at nothing.

        Args:
            pool: the server's other processes, whose counts `render_all` adds.
        """
        self._pool = pool
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._mints = Counter(
            "limi_mints", "Requests for a key, by how they ended.", ["outcome", "code"], registry=self.registry
        )
        self._mint_seconds = Histogram(
            "limi_mint_seconds",
            "Time from request to answer.",
            ["outcome"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._upstream_seconds = Histogram(
            "limi_upstream_seconds",
            "Time upstream took to answer a mint.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._decisions = Counter(
            "limi_limit_decisions", "Decisions of the rate limiter.", ["limit", "decision"], registry=self.registry
        )
        # Bound once; the codes are the catalogue's, so both caches stay small.
        self._mint_counter = lru_cache(maxsize=256)(self._mints.labels)
        self._seconds_of = lru_cache(maxsize=8)(self._mint_seconds.labels)
        self._decision_counter = lru_cache(maxsize=8)(self._decisions.labels)

    def mint_ended(self, outcome: str, code: str, seconds: float) -> None:
        """Count one answered request."""
        self._mint_counter(outcome, code).inc()
        self._seconds_of(outcome).observe(seconds)

    def limit_decided(self, window: str, *, admitted: bool) -> None:
        """Count one decision of the limiter."""
        self._decision_counter(window, "admitted" if admitted else "refused").inc()

    def upstream_answered(self, seconds: float) -> None:
        """Observe one answer of upstream, whatever it was."""
        self._upstream_seconds.observe(seconds)

    def gauge(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Add a gauge that is read when the metrics are."""
        Gauge(name, description, registry=self.registry).set_function(read)

    def snapshot(self) -> Snapshot:
        """Return what this process has counted."""
        return take(self.registry)

    def render(self) -> bytes:
        """Return this process's metrics in Prometheus's text format."""
        return generate_latest(self.registry)

    async def render_all(self) -> bytes:
        """Return the whole server's, added up where it has several processes.

        Raises:
            TimeoutError: when the others do not say in time. A part of the sum would look like a restart.
        """
        if self._pool is None:
            return self.render()
        return render(await self._pool.gather(self.snapshot()))
