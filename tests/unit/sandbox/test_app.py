import asyncio
from typing import Any

import pytest

from limi.sandbox.answering.brain import BuiltInBrain
from limi.sandbox.app import Sandbox, SandboxConfig, create_sandbox
from limi.sandbox.scripts import parse_script


@pytest.fixture
def sandbox(clock: Any, ids: Any, voice: Any, detector: Any) -> Sandbox:
    config = SandboxConfig(max_sessions=5)
    return create_sandbox(config, clock=clock, ids=ids, sleep=clock.sleep, voice=voice, detector=detector)


async def _get(sandbox: Sandbox, path: str, root_path: str = "") -> tuple[int, dict[bytes, bytes]]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "http_version": "1.1",
        "path": path,
        "raw_path": path.encode(),
        "root_path": root_path,
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer sk-1")],
        "server": ("127.0.0.1", 1),
        "client": ("127.0.0.1", 2),
    }
    await sandbox(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"])


async def test_it_answers_at_the_root_and_below_a_prefix(sandbox: Sandbox) -> None:
    for path, root_path in (("/v1/models", ""), ("/v1/models", "/sandbox"), ("/sandbox/v1/models", "/sandbox")):
        status, headers = await _get(sandbox, path, root_path)
        assert status == 200
        assert headers[b"x-request-id"].startswith(b"req_")
    assert (await _get(sandbox, "/sandboxed/v1/models", "/sandbox"))[0] == 404


async def test_as_the_root_it_starts_and_stops_with_its_server(
    sandbox: Sandbox, voice: Any, detector: Any
) -> None:
    incoming = [{"type": "lifespan.shutdown"}, {"type": "lifespan.startup"}]
    sent: list[str] = []

    async def receive() -> Any:
        return incoming.pop()

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await sandbox({"type": "lifespan"}, receive, send)
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
    assert voice.closed
    assert detector.closed


async def test_starting_and_stopping_twice_is_harmless_and_a_stopped_one_is_not_started_again(
    sandbox: Sandbox,
) -> None:
    await sandbox.start()
    await sandbox.start()
    await asyncio.gather(sandbox.stop(), sandbox.stop())
    await sandbox.stop()
    with pytest.raises(RuntimeError, match="make a new one"):
        await sandbox.start()


async def test_making_one_starts_nothing(clock: Any, ids: Any) -> None:
    before = asyncio.all_tasks()
    sandbox = create_sandbox(clock=clock, ids=ids)
    assert asyncio.all_tasks() == before
    assert sandbox.open_sessions == 0
    await sandbox.stop()


class _ClosableBrain(BuiltInBrain):
    closed = 0

    async def close(self) -> None:
        self.closed += 1


async def test_a_brain_that_holds_connections_is_closed_even_behind_a_script(
    clock: Any, ids: Any, voice: Any, detector: Any
) -> None:
    for script in (None, parse_script("turns: [{user: any, assistant: Hi}]")):
        brain = _ClosableBrain(clock=clock)
        sandbox = create_sandbox(
            clock=clock, ids=ids, sleep=clock.sleep, voice=voice, detector=detector, brain=brain, script=script
        )
        await sandbox.stop()
        assert brain.closed == 1


async def _answered(sandbox: Sandbox, method: str, headers: list[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "http_version": "1.1",
        "path": "/v1/models",
        "raw_path": b"/v1/models",
        "root_path": "",
        "query_string": b"",
        "headers": headers,
        "server": ("127.0.0.1", 1),
        "client": ("127.0.0.1", 2),
    }
    await sandbox(scope, receive, send)
    return dict(sent[0]["headers"])


async def test_pages_of_any_origin_may_call_unless_somebody_else_looks_after_that(
    clock: Any, ids: Any, sandbox: Sandbox
) -> None:
    asking = [(b"origin", b"https://app.example"), (b"access-control-request-method", b"POST")]
    allowed = b"access-control-allow-origin"
    assert (await _answered(sandbox, "OPTIONS", asking))[allowed] == b"*"
    assert (await _answered(sandbox, "GET", asking[:1]))[allowed] == b"*"
    mounted = create_sandbox(SandboxConfig(any_origin=False), clock=clock, ids=ids)
    assert allowed not in await _answered(mounted, "GET", asking[:1])
    await mounted.stop()
