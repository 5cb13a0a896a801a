"""The API keeps what its description says: Schemathesis makes requests from it, right and wrong ones."""

import asyncio
import threading
from collections.abc import Iterator

import pytest
from schemathesis import Config
from schemathesis.engine import Status, from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.openapi import from_url

from limi.testing import FakeUpstream, running_backend
from limi.testing.backend import ADMIN_KEY

_ENVIRON = {"LIMI_TOKENS_PER_MINUTE": "1000000"}
_CONFIG = {
    # Lifecycles are in tests/integration/admin. A revoked key stays to be seen but cannot be rotated, which the
    # stateful checks take for a thing that vanished.
    "phases": {"stateful": {"enabled": False}},
    "headers": {"Authorization": f"Bearer {ADMIN_KEY}"},
    "generation": {"deterministic": True, "database": "none", "max-examples": 30},
    # Which models, profiles and variables exist is the server's configuration and not in the schema, so a body
    # that fits the schema may still be refused; and which keys, tenants and profiles there are is in the database.
    # What must be accepted is in test_openapi.py and tests/integration/admin.
    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "404"]}},
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Run a backend in a thread, because Schemathesis is synchronous."""
    urls: list[str] = []
    started, stop = threading.Event(), asyncio.Event()
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        async with (
            FakeUpstream().running() as upstream,
            running_backend(upstream_url=upstream.url, environ=_ENVIRON) as backend,
        ):
            urls.append(backend.url)
            loops.append(asyncio.get_running_loop())
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="backend")
    thread.start()
    try:
        assert started.wait(10)
        yield urls[0]
    finally:
        loops[0].call_soon_threadsafe(stop.set)
        thread.join(10)


def test_every_operation_keeps_its_description(url: str) -> None:
    """All of Schemathesis's checks, over its examples, its systematic cases and its random ones."""
    schema = from_url(f"{url}/openapi.json", config=Config.from_dict(_CONFIG))
    called: set[str] = set()
    problems: list[str] = []
    for event in from_schema(schema).execute():
        if isinstance(event, ScenarioFinished):
            called.add(event.recorder.label)
            problems += _failures(event)
        elif isinstance(event, NonFatalError | FatalError):
            problems.append(repr(event))
    assert not problems, "\n\n".join(problems)
    assert {f"{method.upper()} {path}" for path in schema.raw_schema["paths"] for method in schema[path]} <= called


def _failures(event: ScenarioFinished) -> list[str]:
    failed = (
        (case_id, check)
        for case_id, checks in event.recorder.checks.items()
        for check in checks
        if check.status is not Status.SUCCESS
    )
    return [
        f"{event.recorder.label}: {check.name}: {check.failure_info and check.failure_info.failure}\n"
        f"{event.recorder.cases[case_id].value.as_curl_command()}"
        for case_id, check in failed
    ]
