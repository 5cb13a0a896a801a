"""The watch over the run's logs sees what it must; without this its silence would mean nothing."""

import logging

import pytest
import structlog

from tests.architecture.log_watch import WATCH, LogWatch, RecordWatcher

_KEYS = ["ek_0123456789abcdef", "sk-proj-0123456789", "limi_admin_0123456789", "whsec_0123456789+/="]


@pytest.mark.parametrize("key", _KEYS)
def test_a_key_is_found_by_its_shape(key: str) -> None:
    watch = LogWatch()
    watch.test = "test_x"
    watch.take(f"event=x key='{key}' more")
    assert watch.leaks() == [f"test_x: {key[:12]}…"]


def test_a_registered_secret_is_found() -> None:
    watch = LogWatch()
    watch.register("an idempotency key", "short")
    watch.take("a short line with an idempotency key in it")
    assert len(watch.leaks()) == 1


@pytest.mark.parametrize("text", ["", "a key is like ek_… or sk-…", "client secrets (ek_...)", "task-0123456789"])
def test_ordinary_text_is_no_leak(text: str) -> None:
    watch = LogWatch()
    watch.take(text)
    assert watch.leaks() == []


def test_structlogs_events_are_seen_whatever_their_level(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(WATCH, "take", seen.append)
    structlog.get_logger().bind(bound="here").debug("an.event", member="there")
    try:
        int("in a traceback")
    except ValueError:
        structlog.get_logger().exception("another.event")
    text = "\n".join(seen)
    assert all(part in text for part in ("an.event", "here", "there", "another.event", "in a traceback"))


def test_the_standard_librarys_records_are_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(WATCH, "take", seen.append)
    logging.getLogger("some.library").warning("it says %s", "this")
    assert any("it says this" in text for text in seen)


def test_a_records_traceback_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(WATCH, "take", seen.append)
    try:
        int("in a traceback")
    except ValueError as exc:
        error = (ValueError, exc, exc.__traceback__)
    RecordWatcher().emit(logging.LogRecord("a", logging.ERROR, "f", 1, "m", None, error))
    assert "in a traceback" in seen[0]
