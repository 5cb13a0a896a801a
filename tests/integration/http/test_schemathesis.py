"""The API keeps what its description says: Schemathesis makes requests from it, right and wrong ones."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import schemathesis
from schemathesis import Case, CheckContext, Config, Response
from schemathesis.engine import Status, from_schema
from schemathesis.engine.events import FatalError, NonFatalError, ScenarioFinished
from schemathesis.openapi import from_dict

from limi.testing import FakeUpstream, running_backend
from limi.testing.backend import ADMIN_KEY

_ENVIRON = {
    "LIMI_TOKENS_PER_MINUTE": "1000000",
    # Hundreds of endpoints are made, and none is to be sent anything.
    "LIMI_WEBHOOKS_ENABLED": "false",
    "LIMI_WEBHOOKS_MAX_ENDPOINTS_PER_TENANT": "1000",
}
_ADMIN = {"Authorization": f"Bearer {ADMIN_KEY}"}
_URLS = ["https://hooks.example/limi", "https://198.51.200.7:8443/?a=b", "ftp://hooks.example"]
_MADE_BY = {
    ("post", "/api/admin/keys", "$response.body#/key/id"): "/api/admin/keys/{key}",
    ("post", "/api/admin/tenants", "$response.body#/id"): "/api/admin/tenants/{tenant}",
    ("put", "/api/admin/profiles/{name}", "$response.body#/name"): "/api/admin/profiles/{name}",
    ("post", "/api/admin/webhooks", "$response.body#/webhook/id"): "/api/admin/webhooks/{webhook}",
}
"""What makes things, where the answer names them, and below which path they are then."""
_CONFIG = {
    "phases": {
        "stateful": {
            # Wrong requests are the other phases'; here what was made is shown, changed and removed. Links are
            # given: those that Schemathesis guesses take the ids of facts for those of tenants.
            "generation": {"mode": "positive", "max-examples": 60},
            "inference": {"algorithms": []},
        }
    },
    "headers": _ADMIN,
    "generation": {"deterministic": True, "database": "none", "max-examples": 30},
    # Which models, profiles and variables exist is the server's configuration and not in the schema, so a body
    # that fits the schema may still be refused. Which keys, tenants and profiles there are is in the database:
    # `not_found_is_what_is_not_there` looks whether a 404 is right.
    "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "404"]}},
    "operations": [
        # Versions of a deleted profile stay to be read.
        {
            "include-path": "/api/admin/profiles/{name}/versions",
            "checks": {"use_after_free": {"enabled": False}},
        },
    ],
}


@schemathesis.check
def not_found_is_what_is_not_there(ctx: CheckContext, response: Response, case: Case[Any]) -> bool | None:
    """Hold a 404 of an operators' route against whether the thing itself can be shown at that moment."""
    del ctx
    thing = "/".join(case.path.split("/")[:5])
    # What is within a thing has an id of its own: a version, a delivery.
    within = case.path.count("{") > 1 or "version" in case.query
    if response.status_code != httpx.codes.NOT_FOUND or thing not in _MADE_BY.values() or within:
        return None
    url = urlsplit(str(response.request.url))
    shown = httpx.get(
        f"{url.scheme}://{url.netloc}{'/'.join(url.path.split('/')[:5])}",
        params={name: value for name, value in case.query.items() if name == "tenant"},
        headers=_ADMIN,
        trust_env=False,
    )
    assert shown.status_code != httpx.codes.OK, f"{shown.url} is there: {shown.text}"
    return None


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
    """All of Schemathesis's checks: its examples, its systematic and random cases, and lives of what was made."""
    described = httpx.get(f"{url}/openapi.json", headers=_ADMIN, trust_env=False).json()
    _link(described)
    # Of texts made up at random hardly one is the URL of a public host; which are is in tests/unit.
    described["components"]["schemas"]["CreateWebhookRequest"]["properties"]["url"]["enum"] = _URLS
    schema = from_dict(described, config=Config.from_dict({**_CONFIG, "base-url": url}))
    answered: dict[str, set[int]] = defaultdict(set)
    problems: list[str] = []
    for event in from_schema(schema).execute():
        if isinstance(event, ScenarioFinished):
            _note(event, answered)
            problems += _failures(event)
        elif isinstance(event, NonFatalError | FatalError):
            problems.append(repr(event))
    assert not problems, "\n\n".join(problems)
    operations = {
        (f"{method.upper()} {path}", path) for path, item in described["paths"].items() for method in item
    }
    assert {label for label, _ in operations} <= set(answered)
    of_things = {label for label, path in operations if path.startswith(tuple(_MADE_BY.values()))}
    assert {label for label in of_things if not answered[label] & {200, 201, 202}} == set(), (
        "met nothing that was there"
    )


def _link(described: dict[str, Any]) -> None:
    """Say of each operation that makes something which operations can then be called for it."""
    for (method, path, identifier), thing in _MADE_BY.items():
        (parameter,) = (part.strip("{}") for part in thing.split("/") if part.startswith("{"))
        follow = {
            operation["operationId"]: {
                "operationId": operation["operationId"],
                "parameters": {f"path.{parameter}": identifier},
            }
            for there, operations in described["paths"].items()
            if there.startswith(thing)
            for operation in operations.values()
        }
        responses = described["paths"][path][method]["responses"]
        for status in responses.keys() & {"200", "201"}:
            responses[status]["links"] = follow


def _note(event: ScenarioFinished, answered: dict[str, set[int]]) -> None:
    for case_id, interaction in event.recorder.interactions.items():
        if interaction.response is not None:
            label = event.recorder.cases[case_id].value.operation.label
            answered[label].add(interaction.response.status_code)


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
