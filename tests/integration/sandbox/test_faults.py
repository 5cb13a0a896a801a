"""Faults as an official client meets them, and that the sandbox inside `limi serve` has none."""

import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import openai
import pytest
import websockets
from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection

from limi.testing import RunningSandbox, VirtualClock, running_backend, sandbox

_HEARD = "hears: [One, Two]"
_MANUAL: Any = {
    "type": "realtime",
    "output_modalities": ["text"],
    "audio": {"input": {"turn_detection": None, "transcription": {"model": "gpt-realtime-whisper"}}},
}
_TRANSCRIPT = "conversation.item.input_audio_transcription.completed"


@pytest.fixture
async def box() -> AsyncIterator[RunningSandbox]:
    async with sandbox(clock=VirtualClock(), script=_HEARD) as box:
        yield box


@pytest.fixture
async def client(box: RunningSandbox) -> AsyncIterator[AsyncOpenAI]:
    async with AsyncOpenAI(base_url=box.url, api_key=box.api_key, max_retries=0) as client:
        yield client


async def _until(connection: AsyncRealtimeConnection, event_type: str) -> Any:
    async with asyncio.timeout(10):
        while (event := await connection.recv()).type != event_type:
            pass
    return event


async def _say(connection: AsyncRealtimeConnection) -> None:
    """Commit half a second of sound by hand."""
    await connection.session.update(session=_MANUAL)
    await connection.input_audio_buffer.append(audio=base64.b64encode(bytes(24_000)).decode())
    await connection.input_audio_buffer.commit()


async def test_the_sdk_tries_again_when_it_is_refused_once(box: RunningSandbox, client: AsyncOpenAI) -> None:
    box.faults.add("mint", "refuse", status=429, retry_after_seconds=0.01, times=1)
    secret = await client.with_options(max_retries=1).realtime.client_secrets.create()
    assert secret.value.startswith("ek_")
    (held,) = box.faults
    assert (held.seen, held.applied) == (1, 1)


async def test_a_script_says_what_goes_wrong_as_well_as_what_is_said(
    box: RunningSandbox, client: AsyncOpenAI
) -> None:
    box.play("turns: [{user: any, assistant: Hi}]\nfaults: {where: mint, what: refuse, status: 500}")
    with pytest.raises(openai.InternalServerError):
        await client.realtime.client_secrets.create()
    box.play(None)
    assert (await client.realtime.client_secrets.create()).value


async def test_the_sdk_raises_its_own_error_for_each_status(client: AsyncOpenAI) -> None:
    errors = {429: openai.RateLimitError, 500: openai.InternalServerError, 503: openai.InternalServerError}
    for status, error in errors.items():
        header = {"X-Limi-Fault": f"refuse; status={status}"}
        with pytest.raises(error):
            await client.realtime.client_secrets.create(extra_headers=header)


async def test_a_body_that_is_cut_is_no_json(client: AsyncOpenAI) -> None:
    with pytest.raises(json.JSONDecodeError):
        await client.models.list(extra_headers={"X-Limi-Fault": "malformed"})


async def test_a_request_that_is_dropped_is_a_lost_connection(client: AsyncOpenAI) -> None:
    with pytest.raises((openai.APIConnectionError, httpx.RemoteProtocolError)):
        await client.models.list(extra_headers={"X-Limi-Fault": "drop"})


async def test_latency_passes_by_the_sandboxs_clock(box: RunningSandbox, client: AsyncOpenAI) -> None:
    box.faults.add("models", "latency", ms=60_000)
    asked = asyncio.ensure_future(client.models.list())
    await box.until(lambda: isinstance(box.clock, VirtualClock) and box.clock.sleepers == 1)
    await box.advance(59)
    assert not asked.done()
    await box.advance(1)
    await asyncio.wait_for(asked, 10)


async def test_the_admin_route_takes_rules_from_clients_in_any_language(
    box: RunningSandbox, client: AsyncOpenAI
) -> None:
    async with httpx.AsyncClient(headers={"Authorization": "Bearer sk-any"}) as http:
        rule = {"where": "mint", "what": "refuse", "status": 500}
        answered = await http.post(f"{box.url}/_limi/faults", json=rule)
        assert answered.status_code == 201
        with pytest.raises(openai.InternalServerError):
            await client.realtime.client_secrets.create()
        await http.delete(f"{box.url}/_limi/faults")
        await client.realtime.client_secrets.create()


async def test_a_dropped_socket_ends_without_a_close(client: AsyncOpenAI) -> None:
    header = {"X-Limi-Fault": "drop; after_events=1"}
    async with client.realtime.connect(model="gpt-realtime", extra_headers=header) as connection:
        await _until(connection, "session.created")
        await connection.session.update(session=_MANUAL)
        with pytest.raises(websockets.ConnectionClosedError) as lost:
            await connection.recv()
    assert lost.value.rcvd is None


async def test_a_stalled_socket_is_open_and_silent(box: RunningSandbox, client: AsyncOpenAI) -> None:
    box.faults.add("socket", "stall", seconds=30, times=1)
    async with client.realtime.connect(model="gpt-realtime") as connection:
        await connection.session.update(session=_MANUAL)
        await box.until(lambda: bool(box.sessions and box.sessions[0].received))
        await box.advance(30)
        await _until(connection, "session.updated")


async def test_a_half_open_socket_hears_nothing_and_breaks_in_the_end(
    box: RunningSandbox, client: AsyncOpenAI
) -> None:
    header = {"X-Limi-Fault": "half_open; after_events=1; seconds=90"}
    async with client.realtime.connect(model="gpt-realtime", extra_headers=header) as connection:
        await _until(connection, "session.created")
        await connection.session.update(session=_MANUAL)
        await box.until(lambda: bool(box.sessions[0].sent_of("session.updated")))
        await connection.session.update(session=_MANUAL)
        await box.advance(90)
        with pytest.raises(websockets.ConnectionClosedError):
            await connection.recv()
    assert len(box.sessions[0].received) == 1


async def test_a_key_expires_at_the_handshake(client: AsyncOpenAI) -> None:
    header = {"X-Limi-Fault": "expired_key"}
    async with client.realtime.connect(model="gpt-realtime", extra_headers=header) as connection:
        event: Any = await connection.recv()
        assert event.error.code == "invalid_api_key"
        with pytest.raises(websockets.ConnectionClosedError) as closed:
            await connection.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 3000


async def test_a_session_expires_early(box: RunningSandbox, client: AsyncOpenAI) -> None:
    box.faults.add("session", "expire", after_seconds=5)
    async with client.realtime.connect(model="gpt-realtime") as connection:
        await _until(connection, "session.created")
        await box.advance(5)
        event: Any = await connection.recv()
        assert event.error.code == "session_expired"
        with pytest.raises(websockets.ConnectionClosed) as closed:
            await connection.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


async def test_a_handshake_is_refused(box: RunningSandbox) -> None:
    headers = {"Authorization": "Bearer sk-any"}
    box.faults.add("socket", "refuse", status=503)
    box.faults.add("sideband", "refuse", status=500)
    for query, status in (("model=gpt-realtime", 503), ("call_id=rtc_1", 500)):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await websockets.connect(f"{box.socket_url}?{query}", additional_headers=headers)
        assert refused.value.response.status_code == status
        assert json.loads(refused.value.response.body)["error"]["type"] == "server_error"
        assert refused.value.response.headers["x-request-id"].startswith("req_")


async def test_a_transcript_comes_twice_and_another_late(box: RunningSandbox, client: AsyncOpenAI) -> None:
    box.faults.add("event", "duplicate", times=1)
    box.faults.add("event", "late", ms=20_000, after=1)
    async with client.realtime.connect(model="gpt-realtime") as connection:
        await _say(connection)
        once, again = [await _until(connection, _TRANSCRIPT) for _ in range(2)]
        assert once == again
        assert once.transcript == "One"
        await _say(connection)
        await box.until(lambda: isinstance(box.clock, VirtualClock) and box.clock.sleepers == 2)
        assert len(box.sessions[0].sent_of(_TRANSCRIPT)) == 2
        await box.advance(20)
        assert (await _until(connection, _TRANSCRIPT)).transcript == "Two"


async def test_a_response_ends_without_its_usage_and_an_event_is_no_json(
    box: RunningSandbox, client: AsyncOpenAI
) -> None:
    box.faults.add("event", "without_usage")
    box.faults.add("event", "malformed", event="rate_limits.updated")
    box.faults.add("event", "lose", event="response.created")
    async with client.realtime.connect(model="gpt-realtime") as connection:
        await connection.session.update(session=_MANUAL)
        await connection.response.create()
        done = await _until(connection, "response.done")
        assert done.response.usage is None
        with pytest.raises(ValueError, match=r"JSON|delimiter|string"):
            json.loads(await connection.recv_bytes())
    assert box.sessions[0].sent_of("response.created") == []


async def test_a_sandbox_that_stops_lets_go_of_every_socket_it_holds() -> None:
    headers = {"Authorization": "Bearer sk-any"}
    async with asyncio.timeout(4):
        async with sandbox(clock=VirtualClock()) as box:
            box.faults.add("socket", "stall", times=1)
            box.faults.add("socket", "half_open", after=1)
            url = f"{box.socket_url}?model=gpt-realtime"
            sockets = [await websockets.connect(url, additional_headers=headers) for _ in range(2)]
        await asyncio.gather(*(socket.wait_closed() for socket in sockets))


async def test_the_sandbox_inside_the_backend_has_no_faults() -> None:
    async with running_backend() as backend, httpx.AsyncClient() as http:
        key = {"Authorization": f"Bearer {backend.admin_key}"}
        for method in ("GET", "POST", "DELETE"):
            refused = await http.request(method, f"{backend.url}/sandbox/v1/_limi/faults", headers=key)
            assert refused.status_code in {401, 404}
        minted = await http.post(
            f"{backend.url}/api/client-secret", json={}, headers={"X-Limi-Fault": "refuse; status=500"}
        )
        assert minted.status_code == 200
        secret = minted.json()["ephemeralKey"]
        asked = {"Authorization": f"Bearer {secret}", "X-Limi-Fault": "drop"}
        url = f"ws{backend.url.removeprefix('http')}/sandbox/v1/realtime?model=gpt-realtime"
        async with websockets.connect(url, additional_headers=asked) as socket:
            assert json.loads(await socket.recv())["type"] == "session.created"


def test_the_backend_does_not_even_load_the_code_of_faults() -> None:
    program = "import sys, limi.app; print([name for name in sys.modules if 'fault' in name and 'limi' in name])"
    said = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.strip() == "[]"
