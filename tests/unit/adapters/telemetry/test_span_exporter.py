"""What is said of a receiver that is away."""

from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from structlog.testing import capture_logs

from limi.adapters.telemetry.span_exporter import CountingExporter
from tests.unit.adapters.telemetry.spans import Spans


class Receiver(SpanExporter):
    """Takes spans or does not."""

    def __init__(self) -> None:
        self.answer: SpanExportResult | Exception = SpanExportResult.SUCCESS
        self.ended = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        del spans
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def shutdown(self) -> None:
        self.ended = True


def some_spans(count: int) -> Sequence[ReadableSpan]:
    made = Spans()
    for _ in range(count):
        made.tracer.start_span("a").end()
    return made.exporter.get_finished_spans()


def test_a_receiver_that_is_away_is_spoken_of_once_and_again_when_it_is_back() -> None:
    receiver = Receiver()
    exporter = CountingExporter(receiver)
    with capture_logs() as logs:
        for answer in (
            SpanExportResult.SUCCESS,
            SpanExportResult.FAILURE,
            OSError("http://user:secret@host"),
            SpanExportResult.SUCCESS,
            SpanExportResult.SUCCESS,
        ):
            receiver.answer = answer
            exporter.export(some_spans(2))
    assert [(line["event"], line["log_level"]) for line in logs] == [
        ("traces.unreachable", "warning"),
        ("traces.recovered", "warning"),
    ]
    assert exporter.counts == {"exported": 6, "failed": 4}


def test_an_exception_is_a_failure_whose_message_is_not_repeated() -> None:
    receiver = Receiver()
    receiver.answer = OSError("http://user:secret@host")
    with capture_logs() as logs:
        assert CountingExporter(receiver).export(some_spans(1)) is SpanExportResult.FAILURE
    assert logs[0]["reason"] == "OSError"
    assert "secret" not in str(logs)


def test_its_end_is_the_others_end() -> None:
    receiver = Receiver()
    exporter = CountingExporter(receiver)
    assert exporter.force_flush()
    exporter.shutdown()
    assert receiver.ended
