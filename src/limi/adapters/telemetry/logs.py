"""Structured logs: one JSON object a line, or coloured lines where a person reads them.

Lines are gathered and written together a few times a second, since a write a line would cost more than the mint it
tells of. What is severe is written at once, and so is everything at the end.
"""

import contextlib
import json
import logging
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import IO, Final

import msgspec
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from limi.kernel.secret import Secret
from limi.kernel.settings import LogSettings

__all__ = ["LogSink", "configure_logs"]

_NO_NEWS: Final = frozenset({"ASGI callable returned without completing handshake."})
"""What uvicorn's sans-I/O sockets report as an error for each handshake that was refused with a response of ours.
Anyone could fill the log with it. It can go when uvicorn knows that response for a completed handshake."""

_FLUSH_SECONDS: Final = 0.25
_FLUSH_BYTES: Final = 65_536
_MOST_WAITING_BYTES: Final = 4_194_304
"""Some fifteen thousand lines; what comes while they wait for a stream that takes nothing is dropped."""
_ATOMIC_BYTES: Final = 4096
"""Up to so many bytes of several processes do not mix in a pipe: PIPE_BUF of Linux (pipe(7))."""
_LEVELS: Final[Mapping[str, int]] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}


class LogSink:
    """Gathers lines and has one thread write them to a stream; safe for several threads.

    Nobody waits long for that thread: whoever reads a pipe may stop reading, and a server that waited for it would
    answer nobody and could not even be stopped.
    """

    def __init__(self, stream: IO[bytes], *, shared: bool = False, patience_seconds: float = 1.0) -> None:
        """Take `stream`.

        Args:
            stream: where lines go.
            shared: whether other processes write lines to it too.
            patience_seconds: how long what is severe, or much, is waited for once; a stream that takes anything
                takes it sooner. Until it does nobody waits again.
        """
        self._stream = stream
        self._most_bytes = _ATOMIC_BYTES if shared else _FLUSH_BYTES
        self._patience_seconds = patience_seconds
        self._lines: list[bytes] = []
        self._size = 0
        self._dropped = 0
        self._lock = threading.Lock()
        self._waiting = threading.Event()
        self._urgent = threading.Event()
        self._written = threading.Event()
        self._stuck = False
        self._closed = False
        self._writer: threading.Thread | None = None

    def write(self, line: str | bytes, *, at_once: bool) -> None:
        """Take one line without its end; where too much waits already it is dropped, and counted."""
        if isinstance(line, str):
            line = line.encode(errors="backslashreplace")
        with self._lock:
            if self._size >= _MOST_WAITING_BYTES:
                self._dropped += 1
                return
            if not self._lines:
                # For all who come until the thread takes their lines.
                self._wake_writer()
            self._lines.append(line)
            self._size += len(line)
        if at_once or self._size >= _FLUSH_BYTES:
            self.flush()

    def announce(self, event: str, **fields: object) -> None:
        """Write one event whatever the level is."""
        structlog.wrap_logger(_SinkLogger(self), wrapper_class=structlog.BoundLogger).info(event, **fields)
        self.flush()

    def flush(self) -> None:
        """Have what has gathered written, and wait for that unless the stream takes nothing."""
        if self._closed:
            if not self._stuck:
                self._write_gathered()
            return
        with self._lock:
            if self._writer is None:
                return
            self._written.clear()
        self._urgent.set()
        self._waiting.set()
        if not self._stuck:
            self._stuck = not self._written.wait(self._patience_seconds)

    def close(self) -> None:
        """Write what has gathered, and gather no longer."""
        self.flush()
        self._closed = True
        self._urgent.set()
        self._waiting.set()

    def _wake_writer(self) -> None:
        if self._writer is None:
            # A daemon: a stream that takes nothing must not keep the process from ending.
            self._writer = threading.Thread(target=self._write_for_ever, name="limi-log", daemon=True)
            self._writer.start()
        self._waiting.set()

    def _write_for_ever(self) -> None:
        while not self._closed:
            self._waiting.wait()
            self._urgent.wait(_FLUSH_SECONDS)
            # Whoever wants something from here on wants another round.
            self._waiting.clear()
            self._urgent.clear()
            self._write_gathered()

    def _write_gathered(self) -> None:
        """Write what there is. A stream that is closed or broken is nobody's to mend here."""
        with self._lock:
            lines, self._lines, self._size = self._lines, [], 0
            dropped, self._dropped = self._dropped, 0
        with contextlib.suppress(OSError, ValueError):
            for part in _parts(lines, self._most_bytes):
                self._write_whole(part)
            if lines:
                self._stream.flush()
        with self._lock:
            self._stuck = False
            if not self._lines:
                self._written.set()
        if dropped:
            # At the level of warnings, where it waits for company: this is the thread that others wait for.
            structlog.wrap_logger(_SinkLogger(self), wrapper_class=structlog.BoundLogger).warning(
                "log.lines_dropped", count=dropped
            )

    def _write_whole(self, part: bytes) -> None:
        rest = memoryview(part)
        while rest:
            # None, or nothing, from a stream that does not block and is full; another process may have set that.
            taken = self._stream.write(rest)
            rest = rest[taken or 0 :]
            if not taken:
                time.sleep(_FLUSH_SECONDS)


def configure_logs(
    settings: LogSettings,
    *,
    stream: IO[bytes] | None = None,
    shared: bool = False,
    first: Sequence[Processor] = (),
) -> LogSink:
    """Send structlog's and the standard library's events to one sink, and return it.

    Args:
        settings: what is written, and how.
        stream: where to; standard error unless given.
        shared: whether other processes write to it as well, so that lines must be kept from mixing.
        first: what is done to each event before it is written.
    """
    raw = stream if stream is not None else _standard_error()
    sink = LogSink(raw, shared=shared)
    pretty = settings.format == "pretty" or (settings.format == "auto" and raw.isatty())
    structlog.configure(
        processors=[*first, *(_for_people() if pretty else [_write_json])],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.level]),
        logger_factory=lambda *_: _SinkLogger(sink),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(handlers=[_Forward()], level=logging.WARNING, force=True)
    return sink


def _standard_error() -> IO[bytes]:
    """Return it without Python's buffer.

    What a full disk refused would be tried again at the exit, and complained of; and a thread that waits for a
    pipe would hold a lock without which the interpreter does not end.
    """
    buffer: IO[bytes] = sys.stderr.buffer
    raw: IO[bytes] = getattr(buffer, "raw", buffer)
    return raw


def _parts(lines: Sequence[bytes], most_bytes: int) -> Iterator[bytes]:
    """Join lines to parts that are no longer than they may be, except where one line is."""
    part: list[bytes] = []
    size = 0
    for line in lines:
        if part and size + len(line) + 1 > most_bytes:
            yield b"\n".join(part) + b"\n"
            part, size = [], 0
        part.append(line)
        size += len(line) + 1
    if part:
        yield b"\n".join(part) + b"\n"


def _for_people() -> list[Processor]:
    stamp = structlog.processors.TimeStamper(fmt="iso", utc=True)
    # Its own way with tracebacks shows every local variable, and so the keys among them.
    console = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return [structlog.processors.add_log_level, stamp, _hide_secrets, console]


class _SinkLogger:
    """What structlog calls with a finished line."""

    def __init__(self, sink: LogSink) -> None:
        self.debug = self.info = self.warning = partial(sink.write, at_once=False)
        self.error = self.critical = self.exception = partial(sink.write, at_once=True)


class _Forward(logging.Handler):
    """Hands the standard library's records (uvicorn's, asyncio's) to structlog."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg in _NO_NEWS:
            return
        log = structlog.get_logger().bind(logger=record.name)
        level = "error" if record.levelno >= logging.ERROR else "warning"
        getattr(log, level)("python.logged", message=_message(record), exc_info=record.exc_info)


def _message(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except (TypeError, ValueError, KeyError):
        # Arguments that do not fit the text are the library's mistake, and no reason to fail what it was doing.
        return str(record.msg)


def _hide_secrets(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Show a secret as its mask even where someone logs one."""
    for key, value in event.items():
        if isinstance(value, Secret):
            event[key] = str(value)
    return event


# `str` of a secret is its mask.
_encode: Final = msgspec.json.Encoder(enc_hook=str).encode


def _write_json(logger: WrappedLogger, method: str, event: EventDict) -> bytes:
    """Make the line. One processor rather than a chain, because each link is a tenth of what a line costs."""
    event["level"] = method
    # The encoder writes it in RFC 3339 for less than a formatted string costs.
    event["timestamp"] = datetime.now(UTC)
    if "exc_info" in event:
        event = structlog.processors.format_exc_info(logger, method, event)
    try:
        return _encode(event)
    except UnicodeEncodeError:
        # A file name need not be text; the standard library's encoder escapes what UTF-8 cannot say.
        return json.dumps(event, default=str).encode()
