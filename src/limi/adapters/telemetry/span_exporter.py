"""Sends spans on, counts them, and says once when their receiver is away and when it is back.

The library's own exporter writes a line for each attempt, which while a receiver is away would be most of the log.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Final

import structlog
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

__all__ = ["CountingExporter"]

_log = structlog.get_logger(__name__)

_CHATTY: Final = "opentelemetry.exporter.otlp.proto.http.trace_exporter"


class CountingExporter(SpanExporter):
    """Stands before another exporter; called on the thread that sends."""

    def __init__(self, inner: SpanExporter) -> None:
        """Stand before `inner`, and speak in its place."""
        self._inner = inner
        self._failing = False
        self._exported = self._failed = 0
        logging.getLogger(_CHATTY).setLevel(logging.CRITICAL)

    @property
    def counts(self) -> Mapping[str, int]:
        """Spans by what became of them."""
        return {"exported": self._exported, "failed": self._failed}

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send `spans`; nothing that goes wrong is raised."""
        try:
            result = self._inner.export(spans)
        except Exception as exc:  # noqa: BLE001 - whatever a receiver does is no reason to end the thread
            self._note_failure(len(spans), type(exc).__name__)
            return SpanExportResult.FAILURE
        if result is not SpanExportResult.SUCCESS:
            self._note_failure(len(spans), "refused or unreachable")
            return result
        self._exported += len(spans)
        if self._failing:
            self._failing = False
            _log.warning("traces.recovered", lost=self._failed)
        return result

    def shutdown(self) -> None:
        """Send no more."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Nothing is held here."""
        del timeout_millis
        return True

    def _note_failure(self, spans: int, reason: str) -> None:
        self._failed += spans
        if not self._failing:
            self._failing = True
            _log.warning("traces.unreachable", reason=reason)
