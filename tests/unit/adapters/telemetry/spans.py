"""Spans kept in memory, by the library's own exporter."""

from dataclasses import dataclass, field

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased
from opentelemetry.trace import Tracer

__all__ = ["Spans"]


@dataclass
class Spans:
    """A tracer, and what became of its spans."""

    keep: bool = True
    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)

    def __post_init__(self) -> None:
        self._provider = TracerProvider(
            sampler=ParentBased(ALWAYS_ON if self.keep else ALWAYS_OFF), shutdown_on_exit=False
        )
        self._provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    @property
    def tracer(self) -> Tracer:
        return self._provider.get_tracer("test")

    def only(self) -> ReadableSpan:
        (span,) = self.exporter.get_finished_spans()
        return span
