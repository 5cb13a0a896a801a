"""Everything the test run logs, and the secrets that must not be in it.

`tests/conftest.py` feeds it: structlog's events before any processor sees them, the standard library's records,
and what tests write to the terminal. Tests that start a server of their own hand over its output. Keys have shapes
that are recognised; secrets without one (an idempotency key, instructions) are registered by whoever sends them.
"""

import logging
import re
import traceback
from collections.abc import Iterator, Mapping
from typing import Any, Final

import structlog

__all__ = ["WATCH", "LogWatch", "RecordWatcher", "WatchedLogger"]

_KEY: Final = re.compile(r"\b(?:ek_[0-9a-zA-Z]{8,}|sk-[\w-]{8,}|limi_admin_\w{8,}|whsec_[\w+/=]{8,})")
_SHORTEST: Final = 6
"""A registered secret below this length would be found in any text."""


class LogWatch:
    """Collects texts with the test they came from, and finds what should not be there."""

    def __init__(self) -> None:
        self.test = "before the first test"
        self._texts: list[tuple[str, str]] = []
        self._secrets: set[str] = set()

    def take(self, text: str) -> None:
        """Keep what was logged."""
        if text:
            self._texts.append((self.test, text))

    def register(self, *secrets: str) -> None:
        """Expect never to see these."""
        self._secrets.update(secret for secret in secrets if len(secret) >= _SHORTEST)

    def leaks(self) -> list[str]:
        """Return which test logged which secret, shortened to what identifies it."""
        return [f"{test}: {secret[:12]}…" for test, text in self._texts for secret in self._found_in(text)]

    def _found_in(self, text: str) -> Iterator[str]:
        yield from _KEY.findall(text)
        yield from (secret for secret in self._secrets if secret in text)


WATCH: Final = LogWatch()
"""The one of this process; under xdist each worker has its own."""


class WatchedLogger(structlog.BoundLoggerBase):
    """A structlog logger that shows every event to the watch, whatever its level and processors."""

    def _watched(self, method: str, event: str | None = None, **fields: Any) -> Any:
        everything: Mapping[str, Any] = {**self._context, **fields, "event": event}
        WATCH.take(f"{method} {everything!r}\n{_trace(fields.get('exc_info'))}")
        try:
            return self._proxy_to_logger(method, event, **fields)
        except structlog.DropEvent:
            return None

    def debug(self, event: str | None = None, **fields: Any) -> Any:
        return self._watched("debug", event, **fields)

    def info(self, event: str | None = None, **fields: Any) -> Any:
        return self._watched("info", event, **fields)

    def warning(self, event: str | None = None, **fields: Any) -> Any:
        return self._watched("warning", event, **fields)

    def error(self, event: str | None = None, **fields: Any) -> Any:
        return self._watched("error", event, **fields)

    def exception(self, event: str | None = None, **fields: Any) -> Any:
        return self._watched("error", event, **{"exc_info": True, **fields})


class RecordWatcher(logging.Handler):
    """Shows the standard library's records to the watch."""

    def emit(self, record: logging.LogRecord) -> None:
        trace = _trace(record.exc_info[1]) if record.exc_info else ""
        WATCH.take(f"{record.name} {record.getMessage()}\n{trace}")


def _trace(exc_info: object) -> str:
    if exc_info is True:
        return traceback.format_exc()
    return "".join(traceback.format_exception(exc_info)) if isinstance(exc_info, BaseException) else ""
