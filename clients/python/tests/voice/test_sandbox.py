"""Whole conversations by the official SDK with a real backend and the sandbox behind it."""

import asyncio
import dataclasses
import logging
import math
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from limi.sandbox.config import SandboxConfig
from limi.testing import Backend, SandboxInThread, running_backend
from servers import in_thread

from limi_client import (
    AsyncLimiAIClient,
    AuthenticationError,
    CallURLs,
    LimiAIClient,
    VoiceConnectionError,
    VoiceSession,
    tool,
)
from limi_client.voice import AudioReceived, Interrupted, SpeechStarted, StateChanged, TranscriptChanged
from limi_client.voice._realtime import connect_by_sdk

HELLO = Path(__file__).parents[4] / "examples" / "hello.wav"
SCRIPT = """
hears:
  - {text: Hello there, utterance: 1}
  - {text: And stop, utterance: 2}
turns:
  - user: {contains: hello}
    assistant: Good morning, nice to hear you.
  - user: {contains: stop}
    assistant: All right.
  - user: {contains: weather}
    assistant:
      - call: get_weather
        arguments: {city: Žilina}
      - "It is {result.sky} there."
  - user: {contains: recite}
    assistant: This is a long answer which takes its time, because somebody is going to speak into it very soon.
  - user: any
    assistant: I see.
"""
EXPECTED = "Good morning, nice to hear you."


@pytest.fixture
def limi_sandbox_options() -> dict[str, Any]:
    return {"script": SCRIPT, "config": SandboxConfig(audio_pace=math.inf)}


@pytest.fixture
async def client(backend_url: str) -> AsyncIterator[AsyncLimiAIClient]:
    async with AsyncLimiAIClient(backend_url) as made:
        yield made


async def _until(voice: VoiceSession, kind: type[Any]) -> Any:
    return await asyncio.wait_for(_next_of(voice, kind), 20)


async def _next_of(voice: VoiceSession, kind: type[Any]) -> Any:
    async for event in voice:
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__}")


@pytest.mark.behaviour("speak")
async def test_speech_goes_in_and_both_transcripts_and_sound_come_out(
    client: AsyncLimiAIClient, tmp_path: Path
) -> None:
    async with client.create_voice_session() as voice:
        await voice.send_wav(HELLO, speed=math.inf)
        answer = await voice.next_answer(timeout=20)
        assert [(entry.role, entry.text) for entry in voice.transcript] == [
            ("user", "Hello there"),
            ("assistant", EXPECTED),
        ]
    assert (answer.asked, answer.text) == ("Hello there", EXPECTED)
    assert 1 < answer.seconds < 5
    assert max(answer.pcm) > 0
    answer.save(tmp_path / "answer.wav")
    assert (tmp_path / "answer.wav").stat().st_size == len(answer.pcm) + 44


async def test_a_turn_is_over_without_ten_seconds_of_silence(
    client: AsyncLimiAIClient, limi_sandbox: SandboxInThread
) -> None:
    """At a pace that leaves the server time to say that it has heard enough."""
    async with client.create_voice_session() as voice:
        await voice.send_wav(HELLO, speed=2)
        sent = len(limi_sandbox.sessions[0].received_of("input_audio_buffer.append"))
        assert (await voice.next_answer(timeout=20)).text == EXPECTED
    assert sent < 110


async def test_without_turn_detection_the_turn_is_ended_by_the_client(
    client: AsyncLimiAIClient, limi_sandbox: SandboxInThread
) -> None:
    async with client.create_voice_session() as voice:
        audio = {"input": {"turn_detection": None}}
        await voice.send_event({"type": "session.update", "session": {"type": "realtime", "audio": audio}})
        limi_sandbox.until(lambda: bool(limi_sandbox.sessions[0].sent_of("session.updated")))
        await asyncio.sleep(0.05)
        assert not voice._conversation.detects_turns
        await voice.send_wav(HELLO, speed=math.inf)
        assert (await voice.next_answer(timeout=20)).text == EXPECTED


async def test_no_key_is_logged_at_any_level(client: AsyncLimiAIClient, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with client.create_voice_session() as voice:
        await voice.send_text("hello")
        await voice.next_answer(timeout=20)
    ours = [record.getMessage() for record in caplog.records if record.threadName == "MainThread"]
    assert any("GET /v1/realtime" in message for message in ours), "the handshake is logged"
    assert not any("ek_" in message for message in ours)


async def test_a_tool_is_called_and_spoken_of(client: AsyncLimiAIClient) -> None:
    asked: list[str] = []

    @tool(parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]})
    def get_weather(city: str) -> dict[str, str]:
        """Tells the weather of a city."""
        asked.append(city)
        return {"sky": "grey"}

    async with client.create_voice_session(tools=[get_weather]) as voice:
        await voice.send_text("How is the weather in Žilina?")
        answer = await voice.next_answer(timeout=20)
    assert asked == ["Žilina"]
    assert answer.text == "It is grey there."


@pytest.mark.behaviour("barge-in")
async def test_speech_into_an_answer_stops_it(client: AsyncLimiAIClient, limi_sandbox: SandboxInThread) -> None:
    async with client.create_voice_session() as voice:
        await voice.send_text("Please recite something")
        await _until(voice, AudioReceived)
        speaking = asyncio.create_task(voice.send_wav(HELLO, speed=math.inf))
        await _until(voice, SpeechStarted)
        await _until(voice, Interrupted)
        await speaking
        limi_sandbox.until(lambda: bool(limi_sandbox.sessions[0].sent_of("conversation.item.truncated")))
        answer = await voice.next_answer(timeout=20)
    assert answer.text == EXPECTED


@pytest.mark.behaviour("reconnect")
async def test_a_lost_connection_comes_back_and_the_new_session_knows_the_old_words(
    client: AsyncLimiAIClient, limi_sandbox: SandboxInThread
) -> None:
    limi_sandbox.faults.add("socket", "drop", event="response.output_audio.delta", times=1)
    async with client.create_voice_session(reconnect_delays_seconds=[0]) as voice:
        await voice.send_text("Remember the word banana")
        states = await asyncio.wait_for(_until_back(voice), 20)
        limi_sandbox.until(lambda: len(limi_sandbox.sessions) == 2)
        await voice.send_text("hello")
        assert (await voice.next_answer(timeout=20)).text == EXPECTED
    assert ("connecting", 1) in states
    restored = limi_sandbox.sessions[1].received_of("conversation.item.create")
    texts = [item["item"]["content"][0]["text"] for item in restored]
    assert texts[0] == "Remember the word banana"


async def _until_back(voice: VoiceSession) -> list[tuple[str, int]]:
    states: list[tuple[str, int]] = []
    async for event in voice:
        if isinstance(event, StateChanged):
            states.append((event.state.status, event.state.attempt))
            if event.state.status == "connected" and ("connecting", 1) in states:
                break
    return states


async def test_a_server_that_keeps_hanging_up_is_given_up(
    client: AsyncLimiAIClient, limi_sandbox: SandboxInThread
) -> None:
    async with client.create_voice_session(reconnect_delays_seconds=[0]) as voice:
        limi_sandbox.faults.add("socket", "refuse", status=503)
        limi_sandbox.faults.add("session", "expire", after_seconds=0)
        with pytest.raises(VoiceConnectionError):
            await asyncio.wait_for(_drop_and_read(voice), 20)
        assert voice.state.status == "failed"


async def _drop_and_read(voice: VoiceSession) -> None:
    link = voice._driver._link
    assert link is not None
    await link.close()
    async for _ in voice:
        pass


@pytest.mark.behaviour("expired key")
async def test_an_expired_key_is_replaced_by_a_fresh_one(
    client: AsyncLimiAIClient, limi_sandbox: SandboxInThread
) -> None:
    limi_sandbox.faults.add("socket", "expired_key", times=1)
    async with client.create_voice_session(reconnect_delays_seconds=[0]) as voice:
        await voice.send_text("hello")
        assert (await voice.next_answer(timeout=20)).text == EXPECTED
    (fault,) = limi_sandbox.faults
    assert fault.applied == 1


async def test_half_an_event_is_passed_over(client: AsyncLimiAIClient, limi_sandbox: SandboxInThread) -> None:
    limi_sandbox.faults.add("event", "malformed", event="response.created")
    async with client.create_voice_session() as voice:
        await voice.send_text("hello")
        assert (await voice.next_answer(timeout=20)).text == EXPECTED


async def test_a_backend_with_a_wrong_key_is_not_talked_to(backend_url: str) -> None:
    async with AsyncLimiAIClient(backend_url, "limi_wrong_0000") as client:
        with pytest.raises(AuthenticationError):
            async with client.create_voice_session():
                pass


async def test_a_realtime_server_that_is_not_there_is_named(client: AsyncLimiAIClient, backend: Backend) -> None:
    assert backend.url
    voice = client.create_voice_session()
    voice._driver._connector = _elsewhere
    with pytest.raises(VoiceConnectionError, match=r"Cannot reach the realtime server at 127\.0\.0\.1"):
        await voice.connect()
    await voice.close()


async def _elsewhere(key: Any, *, origin: str) -> Any:
    nowhere = CallURLs("http://127.0.0.1:9/v1/realtime/calls", "ws://127.0.0.1:9/v1/realtime?model=m")
    return await connect_by_sdk(dataclasses.replace(key, urls=nowhere), origin=origin)


@pytest.mark.behaviour("connect")
async def test_conversations_side_by_side_do_not_mix(client: AsyncLimiAIClient) -> None:
    async def one(word: str) -> str:
        async with client.create_voice_session() as voice:
            await voice.send_text(word)
            return (await voice.next_answer(timeout=20)).text

    answers = tuple(await asyncio.gather(one("hello"), one("something else"), one("stop it")))
    assert answers == (EXPECTED, "I see.", "All right.")


@pytest.mark.behaviour("leak-free")
async def test_nothing_is_left_behind(client: AsyncLimiAIClient, limi_sandbox: SandboxInThread) -> None:
    await client.generate_ephemeral_key()
    tasks = asyncio.all_tasks()
    for cancel in (False, True):
        async with client.create_voice_session() as voice:
            await voice.send_text("Please recite something")
            await _until(voice, AudioReceived)
            speaking = asyncio.create_task(voice.send_wav(HELLO))
            if not cancel:
                speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
    assert asyncio.all_tasks() == tasks
    limi_sandbox.until(lambda: not any(session.is_open for session in limi_sandbox.sessions))


async def test_cancelling_while_it_connects_leaves_no_socket(
    client: AsyncLimiAIClient, limi_sandbox: SandboxInThread
) -> None:
    limi_sandbox.faults.add("socket", "latency", ms=200)
    tasks = asyncio.all_tasks()
    voice = client.create_voice_session()
    connecting = asyncio.create_task(voice.connect())
    await asyncio.sleep(0.1)
    connecting.cancel()
    await asyncio.gather(connecting, return_exceptions=True)
    await voice.close()
    assert asyncio.all_tasks() == tasks
    limi_sandbox.until(lambda: not any(session.is_open for session in limi_sandbox.sessions))


@pytest.mark.behaviour("speak")
def test_without_await_it_is_the_same(backend_url: str, limi_sandbox: SandboxInThread) -> None:
    with LimiAIClient(backend_url) as client, client.create_voice_session() as voice:
        voice.send_wav(HELLO, speed=math.inf)
        answer = voice.next_answer(timeout=20)
        assert (answer.asked, answer.text) == ("Hello there", EXPECTED)
        voice.send_text("stop it")
        words = []
        for event in voice:
            if isinstance(event, TranscriptChanged) and event.entry.role == "assistant":
                words.append(event.entry.text)
                if event.entry.final:
                    break
        assert words[-1] == "All right."
    assert voice.state.status == "disconnected"
    _until_gone("limi voice")
    limi_sandbox.until(lambda: not limi_sandbox.sessions[0].is_open)


def _until_gone(name: str) -> None:
    """Threads of a pool that was let go end by themselves."""
    threads = [thread for thread in threading.enumerate() if thread.name.startswith(name)]
    for thread in threads:
        thread.join(timeout=5)
    assert not [thread.name for thread in threads if thread.is_alive()]


def test_without_await_errors_are_the_same(backend_url: str) -> None:
    with LimiAIClient(backend_url, "limi_wrong_0000") as client:
        voice = client.create_voice_session()
        with pytest.raises(AuthenticationError):
            voice.connect()
        voice.close()
        voice.close()
        with pytest.raises(RuntimeError, match="closed"):
            voice.connect()
        with pytest.raises(RuntimeError, match="not open"):
            voice.send_text("hello")


async def test_the_sandbox_inside_the_backend_is_reached_below_its_path() -> None:
    """As `make serve` has it without a key of OpenAI."""
    with in_thread(running_backend) as backend:
        async with AsyncLimiAIClient(f"{backend.url}/api") as client, client.create_voice_session() as voice:
            await voice.send_text("Count to three")
            assert "1, 2, 3." in (await voice.next_answer(timeout=20)).text
