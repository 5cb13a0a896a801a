"""A span around each request of a route."""

from collections.abc import MutableMapping
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from limi.adapters.telemetry.traced_route import TracedMints, TracedRoute
from tests.unit.adapters.telemetry.spans import Spans

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
SAMPLED = f"00-{TRACE}-{PARENT}-01".encode()
UNSAMPLED = f"00-{TRACE}-{PARENT}-00".encode()

Message = MutableMapping[str, Any]


class Route:
    """Answers with a status, and remembers the trace it was in."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.trace_ids: list[int] = []

    async def __call__(self, _: Message, __: Any, send: Any) -> None:
        self.trace_ids.append(trace.get_current_span().get_span_context().trace_id)
        await send({"type": "http.response.start", "status": self.status, "headers": []})
        await send({"type": "http.response.body", "body": b""})


def traced(app: Any, spans: Spans, *, join: bool = True) -> TracedRoute:
    return TracedRoute(
        app, tracer=spans.tracer, route="/mint", join=join, describe=lambda scope: {"limi.request_id": scope["id"]}
    )


async def ask(app: TracedRoute, *headers: tuple[bytes, bytes], method: str = "POST") -> list[Message]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "http.request"}

    await app({"method": method, "scheme": "https", "headers": list(headers), "id": "r1"}, receive, send)
    return sent


async def test_a_request_is_one_span_of_a_server() -> None:
    spans = Spans()
    sent = await ask(traced(Route(), spans), (b"authorization", b"Bearer limi_sk_hidden"))
    span = spans.only()
    assert (span.name, span.kind, span.parent) == ("POST /mint", SpanKind.SERVER, None)
    assert dict(span.attributes or {}) == {
        "http.request.method": "POST",
        "http.route": "/mint",
        "url.path": "/mint",
        "url.scheme": "https",
        "limi.request_id": "r1",
        "http.response.status_code": 200,
    }
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


async def test_the_callers_trace_is_continued() -> None:
    spans, route = Spans(), Route()
    await ask(traced(route, spans), (b"traceparent", SAMPLED), (b"tracestate", b"vendor=1"))
    span = spans.only()
    assert span.parent is not None
    assert (trace.format_trace_id(span.parent.trace_id), trace.format_span_id(span.parent.span_id)) == (
        TRACE,
        PARENT,
    )
    assert span.context is not None
    assert span.context.trace_state.get("vendor") == "1"
    assert route.trace_ids == [int(TRACE, 16)]


async def test_one_that_the_caller_does_not_keep_is_not_kept_here() -> None:
    spans, route = Spans(), Route()
    await ask(traced(route, spans), (b"traceparent", UNSAMPLED))
    assert spans.exporter.get_finished_spans() == ()
    assert route.trace_ids == [int(TRACE, 16)]


async def test_where_traces_are_not_joined_the_callers_is_linked() -> None:
    spans = Spans()
    await ask(traced(Route(), spans, join=False), (b"traceparent", UNSAMPLED))
    span = spans.only()
    assert span.parent is None
    assert span.context is not None
    assert trace.format_trace_id(span.context.trace_id) != TRACE
    assert [trace.format_trace_id(link.context.trace_id) for link in span.links] == [TRACE]


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [(b"traceparent", b"nonsense")],
        [(b"traceparent", b"\xff\xfe")],
        [(b"traceparent", b"00-" + b"0" * 32 + b"-" + PARENT.encode() + b"-01")],
        [(b"traceparent", b"ff-" + SAMPLED[3:])],
        [(b"traceparent", SAMPLED), (b"traceparent", SAMPLED)],
    ],
    ids=["none", "nonsense", "no-text", "zeros", "version", "twice"],
)
@pytest.mark.parametrize("join", [True, False])
async def test_what_is_no_context_begins_a_new_trace(
    headers: list[tuple[bytes, bytes]],
    join: bool,  # noqa: FBT001
) -> None:
    spans = Spans()
    await ask(traced(Route(), spans, join=join), *headers)
    assert (spans.only().parent, list(spans.only().links)) == (None, [])


@pytest.mark.parametrize(
    ("status", "found"),
    [(200, StatusCode.UNSET), (429, StatusCode.UNSET), (500, StatusCode.ERROR), (503, StatusCode.ERROR)],
)
async def test_only_the_servers_own_errors_are_errors_of_its_span(status: int, found: StatusCode) -> None:
    spans = Spans()
    await ask(traced(Route(status), spans))
    assert spans.only().status.status_code is found


async def test_an_exceptions_message_stays_out_of_the_span() -> None:
    async def crash(_: Message, __: Any, ___: Any) -> None:
        raise RuntimeError("sk-secret")

    spans = Spans()
    with pytest.raises(RuntimeError):
        await ask(traced(crash, spans))
    assert "sk-secret" not in spans.only().to_json()


async def test_other_methods_leave_no_span() -> None:
    spans = Spans()
    await ask(traced(Route(405), spans), method="GET")
    assert spans.exporter.get_finished_spans() == ()


class Observer:
    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def mint_ended(self, outcome: str, code: str, seconds: float) -> None:
        self.told.append((outcome, code, seconds))

    def limit_decided(self, window: str, *, admitted: bool) -> None:
        self.told.append((window, admitted))


async def test_the_span_says_how_the_mint_ended_and_the_observer_is_told_as_well() -> None:
    inner, spans = Observer(), Spans()
    observer = TracedMints(inner)

    async def refuse(scope: Message, receive: Any, send: Any) -> None:
        observer.limit_decided("mint", admitted=False)
        observer.mint_ended("refused", "rate_limit_exceeded", 0.5)
        await Route(429)(scope, receive, send)

    await ask(traced(refuse, spans))
    attributes = spans.only().attributes or {}
    assert (attributes["limi.mint.outcome"], attributes["error.type"]) == ("refused", "rate_limit_exceeded")
    assert inner.told == [("mint", False), ("refused", "rate_limit_exceeded", 0.5)]


def test_without_a_span_the_observer_is_told_all_the_same() -> None:
    inner = Observer()
    TracedMints(inner).mint_ended("succeeded", "", 0.1)
    assert inner.told == [("succeeded", "", 0.1)]
