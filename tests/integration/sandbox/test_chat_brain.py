"""A chat endpoint answers the official `openai` SDK through the sandbox."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from limi.sandbox.answering.chat_brain import ChatBrain, ChatEndpoint
from limi.testing.chat import ChatAnswer, ChatEnd, FakeChat
from tests.integration.sandbox.support import audio_of, serve, until

_TOOL = {"type": "function", "name": "get_weather", "description": "Tells the weather.", "parameters": {}}


@asynccontextmanager
async def _connected(chat: FakeChat, **session: Any) -> AsyncIterator[Any]:
    """Connect to a sandbox whose brain is `chat`, with little patience."""
    brain = ChatBrain(ChatEndpoint(base_url=chat.url, first_seconds=0.5, pause_seconds=0.5))
    async with (
        serve(brain=brain) as served,
        served.client() as client,
        client.realtime.connect(model="gpt-realtime-2.1") as connection,
    ):
        settings: Any = {"type": "realtime", "instructions": "Be brief.", "tools": [_TOOL], **session}
        await connection.session.update(session=settings)
        yield connection


async def _say(connection: Any, text: str) -> None:
    item = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
    await connection.conversation.item.create(item=item)
    await connection.response.create()


async def _turn(connection: Any, text: str) -> list[Any]:
    await _say(connection, text)
    return await until(connection, "rate_limits.updated")


@pytest.fixture
async def chat() -> AsyncIterator[FakeChat]:
    async with FakeChat().running() as chat:
        yield chat


async def test_a_streamed_answer_is_spoken(chat: FakeChat) -> None:
    chat.queued.append(ChatAnswer("Good day. How can I help you?"))
    async with _connected(chat) as connection:
        events = await _turn(connection, "Hello")
    response = events[-2].response
    assert response.output[0].content[0].transcript == "Good day. How can I help you?"
    assert len(audio_of(events)) > 48_000
    system, user = chat.asked[-1].body["messages"]
    assert system["content"].startswith("Be brief.")
    assert user == {"role": "user", "content": "Hello"}


async def test_a_streamed_call_is_run_by_the_client_and_its_result_told(chat: FakeChat) -> None:
    chat.queued += [ChatAnswer("Well.", calls=(("get_weather", '{"city": "Rome"}'),)), ChatAnswer("Sunny!")]
    async with _connected(chat, output_modalities=["text"]) as connection:
        call = (await _turn(connection, "The weather?"))[-2].response.output[1]
        assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "Rome"})
        output = {"type": "function_call_output", "call_id": call.call_id, "output": "blue sky"}
        await connection.conversation.item.create(item=output)
        await connection.response.create()
        told = (await until(connection, "rate_limits.updated"))[-2].response
    assert told.output[0].content[0].text == "Sunny!"
    *_, called, result = chat.asked[-1].body["messages"]
    assert called["tool_calls"][0]["id"] == result["tool_call_id"] == call.call_id
    assert result == {"role": "tool", "tool_call_id": call.call_id, "content": "blue sky"}


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (ChatAnswer("Hi", error="out of memory"), "brain_failed"),
        (ChatAnswer("Hi", end=ChatEnd.CUT), "brain_failed"),
        (ChatAnswer("Hi", end=ChatEnd.STALL), "brain_timed_out"),
        (ChatAnswer(silent=True), "brain_timed_out"),
        (ChatAnswer("no such model", status=404), "brain_refused"),
    ],
)
async def test_a_failing_server_fails_its_response_and_the_session_goes_on(
    chat: FakeChat, answer: ChatAnswer, code: str
) -> None:
    chat.queued += [answer, ChatAnswer("Here again.")]
    async with _connected(chat, output_modalities=["text"]) as connection:
        failed = (await _turn(connection, "Hello"))[-2].response
        assert (failed.status, failed.status_details.error.code) == ("failed", code)
        recovered = (await _turn(connection, "Hello?"))[-2].response
    assert recovered.output[0].content[0].text == "Here again."


async def test_a_cancelled_response_closes_the_connection_to_the_server_at_once(chat: FakeChat) -> None:
    chat.queued.append(ChatAnswer("One moment", end=ChatEnd.STALL))
    async with _connected(chat, output_modalities=["text"]) as connection:
        await _say(connection, "Hello")
        await until(connection, "response.output_text.delta")
        await connection.response.cancel()
        # Less than the sandbox's own patience, which would close it as well.
        await asyncio.wait_for(chat.hung_up.wait(), timeout=0.4)
        cancelled = (await until(connection, "rate_limits.updated"))[-2].response
    assert cancelled.status == "cancelled"


async def test_a_session_that_ends_closes_the_connection_to_the_server(chat: FakeChat) -> None:
    chat.queued.append(ChatAnswer("One moment", end=ChatEnd.STALL))
    async with _connected(chat, output_modalities=["text"]) as connection:
        await _say(connection, "Hello")
        await until(connection, "response.output_text.delta")
    assert chat.hung_up.is_set()
