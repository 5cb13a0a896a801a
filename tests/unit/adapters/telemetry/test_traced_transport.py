"""A span for each request to upstream."""

from collections.abc import Mapping

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from limi.adapters.telemetry.traced_transport import TracedTransport
from limi.adapters.upstream.transports import Answer, TransportError
from tests.unit.adapters.telemetry.spans import Spans

KEY = "Bearer sk-hidden-main-key"


class Inner:
    """Remembers the headers it was sent with."""

    def __init__(self, outcome: Answer | TransportError) -> None:
        self.outcome = outcome
        self.headers: list[dict[str, str]] = []
        self.closed = False

    async def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        del method, path, body
        self.headers.append(dict(headers))
        if isinstance(self.outcome, TransportError):
            raise self.outcome
        return self.outcome

    async def close(self) -> None:
        self.closed = True


def transport(inner: Inner, spans: Spans, base_url: str | None = "https://api.example/v1") -> TracedTransport:
    return TracedTransport(inner, tracer=spans.tracer, base_url=base_url)


async def post(chosen: TracedTransport) -> Answer:
    return await chosen.send("POST", "/realtime/client_secrets", headers={"authorization": KEY}, body=b"{}")


async def test_a_request_within_a_trace_is_a_span_whose_context_goes_along() -> None:
    spans, inner = Spans(), Inner(Answer(200, b"{}", {}))
    with spans.tracer.start_as_current_span("mint") as mint:
        await post(transport(inner, spans))
    upstream, outer = spans.exporter.get_finished_spans()
    assert outer.name == "mint"
    assert (upstream.name, upstream.kind) == ("POST /realtime/client_secrets", SpanKind.CLIENT)
    assert upstream.parent is not None
    assert upstream.parent.span_id == mint.get_span_context().span_id
    assert upstream.context is not None
    ids = (
        trace.format_trace_id(upstream.context.trace_id),
        trace.format_span_id(upstream.context.span_id),
    )
    # Sampled, and by a random id: https://www.w3.org/TR/trace-context-2/#trace-flags.
    assert inner.headers == [{"authorization": KEY, "traceparent": f"00-{ids[0]}-{ids[1]}-03"}]
    assert dict(upstream.attributes or {}) == {
        "http.request.method": "POST",
        "server.address": "api.example",
        "server.port": 443,
        "url.full": "https://api.example/v1/realtime/client_secrets",
        "http.response.status_code": 200,
    }
    assert "hidden" not in upstream.to_json()


async def test_what_nobody_traces_is_sent_as_it_is() -> None:
    spans, inner = Spans(), Inner(Answer(200, b"{}", {}))
    await post(transport(inner, spans))
    assert spans.exporter.get_finished_spans() == ()
    assert inner.headers == [{"authorization": KEY}]


async def test_a_trace_that_is_not_kept_is_passed_on_as_one() -> None:
    spans, inner = Spans(keep=False), Inner(Answer(200, b"{}", {}))
    with spans.tracer.start_as_current_span("mint"):
        await post(transport(inner, spans))
    assert spans.exporter.get_finished_spans() == ()
    assert int(inner.headers[0]["traceparent"][-2:], 16) & 1 == 0


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        (Answer(429, b"", {}), "429"),
        (Answer(500, b"", {}), "500"),
        (TransportError("no whole answer in time", timed_out=True), "timeout"),
        (TransportError("OSError"), "connection_failed"),
    ],
)
async def test_a_failure_is_an_error_of_the_span(outcome: Answer | TransportError, kind: str) -> None:
    spans, inner = Spans(), Inner(outcome)
    with spans.tracer.start_as_current_span("mint"):
        if isinstance(outcome, TransportError):
            with pytest.raises(TransportError):
                await post(transport(inner, spans))
        else:
            assert await post(transport(inner, spans)) is outcome
    span = spans.exporter.get_finished_spans()[0]
    assert span.status.status_code is StatusCode.ERROR
    assert (span.attributes or {})["error.type"] == kind


async def test_an_upstream_in_this_process_has_no_address() -> None:
    spans, inner = Spans(), Inner(Answer(200, b"{}", {}))
    with spans.tracer.start_as_current_span("mint"):
        await post(transport(inner, spans, None))
    assert "server.address" not in (spans.exporter.get_finished_spans()[0].attributes or {})


async def test_closing_closes_the_one_behind() -> None:
    inner = Inner(Answer(200, b"{}", {}))
    await transport(inner, Spans()).close()
    assert inner.closed
