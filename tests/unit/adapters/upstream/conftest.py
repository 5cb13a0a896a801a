"""Upstream is reached from both event loops: uvloop serves, asyncio runs the commands."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import uvloop

_ON_BOTH = {"test_connection.py", "test_connector.py", "test_http_transport.py"}


def pytest_asyncio_loop_factories(config: Any, item: Any) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    del config
    if item.path.name not in _ON_BOTH:
        return {"asyncio": asyncio.new_event_loop}
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
