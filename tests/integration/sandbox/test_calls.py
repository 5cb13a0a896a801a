"""Calls over HTTP, WebRTC and sideband sockets together, as a browser and its backend make them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
import websockets
from openai import AsyncOpenAI
from websockets.asyncio.client import ClientConnection, connect

from limi.sandbox.config import SandboxConfig
from limi.sandbox.faults.injection import FaultInjection
from limi.sandbox.faults.rules import FaultRules
from tests.integration.sandbox.caller import Caller, LoudnessDetector, ToneVoice, tone
from tests.integration.sandbox.support import Served, check_frame, serve

_KEY = {"Authorization": "Bearer sk-test"}
_SDP = {**_KEY, "Content-Type": "application/sdp"}


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """A sandbox whose voice is a tone and whose detector hears loudness, so that nothing depends on speech."""
    config = SandboxConfig(close_seconds=1.0)
    async with serve(config, voice=ToneVoice(), detector=LoudnessDetector()) as served:
        yield served


@dataclass
class _Call:
    caller: Caller
    id: str
    served: Served

    def sideband(self, key: dict[str, str] | None = None) -> connect:
        return connect(f"{self.served.socket_url}?call_id={self.id}", additional_headers=key or _KEY)

    async def post(self, action: str) -> httpx2.Response:
        async with httpx2.AsyncClient() as client:
            return await client.post(f"{self.served.http_url}/realtime/calls/{self.id}/{action}", headers=_KEY)


@asynccontextmanager
async def _call(served: Served, headers: dict[str, str] | None = None) -> AsyncIterator[_Call]:
    caller = Caller()
    try:
        offer = await caller.offer()
        async with httpx2.AsyncClient() as client:
            url = f"{served.http_url}/realtime/calls"
            answer = await client.post(url, content=offer, headers={**_SDP, **(headers or {})})
        assert answer.status_code == 201, answer.text
        await caller.accept(answer.text)
        yield _Call(caller, answer.headers["location"].rpartition("/")[2], served)
    finally:
        await caller.close()


async def _next(socket: ClientConnection, event_type: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        async for frame in socket:
            assert isinstance(frame, str)
            check_frame(frame)
            event: dict[str, Any] = json.loads(frame)
            if event["type"] == event_type:
                return event
    raise AssertionError(f"closed with {socket.close_code} before {event_type}")


async def _gone(served: Served) -> None:
    async with asyncio.timeout(10):
        while served.sandbox.open_sessions:  # noqa: ASYNC110 - the server notices a moment later
            await asyncio.sleep(0.01)


async def test_a_minted_secret_opens_a_call_and_a_spoken_turn_is_answered(served: Served) -> None:
    async with served.client() as backend:
        session: Any = {"type": "realtime", "model": "gpt-realtime", "instructions": "Be brief."}
        minted = await backend.realtime.client_secrets.create(session=session)
    async with _call(served, {"Authorization": f"Bearer {minted.value}"}) as call:
        created = await call.caller.until("session.created")
        assert created["session"]["instructions"] == "Be brief."
        call.caller.say(tone(0.4))
        await call.caller.until("output_audio_buffer.started")
        await call.caller.hears_sound()
        await call.caller.until("response.done")
    await _gone(served)


async def test_the_order_of_events_is_that_of_the_reference(served: Served) -> None:
    async with _call(served) as call:
        call.caller.say(tone(0.4))
        await call.caller.until("output_audio_buffer.stopped")
        names = [name for name in call.caller.types() if name != "response.output_audio_transcript.delta"]
        started = names.index("output_audio_buffer.started")
        assert names.index("response.content_part.added") < started < names.index("response.done")
        names.remove("output_audio_buffer.started")
        assert names == [
            "session.created",
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
            "conversation.item.added",
            "conversation.item.done",
            "response.created",
            "response.output_item.added",
            "conversation.item.added",
            "response.content_part.added",
            "response.output_audio.done",
            "response.output_audio_transcript.done",
            "response.content_part.done",
            "conversation.item.done",
            "response.output_item.done",
            "response.done",
            "rate_limits.updated",
            "output_audio_buffer.stopped",
        ]


async def test_the_official_client_opens_a_call_with_a_form_and_hangs_it_up(served: Served) -> None:
    caller = Caller()
    async with AsyncOpenAI(api_key="sk-test", base_url=served.http_url, max_retries=0) as client:
        session: Any = {"type": "realtime", "model": "gpt-realtime", "instructions": "Grüße!"}
        answer = await client.realtime.calls.create(sdp=await caller.offer(), session=session)
        await caller.accept(answer.text)
        created = await caller.until("session.created")
        assert created["session"]["instructions"] == "Grüße!"
        call_id = answer.response.headers["location"].rpartition("/")[2]
        await client.realtime.calls.hangup(call_id)
    await asyncio.wait_for(caller.channel_closed.wait(), 2)
    await _gone(served)
    await caller.close()


async def test_observers_see_what_the_client_sees_and_may_speak_as_it_may(served: Served) -> None:
    async with _call(served) as call, call.sideband() as first, call.sideband() as second:
        await call.caller.until("session.created")
        update = {"type": "session.update", "session": {"type": "realtime", "instructions": "By the supervisor."}}
        await first.send(json.dumps(update))
        updated = await call.caller.until("session.updated")
        assert updated["session"]["instructions"] == "By the supervisor."
        # From its first event on, each observer has what the client has.
        assert await _next(first, "session.updated") == updated
        assert await _next(second, "session.updated") == updated
        await second.send('{"type": "output_audio_buffer.clear", "event_id": "mine"}')
        call.caller.say(tone(0.4))
        done = await call.caller.until("response.done")
        for socket in (first, second):
            assert await _next(socket, "response.done") == done


async def test_an_observer_that_leaves_changes_nothing(served: Served) -> None:
    async with _call(served) as call:
        async with call.sideband() as socket:
            await socket.send('{"type": "input_audio_buffer.clear"}')
            await _next(socket, "input_audio_buffer.cleared")
        call.caller.send("input_audio_buffer.clear")
        await call.caller.until("input_audio_buffer.cleared", count=2)


async def test_an_observer_that_does_not_read_is_sent_away_and_the_call_goes_on() -> None:
    config = SandboxConfig(sideband_queue_bytes=100_000, close_seconds=0.5)
    async with (
        serve(config, voice=ToneVoice(), detector=LoudnessDetector()) as served,
        _call(served) as call,
        call.sideband() as quick,
    ):
        live = served.sandbox._calls.find(call.id)
        assert live is not None
        # Not compressed, or a thousand such events would fit into the buffers of the two kernels.
        slow = await connect(f"{served.socket_url}?call_id={call.id}", additional_headers=_KEY, compression=None)
        slow.transport.pause_reading()
        update = {"type": "session.update", "session": {"type": "realtime", "instructions": "x" * 50_000}}
        while len(live.audience) == 2:
            await quick.send(json.dumps(update))
            await _next(quick, "session.updated")
        slow.transport.abort()
        call.caller.send("input_audio_buffer.clear")
        await call.caller.until("input_audio_buffer.cleared")


async def test_hanging_up_ends_the_call_for_everybody(served: Served) -> None:
    async with _call(served) as call, call.sideband() as socket:
        await call.caller.until("session.created")
        answer = await call.post("hangup")
        assert (answer.status_code, answer.content) == (200, b"")
        await asyncio.wait_for(call.caller.channel_closed.wait(), 2)
        await asyncio.wait_for(socket.wait_closed(), 2)
        assert (socket.close_code, socket.close_reason) == (1000, "The call was hung up.")
        again = await call.post("hangup")
        assert (again.status_code, again.json()["error"]["code"]) == (404, "call_id_not_found")
        with pytest.raises(websockets.InvalidStatus):
            await call.sideband()
    await _gone(served)


async def test_a_client_that_hangs_up_takes_its_observers_along(served: Served) -> None:
    async with _call(served) as call:
        await call.caller.until("session.created")
        socket = await call.sideband()
    await asyncio.wait_for(socket.wait_closed(), 5)
    assert (socket.close_code, socket.close_reason) == (1000, "The call has ended.")


async def test_a_stopping_sandbox_says_good_bye_to_calls_and_observers(served: Served) -> None:
    async with _call(served) as call, call.sideband() as socket:
        await call.caller.until("session.created")
        await served.sandbox.stop()
        await asyncio.wait_for(call.caller.channel_closed.wait(), 5)
        await asyncio.wait_for(socket.wait_closed(), 5)
        assert socket.close_code == 1001


async def test_calls_and_sockets_share_one_limit() -> None:
    config = SandboxConfig(max_sessions=1)
    async with serve(config, voice=ToneVoice(), detector=LoudnessDetector()) as served, _call(served):
        with pytest.raises(websockets.InvalidStatus) as refused:
            await connect(f"{served.socket_url}?model=gpt-realtime", additional_headers=_KEY)
        assert refused.value.response.status_code == 429


@asynccontextmanager
async def _faulty() -> AsyncIterator[tuple[Served, FaultRules]]:
    """A sandbox with faults, whose time is the machine's: WebRTC needs that."""
    rules = FaultRules()
    injection = FaultInjection(rules=rules, sleep=asyncio.sleep)
    config = SandboxConfig(close_seconds=1.0)
    parts = {"voice": ToneVoice(), "detector": LoudnessDetector(), "interference": injection}
    async with serve(config, **parts) as served:
        yield served, rules


async def _lost(socket: ClientConnection) -> None:
    """Wait until a socket is gone without a word."""
    await asyncio.wait_for(socket.wait_closed(), 10)
    assert socket.close_code == 1006


@pytest.mark.parametrize(
    "fault",
    [
        {"what": "drop", "after_events": 1},
        {"what": "drop", "after_seconds": 0.3},
        {"what": "half_open", "after_events": 1, "seconds": 0.3},
    ],
    ids=["after an event", "after a while", "half open"],
)
async def test_a_lost_sideband_takes_neither_the_call_nor_other_observers_along(fault: dict[str, Any]) -> None:
    async with _faulty() as (served, rules), _call(served) as call, call.sideband() as before:
        rules.add("sideband", times=1, **fault)
        async with call.sideband() as lost, call.sideband() as after:
            await call.caller.until("session.created")
            call.caller.say(tone(0.4))
            await _lost(lost)
            done = await call.caller.until("response.done")
            for socket in (before, after):
                assert await _next(socket, "response.done") == done
            await call.caller.until("output_audio_buffer.stopped")
            await after.send('{"type": "input_audio_buffer.clear"}')
            for socket in (before, after):
                await _next(socket, "input_audio_buffer.cleared")
            async with call.sideband() as again:
                call.caller.send("input_audio_buffer.clear")
                await _next(again, "input_audio_buffer.cleared")
        assert [held.applied for held in rules] == [1]
    await _gone(served)


async def test_observers_that_are_lost_one_after_the_other_leave_their_places_to_others() -> None:
    async with _faulty() as (served, rules), _call(served) as call:
        rules.add("sideband", "drop", after_events=1)
        live = served.sandbox._calls.find(call.id)
        assert live is not None
        for count in range(1, 2 * SandboxConfig().max_sidebands):
            async with call.sideband() as socket:
                call.caller.send("input_audio_buffer.clear")
                call.caller.send("input_audio_buffer.clear")
                await _lost(socket)
            await call.caller.until("input_audio_buffer.cleared", count=2 * count)
        async with asyncio.timeout(5):
            while len(live.audience):  # noqa: ASYNC110 - the server notices a moment later
                await asyncio.sleep(0.01)
    await _gone(served)


async def test_a_stalled_sideband_catches_up_and_the_call_does_not_wait_for_it() -> None:
    async with _faulty() as (served, rules), _call(served) as call:
        rules.add("sideband", "stall", after_events=1, seconds=0.5, times=1)
        async with call.sideband() as slow, call.sideband() as quick:
            for _ in range(3):
                call.caller.send("input_audio_buffer.clear")
            await call.caller.until("input_audio_buffer.cleared", count=3)
            for _ in range(3):
                await _next(quick, "input_audio_buffer.cleared")
            for _ in range(3):
                await _next(slow, "input_audio_buffer.cleared")
