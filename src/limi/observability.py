"""The parts list of what operators see: which part of the server each metric is read from, and traces."""

import re
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from structlog.typing import Processor

from limi import __version__
from limi.access import Access
from limi.adapters.telemetry.metrics import Metrics
from limi.audit import AuditUpkeep
from limi.features.journal.service import JournalWriter
from limi.kernel.ids import Ids
from limi.kernel.settings import Settings, SettingsError

if TYPE_CHECKING:
    from limi.adapters.redis.shared_state import SharedState
    from limi.adapters.telemetry.tracing import Tracing

__all__ = ["log_processors", "open_tracing", "watch_access", "watch_journal", "watch_shared"]

_HEADERS: Final = re.compile(r"[\w!#$%&'*+.^`|~-]+=[^,=\s]*(,[\w!#$%&'*+.^`|~-]+=[^,=\s]*)*\Z")
"""Names are tokens (RFC 9110 §5.1); commas, equals signs and spaces of values are percent-encoded."""


def open_tracing(settings: Settings, *, ids: Ids, metrics: Metrics) -> "Tracing | None":
    """Return what makes traces, None where nobody wants any; then nothing of OpenTelemetry is loaded.

    Raises:
        SettingsError: the extra `otel` is not installed, or the headers are none.
    """
    chosen = settings.telemetry
    if chosen.endpoint is None:
        return None
    _require_otel()
    if chosen.headers and not _HEADERS.match(chosen.headers.reveal()):
        raise SettingsError(
            "OTEL_EXPORTER_OTLP_HEADERS (telemetry.headers) must be `name=value` by comma, with spaces, commas "
            "and equals signs of values percent-encoded."
        )
    from limi.adapters.telemetry.tracing import Tracing  # noqa: PLC0415 - most servers do without it

    tracing = Tracing(chosen, version=__version__, instance=ids.hex(16))
    metrics.counter("limi_trace_spans", "Spans, by what became of them.", lambda: tracing.spans, label="outcome")
    return tracing


def log_processors(settings: Settings) -> Sequence[Processor]:
    """Return what is done to log lines for the sake of traces.

    Raises:
        SettingsError: the extra `otel` is not installed.
    """
    if settings.telemetry.endpoint is None:
        return ()
    _require_otel()
    from limi.adapters.telemetry.trace_ids import add_trace_ids  # noqa: PLC0415 - as above

    return (add_trace_ids,)


def _require_otel() -> None:
    if find_spec("opentelemetry") is None or find_spec("opentelemetry.sdk") is None:
        raise SettingsError(
            "OTEL_EXPORTER_OTLP_ENDPOINT (telemetry.endpoint) needs the extra `otel`: pip install 'limi[otel]'."
        )


def watch_journal(metrics: Metrics, journal: JournalWriter, upkeep: AuditUpkeep) -> None:
    """Have `metrics` tell how the journal is."""
    metrics.gauge("limi_journal_queued", "Facts waiting to be written.", lambda: journal.state.queued)
    metrics.gauge("limi_journal_kept", "Outcomes waiting for another attempt.", lambda: journal.state.kept)
    metrics.gauge("limi_journal_healthy", "Whether the last write succeeded.", lambda: journal.state.healthy)
    metrics.counter("limi_journal_dropped", "Outcomes given up.", lambda: journal.state.dropped)
    if upkeep.file is not None:
        file = upkeep.file
        metrics.gauge("limi_audit_file_lag_seconds", "How far the audit file is behind.", file.lag_seconds)


def watch_access(metrics: Metrics, access: Access) -> None:
    """Have `metrics` tell how well keys are remembered, and whether changes of them are seen."""
    metrics.counter(
        "limi_api_key_lookups",
        "API keys looked up, by where.",
        lambda: access.ring.lookups,
        label="source",
    )
    metrics.gauge("limi_access_fresh", "Whether what is known of keys is recent.", lambda: access.watch.fresh)


def watch_shared(metrics: Metrics, shared: "SharedState") -> None:
    """Have `metrics` tell whether Redis is there."""
    windows = shared.windows
    metrics.gauge("limi_limits_alone", "Whether this process counts limits by itself.", lambda: not windows.shared)
    metrics.counter("limi_redis_losses", "How often Redis was lost.", lambda: windows.losses)
