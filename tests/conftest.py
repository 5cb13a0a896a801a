"""What every test gets: a clean environment, no network but this machine, and a watch over all that is logged."""

import logging
import os
import sys
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import Final

import hypothesis
import pytest
import structlog

from tests.architecture.log_watch import WATCH, RecordWatcher, WatchedLogger
from tests.architecture.network_guard import GUARD
from tests.services.fixtures import (  # noqa: F401 - pytest finds fixtures by their names here
    empty_postgres_url,
    old_redis_url,
    postgres_server,
    postgres_url,
    redis_server,
    redis_url,
)

_OWN: Final = "LIMI_SOAK"
"""The one variable of Limi's prefix that tests understand; the server would refuse it as an unknown setting."""
_TOLD: Final = "told"
_NOWHERE: Final = "http://127.0.0.1:9"
"""A proxy that is not there: clients written in other languages than Python cannot get out either."""
_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")

# The same examples in every run, so that a red suite is red for its reader too; `make soak` looks for new ones.
hypothesis.settings.register_profile("same", derandomize=True, deadline=None)
hypothesis.settings.register_profile("search", deadline=None, max_examples=1000)


def pytest_configure() -> None:
    hypothesis.settings.load_profile("search" if os.environ.get(_OWN) else "same")
    for name in list(os.environ):
        if name.startswith(("LIMI_", "OPENAI_", "OTEL_")) and name != _OWN:
            del os.environ[name]
        if name.upper() in {*_PROXIES, "NO_PROXY"}:
            del os.environ[name]
    os.environ.update(dict.fromkeys(_PROXIES, _NOWHERE), NO_PROXY="localhost,127.0.0.1,::1")
    sys.addaudithook(GUARD)
    _watch_structlog()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what heavy tests have told."""
    for report in terminalreporter.stats.get("passed", ()):
        for name, value in report.user_properties:
            if name == _TOLD:
                terminalreporter.write_line(f"{report.nodeid.rpartition('::')[2]}: {value}")


def _watch_structlog() -> None:
    # Plain lines: structlog's default renders tracebacks with local variables, which hold keys by right.
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["level", "event"]),
        ],
        wrapper_class=WatchedLogger,
        cache_logger_on_first_use=False,
    )


@pytest.fixture(scope="session", autouse=True)
def no_secret_in_any_log() -> Iterator[None]:
    """Fail the run when anything that was logged in it holds a key, an idempotency key or instructions."""
    yield
    assert WATCH.leaks() == []


@pytest.fixture(autouse=True)
def _watched(request: pytest.FixtureRequest) -> Iterator[None]:
    """Keep the watch in place whatever a test does to logging, and let none reach another machine."""
    WATCH.test = request.node.nodeid
    root, watcher = logging.getLogger(), RecordWatcher()
    level, config = root.level, structlog.get_config()
    root.addHandler(watcher)
    GUARD.attempts.clear()
    yield
    root.removeHandler(watcher)
    root.setLevel(level)
    structlog.configure(**config)
    assert not GUARD.attempts, f"this test tried to reach {GUARD.attempts}"


@pytest.fixture(autouse=True)
def _soak_is_for_tests_only(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if not request.node.get_closest_marker("soak"):
        monkeypatch.delenv(_OWN, raising=False)


@pytest.fixture
def tell(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Give what takes a test's figures, for the end of the run's output."""
    return partial(record_property, _TOLD)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "teardown":
        for _, text in report.sections:
            WATCH.take(text)
    return report
