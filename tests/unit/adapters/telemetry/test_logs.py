"""What is logged, line by line, and when it is written."""

import io
import json
import logging
import threading
from datetime import datetime
from typing import Any

import pytest
import structlog

from limi.adapters.telemetry.logs import LogSink, configure_logs
from limi.kernel.secret import Secret
from limi.kernel.settings import LogSettings

HIDDEN = "made-up-value-nobody-may-see"


class Stream(io.BytesIO):
    """Counts writes, and lets another thread wait for one."""

    def __init__(self, *, terminal: bool = False) -> None:
        super().__init__()
        self.writes: list[bytes] = []
        self.written = threading.Event()
        self.problem: Exception | None = None
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def write(self, data: Any) -> int:
        if self.problem:
            raise self.problem
        self.writes.append(bytes(data))
        self.written.set()
        return len(data)

    @property
    def text(self) -> str:
        return b"".join(self.writes).decode()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def stream() -> Stream:
    return Stream()


def settings(**members: Any) -> LogSettings:
    return LogSettings(**{"format": "json", **members})


class TestJSON:
    def test_each_event_is_one_object_on_a_line_of_its_own(self, stream: Stream) -> None:
        sink = configure_logs(settings(), stream=stream)
        log = structlog.get_logger()
        log.info("mint.succeeded", request_id="r1", text="two\nlines", number=7)
        log.warning("model.ending", model="gpt-realtime")
        sink.flush()
        first, second = stream.events()
        assert (first["event"], first["level"], first["request_id"], first["number"]) == (
            "mint.succeeded",
            "info",
            "r1",
            7,
        )
        assert first["text"] == "two\nlines"
        assert (second["event"], second["level"]) == ("model.ending", "warning")
        assert datetime.fromisoformat(first["timestamp"]).tzinfo is not None

    def test_what_was_bound_is_in_every_event(self, stream: Stream) -> None:
        sink = configure_logs(settings(), stream=stream)
        log = structlog.get_logger().bind(request_id="r1")
        log.info("a")
        log.info("b")
        sink.flush()
        assert [event["request_id"] for event in stream.events()] == ["r1", "r1"]

    @pytest.mark.parametrize("form", ["json", "pretty"])
    def test_what_goes_first_may_add_to_every_event(self, form: str, stream: Stream) -> None:
        sink = configure_logs(
            settings(format=form), stream=stream, first=[lambda _, __, event: {**event, "trace_id": "0af7"}]
        )
        structlog.get_logger().info("mint.succeeded")
        sink.flush()
        assert "0af7" in stream.text

    @pytest.mark.parametrize(
        "value",
        [Secret(HIDDEN), [Secret(HIDDEN)], {"key": Secret(HIDDEN)}, {"deep": [{"er": (Secret(HIDDEN),)}]}],
        ids=range(4),
    )
    def test_a_secret_is_hidden_however_deep_it_lies(self, value: object, stream: Stream) -> None:
        sink = configure_logs(settings(), stream=stream)
        structlog.get_logger().info("key.read", value=value)
        sink.flush()
        assert HIDDEN not in stream.text
        assert "********" in stream.text

    @pytest.mark.parametrize(
        "value", [object(), ValueError("boo"), b"\xff", 2**80, float("nan"), "\ud800", {1: 2}]
    )
    def test_any_value_can_be_logged(self, value: object, stream: Stream) -> None:
        sink = configure_logs(settings(), stream=stream)
        structlog.get_logger().info("odd.value", value=value)
        sink.flush()
        (event,) = stream.events()
        assert event["event"] == "odd.value"
        assert "value" in event

    def test_an_exception_is_part_of_its_line(self, stream: Stream) -> None:
        configure_logs(settings(), stream=stream)
        try:
            _ = 1 / 0
        except ZeroDivisionError:
            structlog.get_logger().exception("request.crashed")
        (event,) = stream.events()
        assert event["level"] == "error"
        assert "ZeroDivisionError" in event["exception"]


class TestLevels:
    @pytest.mark.parametrize(
        ("level", "written"),
        [
            ("debug", ["debug", "info", "warning", "error"]),
            ("info", ["info", "warning", "error"]),
            ("warning", ["warning", "error"]),
            ("warn", ["warning", "error"]),
            ("error", ["error"]),
        ],
    )
    def test_what_is_less_severe_is_left_out(self, level: str, written: list[str], stream: Stream) -> None:
        sink = configure_logs(settings(level=level), stream=stream)
        log = structlog.get_logger()
        for name in ("debug", "info", "warning", "error"):
            getattr(log, name)("said")
        sink.flush()
        assert [event["level"] for event in stream.events()] == written

    def test_an_announcement_is_written_at_every_level_and_at_once(self, stream: Stream) -> None:
        sink = configure_logs(settings(level="error"), stream=stream)
        sink.announce("limi.started", url="http://localhost:3001")
        (event,) = stream.events()
        assert (event["event"], event["url"]) == ("limi.started", "http://localhost:3001")


class TestForms:
    @pytest.mark.parametrize(
        ("form", "terminal", "json_lines"),
        [
            ("auto", False, True),
            ("auto", True, False),
            ("json", True, True),
            ("pretty", False, False),
        ],
    )
    def test_people_get_colours_and_programs_get_json(
        self,
        form: str,
        terminal: bool,  # noqa: FBT001
        json_lines: bool,  # noqa: FBT001
    ) -> None:
        stream = Stream(terminal=terminal)
        sink = configure_logs(settings(format=form), stream=stream)
        structlog.get_logger().info("mint.succeeded", request_id="r1")
        sink.flush()
        assert stream.text.startswith("{") is json_lines
        assert "mint.succeeded" in stream.text

    def test_a_secret_is_hidden_from_people_too(self, stream: Stream) -> None:
        sink = configure_logs(settings(format="pretty"), stream=stream)
        structlog.get_logger().info("key.read", key=Secret(HIDDEN), keys=[Secret(HIDDEN)])
        sink.flush()
        assert HIDDEN not in stream.text
        assert "********" in stream.text

    def test_a_crash_shows_people_no_local_variables(self, stream: Stream) -> None:
        """A traceback that prints them prints the keys among them."""
        sink = configure_logs(settings(format="pretty"), stream=stream)
        key = f"sk-{HIDDEN}"
        try:
            _ = len(key) / 0
        except ZeroDivisionError:
            structlog.get_logger().exception("request.crashed")
        sink.flush()
        assert "ZeroDivisionError" in stream.text
        assert HIDDEN not in stream.text

    def test_people_can_be_shown_any_text(self, stream: Stream) -> None:
        sink = configure_logs(settings(format="pretty"), stream=stream)
        structlog.get_logger().info("odd.value", value="\ud800")
        sink.flush()
        assert "odd.value" in stream.text

    def test_an_announcement_reaches_people_as_well(self, stream: Stream) -> None:
        configure_logs(settings(format="pretty"), stream=stream).announce("limi.started", url="http://x")
        assert "limi.started" in stream.text


class TestStandardLibrary:
    def test_a_refused_handshake_is_no_error_of_the_servers(self, stream: Stream) -> None:
        sink = configure_logs(settings(), stream=stream)
        logging.getLogger("uvicorn.error").error("ASGI callable returned without completing handshake.")
        sink.flush()
        assert stream.text == ""

    def test_what_libraries_log_is_forwarded_as_an_event(self, stream: Stream) -> None:
        sink = configure_logs(settings(), stream=stream)
        logging.getLogger("uvicorn.error").warning("port %d is taken", 3001)
        logging.getLogger("asyncio").error("a task was lost")
        sink.flush()
        first, second = stream.events()
        assert (first["event"], first["level"], first["logger"]) == ("python.logged", "warning", "uvicorn.error")
        assert first["message"] == "port 3001 is taken"
        assert (second["level"], second["logger"]) == ("error", "asyncio")

    def test_their_chatter_is_not(self, stream: Stream) -> None:
        sink = configure_logs(settings(), stream=stream)
        logging.getLogger("uvicorn.error").info("started")
        sink.flush()
        assert stream.text == ""

    def test_their_exceptions_are_part_of_the_line(self, stream: Stream) -> None:
        configure_logs(settings(), stream=stream)
        try:
            _ = 1 / 0
        except ZeroDivisionError:
            logging.getLogger("lib").exception("failed")
        (event,) = stream.events()
        assert "ZeroDivisionError" in event["exception"]

    def test_arguments_that_do_not_fit_fail_nobody(self, stream: Stream) -> None:
        """The root handlers of the test runner would raise, so the record goes to Limi's alone."""
        sink = configure_logs(settings(), stream=stream)
        logging.getLogger().handlers[0].emit(
            logging.LogRecord("lib", logging.WARNING, "lib.py", 1, "%d of %d", ("one",), None)
        )
        sink.flush()
        assert stream.events()[0]["message"] == "%d of %d"


class TestSink:
    def test_lines_are_gathered(self, stream: Stream) -> None:
        sink = LogSink(stream)
        for number in range(100):
            sink.write(b"%d" % number, at_once=False)
        assert stream.writes == []
        sink.flush()
        assert stream.writes == [b"".join(b"%d\n" % number for number in range(100))]

    def test_what_is_severe_is_written_at_once_with_all_before_it(self, stream: Stream) -> None:
        sink = LogSink(stream)
        sink.write(b"first", at_once=False)
        sink.write(b"second", at_once=True)
        assert stream.text == "first\nsecond\n"

    @pytest.mark.parametrize("level", ["error", "critical", "exception"])
    def test_errors_are_severe(self, level: str, stream: Stream) -> None:
        configure_logs(settings(), stream=stream)
        getattr(structlog.get_logger(), level)("request.crashed")
        assert len(stream.events()) == 1

    def test_much_is_written_without_waiting(self, stream: Stream) -> None:
        sink = LogSink(stream)
        for _ in range(63):
            sink.write(b"x" * 1024, at_once=False)
        assert stream.writes == []
        sink.write(b"x" * 1024, at_once=False)
        assert len(stream.text) == 64 * 1025

    def test_little_is_written_a_moment_later(self, stream: Stream) -> None:
        sink = LogSink(stream)
        sink.write(b"alone", at_once=False)
        assert stream.written.wait(10)
        assert stream.text == "alone\n"

    def test_closing_writes_what_is_left_and_leaves_no_thread(self, stream: Stream) -> None:
        before = set(threading.enumerate())
        sink = LogSink(stream)
        sink.write(b"last", at_once=False)
        sink.close()
        assert stream.text == "last\n"
        for thread in set(threading.enumerate()) - before:
            thread.join(10)
            assert not thread.is_alive()

    def test_a_line_after_the_close_is_not_lost(self, stream: Stream) -> None:
        """What ends after the log, such as an interpreter's last warning, still has something to say."""
        sink = LogSink(stream)
        sink.close()
        sink.write(b"too late", at_once=True)
        assert stream.text == "too late\n"

    def test_flushing_nothing_writes_nothing(self, stream: Stream) -> None:
        sink = LogSink(stream)
        sink.flush()
        sink.write(b"a", at_once=True)
        sink.flush()
        assert len(stream.writes) == 1

    @pytest.mark.parametrize("problem", [BrokenPipeError(), OSError(28, "no space"), ValueError("closed file")])
    def test_a_broken_stream_fails_nobody(self, problem: Exception, stream: Stream) -> None:
        sink = LogSink(stream)
        stream.problem = problem
        sink.write(b"lost", at_once=True)
        stream.problem = None
        sink.write(b"there again", at_once=True)
        assert stream.text == "there again\n"

    def test_a_stream_that_takes_nothing_holds_nobody_up_and_what_it_missed_is_counted(self) -> None:
        """As a pipe whose reader stopped: once somebody waits for it in vain, then nobody, not even at the end."""
        gate, entered, parts = threading.Event(), threading.Event(), []

        class Pipe(io.BytesIO):
            def write(self, data: Any) -> int:
                entered.set()
                gate.wait(60)
                parts.append(bytes(data))
                return len(data)

        sink = LogSink(Pipe(), patience_seconds=0.01)
        sink.write(b"first", at_once=True)
        assert entered.wait(10)
        for _ in range(500):
            sink.write(b"x" * 10_000, at_once=True)
        sink.flush()
        gate.set()
        while not any(b"log.lines_dropped" in part for part in parts):
            entered.wait(0.01)
        text = b"".join(parts)
        kept = text.count(b"x" * 10_000)
        assert text.startswith(b"first\n")
        assert 400 < kept < 500
        assert f"count={500 - kept}".encode() in text
        sink.close()

    def test_an_end_waits_for_no_stream_that_takes_nothing(self) -> None:
        gate = threading.Event()

        class Pipe(io.BytesIO):
            def write(self, data: Any) -> int:
                gate.wait(60)
                return len(data)

        sink = LogSink(Pipe(), patience_seconds=0.01)
        sink.write(b"last", at_once=False)
        sink.close()
        sink.write(b"later", at_once=True)
        gate.set()

    def test_a_stream_that_takes_a_part_is_given_the_rest(self) -> None:
        """As a terminal or pipe that does not block does, also when it takes none at first."""
        parts: list[bytes] = []
        takes = iter([3, None, 0, 4])

        class Pipe(io.BytesIO):
            def write(self, data: Any) -> int:
                taken = next(takes, len(data))
                parts.append(bytes(data)[: taken or 0])
                return taken  # type: ignore[return-value] # as a raw stream does

        sink = LogSink(Pipe())
        sink.write(b"a line of text", at_once=True)
        assert b"".join(parts) == b"a line of text\n"

    def test_lines_are_written_in_parts_that_cannot_mix_with_another_process(self) -> None:
        """A pipe keeps up to 4096 bytes together (PIPE_BUF); a longer line has to go alone."""
        parts: list[bytes] = []

        class Pipe(io.BytesIO):
            def write(self, data: Any) -> int:
                parts.append(bytes(data))
                return len(data)

        sink = LogSink(Pipe(), shared=True)
        lines = [b"a" * 1000] * 9 + [b"b" * 5000, b"c"]
        for line in lines:
            sink.write(line, at_once=False)
        sink.close()
        assert b"".join(parts) == b"".join(line + b"\n" for line in lines)
        assert [len(part) for part in parts] == [4004, 4004, 1001, 5001, 2]

    def test_lines_of_several_threads_stay_whole(self, stream: Stream) -> None:
        sink = LogSink(stream)

        def write(name: str) -> None:
            for number in range(500):
                sink.write(f"{name} {number}".encode(), at_once=number % 50 == 0)

        threads = [threading.Thread(target=write, args=(f"thread-{n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sink.flush()
        lines = stream.text.splitlines()
        assert len(lines) == len(set(lines)) == 2000
        for n in range(4):
            own = [line for line in lines if line.startswith(f"thread-{n} ")]
            assert own == [f"thread-{n} {number}" for number in range(500)]


def test_the_stream_is_standard_error_unless_given(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    sink = configure_logs(settings())
    structlog.get_logger().error("said.aloud")
    sink.flush()
    out, err = capfdbinary.readouterr()
    assert out == b""
    assert b"said.aloud" in err
