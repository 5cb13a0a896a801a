"""A span for each request to upstream that a traced request makes, and the trace's context in its headers.

Names and attributes follow https://opentelemetry.io/docs/specs/semconv/http/http-spans/, the context
https://www.w3.org/TR/trace-context/. Baggage is not passed on: callers write it, and upstream has no use for it.
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from opentelemetry import trace
from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
from opentelemetry.semconv.attributes.http_attributes import HTTP_REQUEST_METHOD, HTTP_RESPONSE_STATUS_CODE
from opentelemetry.semconv.attributes.server_attributes import SERVER_ADDRESS, SERVER_PORT
from opentelemetry.semconv.attributes.url_attributes import URL_FULL
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from limi.adapters.upstream.transports import Answer, Transport, TransportError

__all__ = ["TracedTransport"]

_PORTS: Final = {"http": 80, "https": 443}
_ERROR: Final = 400


class TracedTransport:
    """Implements `Transport` before another one."""

    def __init__(self, inner: Transport, *, tracer: Tracer, base_url: str | None) -> None:
        """Stand before `inner`.

        Args:
            inner: sends.
            tracer: makes spans.
            base_url: what paths are appended to; None where upstream is in this process.
        """
        self._inner = inner
        self._tracer = tracer
        self._base_url = base_url
        self._context = TraceContextTextMapPropagator()
        self._server: dict[str, str | int] = {}
        if base_url is not None:
            url = urlsplit(base_url)
            self._server = {SERVER_ADDRESS: url.hostname or "", SERVER_PORT: url.port or _PORTS[url.scheme]}

    async def send(self, method: str, path: str, *, headers: Mapping[str, str], body: bytes = b"") -> Answer:
        """Send; see `Transport`. What nobody traces, such as looks at upstream's health, is sent as it is."""
        if not trace.get_current_span().get_span_context().is_valid:
            return await self._inner.send(method, path, headers=headers, body=body)
        with self._tracer.start_as_current_span(
            f"{method} {path}",
            kind=SpanKind.CLIENT,
            attributes=self._attributes(method, path),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            carrier = dict(headers)
            self._context.inject(carrier)
            try:
                answer = await self._inner.send(method, path, headers=carrier, body=body)
            except TransportError as exc:
                _fail(span, "timeout" if exc.timed_out else "connection_failed")
                raise
            span.set_attribute(HTTP_RESPONSE_STATUS_CODE, answer.status)
            if answer.status >= _ERROR:
                _fail(span, str(answer.status))
            return answer

    async def close(self) -> None:
        """Close all connections."""
        await self._inner.close()

    def _attributes(self, method: str, path: str) -> dict[str, str | int]:
        found: dict[str, str | int] = {HTTP_REQUEST_METHOD: method, **self._server}
        if self._base_url is not None:
            found[URL_FULL] = self._base_url + path
        return found


def _fail(span: Span, kind: str) -> None:
    span.set_attribute(ERROR_TYPE, kind)
    span.set_status(Status(StatusCode.ERROR))
