"""Traces for OpenTelemetry: who makes spans, and how they leave the process. Loaded only where they are wanted.

Everything that the library would read from the environment is given to it, so that settings say all there is to
say; certificates for the receiver are the one exception (OTEL_EXPORTER_OTLP_CERTIFICATE and its neighbours).
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import unquote

import requests
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.semconv.attributes.service_attributes import (
    SERVICE_INSTANCE_ID,
    SERVICE_NAME,
    SERVICE_VERSION,
)

from limi.adapters.telemetry.span_exporter import CountingExporter
from limi.adapters.telemetry.traced_route import MintObserver, TracedMints, TracedRoute
from limi.adapters.telemetry.traced_transport import TracedTransport
from limi.adapters.upstream.transports import ASGIApp, Transport
from limi.kernel.telemetry_settings import TelemetrySettings

__all__ = ["Tracing"]

_EXPORT_SECONDS: Final = 5.0
"""How long one batch is tried. Its receiver is near, and what waits longer would only fill the queue."""
_BATCH_DELAY_MS: Final = 2000.0
_BATCH_SPANS: Final = 512
_QUEUE_SPANS: Final = 4096
"""A burst of two thousand mints. What finds no room is dropped: no mint waits for its traces."""
_STOP_SECONDS: Final = 3.0
"""Well below what a supervisor gives a worker beyond its last request."""
_QUOTES_SECRETS: Final = "opentelemetry.util.re"
_LIMITS: Final = SpanLimits(max_attributes=32, max_events=8, max_links=1, max_attribute_length=256)


class Tracing:
    """Makes spans and sends them; one for each process."""

    def __init__(
        self,
        settings: TelemetrySettings,
        *,
        version: str,
        instance: str,
        exporter: SpanExporter | None = None,
        stop_seconds: float = _STOP_SECONDS,
    ) -> None:
        """Begin; a thread of the library's sends what is made.

        Args:
            settings: where to, and how much.
            version: Limi's own.
            instance: tells this process from others.
            exporter: takes the spans; by OTLP to `settings.endpoint` unless given.
            stop_seconds: how long a stop waits for the last spans.
        """
        self._stop_seconds = stop_seconds
        self._join = settings.join_traces
        self._exporter = CountingExporter(exporter or _otlp(settings))
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(settings.sample_ratio)),
            resource=Resource(
                {
                    **_pairs(settings.resource_attributes),
                    SERVICE_NAME: settings.service_name,
                    SERVICE_VERSION: version,
                    SERVICE_INSTANCE_ID: instance,
                }
            ),
            # The library's way to end is a function at the interpreter's, which waits for half a minute.
            shutdown_on_exit=False,
            span_limits=_LIMITS,
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                self._exporter,
                max_queue_size=_QUEUE_SPANS,
                schedule_delay_millis=_BATCH_DELAY_MS,
                max_export_batch_size=_BATCH_SPANS,
                export_timeout_millis=_EXPORT_SECONDS * 1000,
            )
        )
        self._tracer = self._provider.get_tracer("limi", version)
        self._stopped = False

    @property
    def spans(self) -> Mapping[str, int]:
        """Spans by what became of them: exported or failed."""
        return self._exporter.counts

    def around(
        self,
        app: ASGIApp,
        *,
        route: str,
        describe: Callable[[MutableMapping[str, Any]], Mapping[str, str]],
    ) -> ASGIApp:
        """Return `app` with a span around each of its requests; see `TracedRoute`."""
        return TracedRoute(app, tracer=self._tracer, route=route, join=self._join, describe=describe)

    def telling(self, observer: MintObserver) -> MintObserver:
        """Return `observer` after one that says in the span how a mint ended."""
        return TracedMints(observer)

    def before(self, transport: Transport, *, base_url: str | None) -> Transport:
        """Return `transport` with a span around each request of a traced one; see `TracedTransport`."""
        return TracedTransport(transport, tracer=self._tracer, base_url=base_url)

    async def stop(self) -> None:
        """Send what is left, for a few seconds at most. It may be called again."""
        if self._stopped:
            return
        self._stopped = True
        loop = asyncio.get_running_loop()
        ended = loop.create_future()
        # A thread of its own and a daemon: neither a receiver that hangs nor the loop's pool may hold up the end.
        threading.Thread(target=_end, args=(self._provider, loop, ended), name="limi-traces", daemon=True).start()
        await asyncio.wait({ended}, timeout=self._stop_seconds)


def _end(provider: TracerProvider, loop: asyncio.AbstractEventLoop, ended: "asyncio.Future[None]") -> None:
    provider.shutdown()
    try:
        loop.call_soon_threadsafe(_settle, ended)
    except RuntimeError:
        return  # The loop is closed: nobody waits any more.


def _settle(ended: "asyncio.Future[None]") -> None:
    if not ended.done():
        ended.set_result(None)


def _otlp(settings: TelemetrySettings) -> SpanExporter:
    session = requests.Session()
    # Else the machine's .netrc and proxy would decide where spans go, and with which password.
    session.trust_env = False
    # The library looks at the variable too, and quotes it in a warning where it finds it odd.
    logging.getLogger(_QUOTES_SECRETS).setLevel(logging.CRITICAL)
    return OTLPSpanExporter(
        endpoint=f"{(settings.endpoint or '').rstrip('/')}/v1/traces",
        headers=_pairs(settings.headers.reveal()) if settings.headers else None,
        timeout=_EXPORT_SECONDS,
        compression=Compression.NoCompression,
        session=session,
    )


def _pairs(text: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in text.split(",") if pair)
    return {name.strip(): unquote(value) for name, _, value in pairs}
