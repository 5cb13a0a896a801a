"""Real servers on this machine for tests with and without an event loop, and no network beyond."""

import ipaddress
import json
import os
import sys
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from limi.testing import Backend, FakeUpstream, SandboxInThread, running_backend, sandbox
from servers import in_thread

pytest_plugins = ["limi.testing.plugin"]

_ATTEMPTS: Final[list[str]] = []
_ROWS: Final[list[dict[str, object]]] = []
_TABLE: Final = Path(__file__).parents[1] / "output" / "behaviour.json"
_PROXIES: Final = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


def pytest_configure() -> None:
    for name in list(os.environ):
        if name.startswith(("LIMI_", "OPENAI_")) or name.upper() in _PROXIES:
            del os.environ[name]
    sys.addaudithook(_stay_here)


def _stay_here(event: str, args: tuple[Any, ...]) -> None:
    """Refuse what leaves this machine (https://docs.python.org/3/library/audit_events.html)."""
    host = {"socket.connect": lambda: args[1][0], "socket.getaddrinfo": lambda: args[0]}.get(event)
    if host is None or (event == "socket.connect" and not isinstance(args[1], tuple)):
        return
    name = host()
    if name in {None, "", "localhost"}:
        return
    try:
        if ipaddress.ip_address(name.decode() if isinstance(name, bytes) else name).is_loopback:
            return
    except ValueError:
        pass
    _ATTEMPTS.append(str(name))
    raise OSError(f"tests reach only this machine, not {name!r}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker in item.iter_markers("behaviour"):
            item.user_properties.append(("behaviour", marker.args[0]))


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Gather the rows; with workers their reports come to the one who started them as well."""
    if report.when == "call":
        _ROWS.extend(
            {
                "platform": "Python",
                "behaviour": name,
                "passed": report.passed,
                "how": report.nodeid.rpartition("::")[2],
            }
            for key, name in report.user_properties
            if key == "behaviour"
        )


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _ROWS and not hasattr(session.config, "workerinput"):
        _TABLE.parent.mkdir(exist_ok=True)
        _TABLE.write_text(json.dumps(_ROWS, indent=2) + "\n")


@pytest.fixture(autouse=True)
def nobody_leaves_this_machine() -> Iterator[None]:
    _ATTEMPTS.clear()
    yield
    assert _ATTEMPTS == []


@pytest.fixture(scope="session")
def shared_backend() -> Iterator[Backend]:
    """A backend for tests that neither harm it nor look at what others did to it."""
    with sandbox() as box:
        many = {"LIMI_TOKENS_PER_MINUTE": "100000"}
        with in_thread(partial(running_backend, upstream_url=box.url, environ=many)) as running:
            yield running


@pytest.fixture
def shared_url(shared_backend: Backend) -> str:
    """What a client of it is made with."""
    return f"{shared_backend.url}/api"


@pytest.fixture
def backend(limi_sandbox: SandboxInThread) -> Iterator[Backend]:
    """A backend of this test only; its upstream is this test's sandbox, with its script, faults and record."""
    with in_thread(partial(running_backend, upstream_url=limi_sandbox.url)) as running:
        yield running


@pytest.fixture
def backend_url(backend: Backend) -> str:
    """What a client of it is made with."""
    return f"{backend.url}/api"


@pytest.fixture
async def impostor() -> AsyncIterator[FakeUpstream]:
    """A server in the backend's place that answers whatever a test wants."""
    async with FakeUpstream().running() as server:
        yield server
