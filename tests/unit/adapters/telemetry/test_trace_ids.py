"""Log lines of a traced request."""

from opentelemetry import trace

from limi.adapters.telemetry.trace_ids import add_trace_ids
from tests.unit.adapters.telemetry.spans import Spans


def test_a_line_within_a_trace_has_its_ids() -> None:
    with Spans().tracer.start_as_current_span("mint") as span:
        event = add_trace_ids(None, "info", {"event": "mint.succeeded"})
    context = span.get_span_context()
    assert event == {
        "event": "mint.succeeded",
        "trace_id": trace.format_trace_id(context.trace_id),
        "span_id": trace.format_span_id(context.span_id),
    }


def test_a_line_outside_has_none() -> None:
    assert add_trace_ids(None, "info", {"event": "limi.started"}) == {"event": "limi.started"}
