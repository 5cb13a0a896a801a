"""The sandbox as a pytest fixture: put `pytest_plugins = ["limi.testing.plugin"]` into the root `conftest.py`.

It is no entry point that pytest finds by itself, so that test runs which do not need it do not load a server.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from limi.testing.sandboxes import SandboxInThread, sandbox

__all__ = ["limi_sandbox", "limi_sandbox_options", "pytest_configure"]

_MARKER = "limi_sandbox"


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line(
        "markers", f"{_MARKER}(**options): how this test's sandbox is to be; the options of limi.testing.sandbox"
    )


@pytest.fixture
def limi_sandbox_options() -> dict[str, Any]:
    """Return how sandboxes are to be; override it for a file or a folder. A test's marker comes on top."""
    return {}


@pytest.fixture
def limi_sandbox(
    request: pytest.FixtureRequest, limi_sandbox_options: dict[str, Any]
) -> Iterator[SandboxInThread]:
    """Run a sandbox for one test, in a thread, so that tests with and without an event loop can use it."""
    marker = request.node.get_closest_marker(_MARKER)
    options = {**limi_sandbox_options, **(marker.kwargs if marker else {})}
    with sandbox(**options) as box:
        yield box
