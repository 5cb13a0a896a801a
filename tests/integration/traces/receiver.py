"""An OTLP receiver on loopback: the protocol's own messages, over a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from limi.http.asgi import Message, RawResponse, Receive, Scope, Send
from limi.testing.server import serving

__all__ = ["Receiver"]


@dataclass
class Receiver:
    """Keeps what it was sent."""

    spans: list[Span] = field(default_factory=list)
    resources: list[dict[str, str]] = field(default_factory=list)
    headers: list[dict[bytes, bytes]] = field(default_factory=list)
    status: int = 200
    url: str = ""

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator["Receiver"]:
        """Listen on a free port of 127.0.0.1."""
        receiver = cls()
        async with serving(receiver, lifespan=False) as receiver.url:
            yield receiver

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request as https://opentelemetry.io/docs/specs/otlp/#otlphttp says."""
        assert (scope["method"], scope["path"]) == ("POST", "/v1/traces")
        body = await _body(receive)
        self.headers.append(dict(scope["headers"]))
        if self.status == 200:
            request = ExportTraceServiceRequest.FromString(body)
            for resource in request.resource_spans:
                attributes = {pair.key: pair.value.string_value for pair in resource.resource.attributes}
                self.resources.append(attributes)
                self.spans += [span for scoped in resource.scope_spans for span in scoped.spans]
        answer = ExportTraceServiceResponse().SerializeToString()
        await RawResponse(self.status, answer, [(b"content-type", b"application/x-protobuf")]).send(send)


async def _body(receive: Receive) -> bytes:
    body, more = b"", True
    while more:
        message: Message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body
