"""Who makes spans, and how they leave the process."""

import asyncio
import threading
from collections.abc import MutableMapping, Sequence
from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from limi.adapters.telemetry.tracing import Tracing
from limi.kernel.telemetry_settings import TelemetrySettings

_SETTINGS = TelemetrySettings(
    endpoint="http://127.0.0.1:9",
    service_name="voice",
    resource_attributes="deployment.environment.name=blue%20one,service.name=ignored",
)


class Kept(InMemorySpanExporter):
    """Keeps its spans after its end, too."""

    def shutdown(self) -> None:
        return


def make(settings: TelemetrySettings = _SETTINGS, exporter: SpanExporter | None = None, **more: Any) -> Tracing:
    return Tracing(settings, version="1.2.3", instance="i1", exporter=exporter or Kept(), **more)


async def ask(tracing: Tracing, *headers: tuple[bytes, bytes]) -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def nothing(*_: Any) -> MutableMapping[str, Any]:
        return {}

    async def send(_: MutableMapping[str, Any]) -> None:
        return

    scope = {"method": "POST", "scheme": "http", "headers": list(headers)}
    await tracing.around(app, route="/mint", describe=lambda _: {})(scope, nothing, send)


async def test_a_stop_sends_what_is_left() -> None:
    exporter = Kept()
    tracing = make(exporter=exporter)
    await ask(tracing)
    await tracing.stop()
    await tracing.stop()
    (span,) = exporter.get_finished_spans()
    assert span.name == "POST /mint"
    assert tracing.spans == {"exported": 1, "failed": 0}


async def test_spans_say_which_process_they_come_from() -> None:
    exporter = Kept()
    tracing = make(exporter=exporter)
    await ask(tracing)
    await tracing.stop()
    assert dict(exporter.get_finished_spans()[0].resource.attributes) == {
        "deployment.environment.name": "blue one",
        "service.name": "voice",
        "service.version": "1.2.3",
        "service.instance.id": "i1",
    }


async def test_of_traces_that_begin_here_the_chosen_share_is_kept() -> None:
    exporter = Kept()
    tracing = make(TelemetrySettings(endpoint="http://127.0.0.1:9", sample_ratio=0), exporter)
    await ask(tracing)
    await ask(tracing, (b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
    await tracing.stop()
    (span,) = exporter.get_finished_spans()
    assert span.parent is not None


async def test_a_receiver_that_hangs_does_not_hold_up_the_stop() -> None:
    entered, gate = threading.Event(), threading.Event()

    class Hanging(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            del spans
            entered.set()
            gate.wait(30)
            return SpanExportResult.SUCCESS

    tracing = make(exporter=Hanging(), stop_seconds=0.05)
    await ask(tracing)
    async with asyncio.timeout(10):
        await tracing.stop()
    assert await asyncio.to_thread(entered.wait, 10)
    gate.set()


async def test_what_the_library_finds_odd_in_the_environment_is_not_quoted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "hidden-value")
    tracing = Tracing(_SETTINGS, version="1.2.3", instance="i1")
    await tracing.stop()
    assert "hidden-value" not in caplog.text
