"""One span for each request of a hand-written route, continuing the caller's trace.

Names and attributes follow https://opentelemetry.io/docs/specs/semconv/http/http-spans/. No address, user agent,
header or body is among them: traces are kept by others, and longer than anybody thinks of.
"""

from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Final, Protocol

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.http_attributes import (
    HTTP_REQUEST_METHOD,
    HTTP_RESPONSE_STATUS_CODE,
    HTTP_ROUTE,
)
from opentelemetry.semconv.attributes.url_attributes import URL_PATH, URL_SCHEME
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from limi.adapters.upstream.transports import ASGIApp

__all__ = ["MintObserver", "TracedMints", "TracedRoute"]

_Scope = MutableMapping[str, Any]
_NAMES: Final = {b"traceparent": "traceparent", b"tracestate": "tracestate"}
_SERVER_ERROR: Final = 500


class TracedRoute:
    """An ASGI application around a route of one path and one method."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        tracer: Tracer,
        route: str,
        join: bool,
        describe: Callable[[_Scope], Mapping[str, str]],
    ) -> None:
        """Stand around `app`.

        Args:
            app: answers.
            tracer: makes spans.
            route: the path, which is its own template.
            join: whether the caller's trace is continued, or linked to.
            describe: returns further attributes of a request.
        """
        self._app = app
        self._tracer = tracer
        self._route = route
        self._join = join
        self._describe = describe
        self._context = TraceContextTextMapPropagator()

    async def __call__(self, scope: _Scope, receive: Any, send: Any) -> None:  # noqa: ANN401 - as ASGI types them
        """Answer one request; other methods than POST are only ever refused, and leave no span."""
        if scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        span = self._begin(scope)

        async def reply(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                _end_with(span, message["status"])
            await send(message)

        # Exceptions are not recorded: their messages are for the log, which hides what must be hidden.
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            await self._app(scope, receive, reply)

    def _begin(self, scope: _Scope) -> Span:
        remote = self._context.extract(_carrier(scope), context=Context())
        caller = trace.get_current_span(remote).get_span_context()
        return self._tracer.start_span(
            f"POST {self._route}",
            context=remote if self._join else Context(),
            kind=SpanKind.SERVER,
            links=() if self._join or not caller.is_valid else (Link(caller),),
            attributes={
                HTTP_REQUEST_METHOD: "POST",
                HTTP_ROUTE: self._route,
                URL_PATH: self._route,
                URL_SCHEME: scope["scheme"],
                **self._describe(scope),
            },
        )


class MintObserver(Protocol):
    """What `limi.http.ports` asks of an observer under the same name."""

    def mint_ended(self, outcome: str, code: str, seconds: float) -> None:
        """Take note of one answered request; `code` is the error's, or empty."""

    def limit_decided(self, window: str, *, admitted: bool) -> None:
        """Take note of one decision of the limiter."""


class TracedMints:
    """An observer before another one: says in the span how a mint ended."""

    def __init__(self, inner: MintObserver) -> None:
        self._inner = inner

    def mint_ended(self, outcome: str, code: str, seconds: float) -> None:
        """Take note of one answered request; `code` is the error's, or empty."""
        span = trace.get_current_span()
        span.set_attribute("limi.mint.outcome", outcome)
        if code:
            span.set_attribute(ERROR_TYPE, code)
        self._inner.mint_ended(outcome, code, seconds)

    def limit_decided(self, window: str, *, admitted: bool) -> None:
        """Take note of one decision of the limiter."""
        self._inner.limit_decided(window, admitted=admitted)


def _carrier(scope: _Scope) -> dict[str, str]:
    """Return the trace's headers; one that was sent twice says nothing."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        if name in _NAMES:
            if _NAMES[name] in found:
                return {}
            found[_NAMES[name]] = value.decode("latin-1")
    return found


def _end_with(span: Span, status: int) -> None:
    span.set_attribute(HTTP_RESPONSE_STATUS_CODE, status)
    if status >= _SERVER_ERROR:
        # What a client did wrong is no error of the server's.
        span.set_status(Status(StatusCode.ERROR))
