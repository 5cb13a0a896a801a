"""The official `openai-agents` SDK, unchanged, against a sandbox behind a real server.

It reads frames by the openai package's own types and turns one that does not fit into an `error` event, so when
there are none, it understood everything.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner, RealtimeSession

from tests.integration.sandbox.support import CHUNK, Served

_CITIES: list[str] = []


@function_tool
def get_weather(city: str) -> str:
    """Tells the weather of a city."""
    _CITIES.append(city)
    return "sunny"


@asynccontextmanager
async def _conversation(served: Served, **settings: Any) -> AsyncIterator[RealtimeSession]:
    agent = RealtimeAgent(name="Tester", instructions="Be brief.", tools=[get_weather])
    config: Any = {"model_settings": settings} if settings else None
    runner = RealtimeRunner(agent, config=config)
    url = f"{served.socket_url}?model=gpt-realtime-2.1"
    async with await runner.run(model_config={"url": url, "api_key": "sk-test"}) as session:
        yield session


async def _events_until(session: RealtimeSession, *wanted: str, times: int = 1) -> list[Any]:
    """Gather events until one of the types was seen so often; an error ends the test."""
    events: list[Any] = []
    async with asyncio.timeout(30):
        async for event in session:
            assert event.type != "error", event
            events.append(event)
            if sum(each.type in wanted for each in events) == times:
                return events
    raise AssertionError("the session ended")


def _heard_text(events: list[Any]) -> str:
    raw = (event.data for event in events if event.type == "raw_model_event")
    return "".join(data.delta for data in raw if data.type == "transcript_delta")


async def test_a_typed_turn_is_answered_with_speech(served: Served) -> None:
    async with _conversation(served) as session:
        await session.send_message("The quick brown fox.")
        events = await _events_until(session, "audio_end")
    assert "You said: The quick brown fox." in _heard_text(events)
    audio = b"".join(event.audio.data for event in events if event.type == "audio")
    assert len(audio) > 48_000


async def test_a_spoken_turn_is_heard_and_answered(served: Served, hello: bytes) -> None:
    async with _conversation(served) as session:
        speech = hello + bytes(2 * 48_000)
        for start in range(0, len(speech), CHUNK):
            await session.send_audio(speech[start : start + CHUNK])
        events = await _events_until(session, "audio_end")
    assert "seconds of speech" in _heard_text(events)


async def test_a_tool_runs_and_its_result_is_spoken(served: Served) -> None:
    _CITIES.clear()
    async with _conversation(served) as session:
        await session.send_message("What is the weather in Paris?")
        events = await _events_until(session, "audio_end")
    assert _CITIES == ["Paris"]
    assert [event.tool.name for event in events if event.type == "tool_end"] == ["get_weather"]
    assert "sunny" in _heard_text(events)


async def test_several_turns_in_one_session(served: Served) -> None:
    async with _conversation(served) as session:
        for number in range(3):
            await session.send_message(f"Sentence {number}.")
            events = await _events_until(session, "audio_end")
            assert f"Sentence {number}." in _heard_text(events)


@pytest.mark.parametrize("detection", [None, {"type": "server_vad", "interrupt_response": True}])
async def test_an_answer_is_interrupted(served: Served, hello: bytes, detection: Any) -> None:
    settings = {"turn_detection": detection} if detection else {}
    async with _conversation(served, **settings) as session:
        await session.send_message("Count to 100")
        await _events_until(session, "audio")
        for start in range(0, len(hello), CHUNK):
            await session.send_audio(hello[start : start + CHUNK])
        await _events_until(session, "audio_interrupted")
        await session.send_audio(bytes(3 * 48_000))
        events = await _events_until(session, "audio_end", times=2)  # of the interrupted answer, and of the next
    assert "seconds of speech" in _heard_text(events)
