"""Prometheus metrics; docs/observability.md says what each means.

What a mint counts goes into tallies (`limi.adapters.telemetry.tallies`), because it may not pay for more.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from limi import __version__
from limi.adapters.telemetry.tallies import Durations, ReadCounter, Tally
from limi.adapters.telemetry.totals import MetricsPool, Snapshot, render, take
from limi.kernel.errors import CATALOGUE

__all__ = ["Metrics"]

_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""From a loopback sandbox's answer to upstream's time-out."""
_ATTEMPT_SECONDS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""To the longest that a receiver of webhooks may take."""
_COMMIT_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
"""From a disk with a battery to `journal.write_seconds`."""
_LAG_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
_FACTS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500)
"""To `journal.batch_size`."""
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """All metrics of one application, in a registry of their own so that two applications do not mix.

    They are counted on the event loop's thread; see `limi.adapters.telemetry.tallies`.
    """

    def __init__(self, *, pool: MetricsPool | None = None) -> None:
        """Make them, all at nothing.

        Args:
            pool: the server's other processes, whose counts `render_all` adds.
        """
        self._pool = pool
        # Described, so that two metrics of one name are refused.
        self.registry = CollectorRegistry(auto_describe=True)
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        build = Gauge("limi_build_info", "The version; always 1.", ["version"], registry=self.registry)
        build.labels(__version__).set(1)
        self._make_mint_metrics()
        self._make_http_metrics()
        self._make_inner_metrics()

    def mint_ended(self, outcome: str, code: str, seconds: float) -> None:
        """Count one answered request for a key; `code` is the error's, or empty."""
        self._mints.add(outcome, code)
        self._mint_seconds.observe(seconds, outcome)
        if code:
            self._errors.add(code)

    def limit_decided(self, window: str, *, admitted: bool) -> None:
        """Count one decision of the limiter."""
        self._decisions.add(window, "admitted" if admitted else "refused")

    def upstream_answered(self, seconds: float) -> None:
        """Observe one answer of upstream, whatever it was."""
        self._upstream_seconds.observe(seconds)

    def request_began(self, kind: str) -> None:
        """Count one request in; `kind` is ASGI's, `http` or `websocket`."""
        self._in_flight[kind] += 1

    def request_ended(self, kind: str, route: str, method: str, status: int | None, seconds: float) -> None:
        """Count one request out.

        Args:
            kind: as for `request_began`.
            route: the route's template, never the path itself.
            method: what the client said, which may be anything.
            status: what was answered; None where the client left before.
            seconds: how long it took.
        """
        self._in_flight[kind] -= 1
        method = method if method in _METHODS else "other"
        self._requests.add(route, method, str(status) if status else "none")
        if kind == "http":
            self._request_seconds.observe(seconds, route)

    def error_answered(self, code: str) -> None:
        """Count one answer with an error of the catalogue, outside the mint, which counts its own."""
        self._errors.add(code)

    def journal_committed(self, facts: int, seconds: float) -> None:
        """Observe one transaction of the journal."""
        self._commit_seconds.observe(seconds)
        self._commit_facts.observe(facts)

    def loop_lagged(self, seconds: float) -> None:
        """Observe how late the event loop was."""
        self._loop_lag.observe(seconds)

    def webhook_attempted(self, outcome: str, seconds: float) -> None:
        """Count one attempt at a delivery: `delivered`, `retry` or `failed`."""
        self._webhook_attempts.add(outcome)
        self._webhook_seconds.observe(seconds)

    def analytics_events(self, type: str, outcome: str) -> None:  # noqa: A002 - the label's name
        """Count one event that a client reported: `accepted`, `duplicate` or `refused`."""
        self._analytics_events.add(type, outcome)

    def gauge(self, name: str, description: str, read: Callable[[], float]) -> None:
        """Add a gauge that is read when the metrics are."""
        Gauge(name, description, registry=self.registry).set_function(read)

    def counter(
        self,
        name: str,
        description: str,
        read: Callable[[], Mapping[str, float] | float],
        *,
        label: str | None = None,
    ) -> None:
        """Add a counter that somebody else keeps; see `ReadCounter`."""
        self.registry.register(ReadCounter(name, description, read, label=label))

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

    def _make_mint_metrics(self) -> None:
        self._mints = self._tally("limi_mints", "Requests for a key, by how they ended.", "outcome", "code")
        self._mint_seconds = self._durations(
            "limi_mint_seconds", "Time from request to answer.", "outcome", buckets=_SECONDS
        )
        self._upstream_seconds = self._durations(
            "limi_upstream_seconds", "Time upstream took to answer a mint.", buckets=_SECONDS
        )
        self._decisions = self._tally(
            "limi_limit_decisions", "Decisions of the rate limiter.", "limit", "decision"
        )

    def _make_http_metrics(self) -> None:
        self._requests = self._tally(
            "limi_http_requests", "Answered requests and handshakes.", "route", "method", "status"
        )
        self._request_seconds = self._durations(
            "limi_http_request_seconds", "Time from request to the answer's end.", "route", buckets=_SECONDS
        )
        self._errors = self._tally("limi_errors", "Answers with an error of the catalogue.", "code")
        for code in CATALOGUE:
            self._errors.begin(code)
        self._in_flight = {"http": 0, "websocket": 0}
        gauge = Gauge("limi_requests_in_flight", "Requests and sockets now.", ["kind"], registry=self.registry)
        for kind in self._in_flight:
            gauge.labels(kind).set_function(partial(self._in_flight.__getitem__, kind))

    def _make_inner_metrics(self) -> None:
        self._commit_seconds = self._durations(
            "limi_journal_commit_seconds", "Time of one transaction of the journal.", buckets=_COMMIT_SECONDS
        )
        self._commit_facts = self._durations(
            "limi_journal_commit_facts", "Facts in one transaction of the journal.", buckets=_FACTS
        )
        self._loop_lag = self._durations(
            "limi_event_loop_lag_seconds", "How late the event loop wakes up.", buckets=_LAG_SECONDS
        )
        self._webhook_attempts = self._tally("limi_webhook_attempts", "Attempts at deliveries.", "outcome")
        for outcome in ("delivered", "retry", "failed"):
            self._webhook_attempts.begin(outcome)
        self._webhook_seconds = self._durations(
            "limi_webhook_attempt_seconds", "Time of one attempt.", buckets=_ATTEMPT_SECONDS
        )
        self._analytics_events = self._tally(
            "limi_analytics_events", "Events that clients reported.", "type", "outcome"
        )

    def _tally(self, name: str, description: str, *labels: str) -> Tally:
        made = Tally(name, description, labels)
        self.registry.register(made)
        return made

    def _durations(self, name: str, description: str, *labels: str, buckets: tuple[float, ...]) -> Durations:
        made = Durations(name, description, labels, buckets=buckets)
        self.registry.register(made)
        return made
