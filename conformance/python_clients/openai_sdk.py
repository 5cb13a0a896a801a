"""The scenarios with the Python package `openai`: it mints, opens a socket, and leaves the rest to its user."""
# ruff: noqa: S101 - a scenario asserts, as a test does

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType
from typing import Any, Final

from openai import AsyncOpenAI
from openai.resources.realtime.realtime import AsyncRealtimeConnection
from websockets.exceptions import ConnectionClosed

from conformance import scenarios
from conformance.python_clients.call_peer import open_call
from conformance.python_clients.frames import read_frame
from conformance.python_clients.keys import expired_key, mint
from conformance.python_clients.listener import Listener
from conformance.python_clients.speech import spoken
from conformance.scenarios import Scenario
from conformance.target import Target

__all__ = ["CLIENT", "PLAYS"]

CLIENT: Final = "openai, Python"
_INVALID_KEY: Final = 3000
"""The close code after an error `invalid_api_key`."""

Play = Callable[[Target, AsyncOpenAI], Awaitable[None]]


class _Conversation:
    """A connection and what was heard on it."""

    def __init__(self, connection: AsyncRealtimeConnection) -> None:
        self.connection = connection
        self.listener = Listener(_events(connection))

    async def type_in(self, text: str) -> None:
        """Say something by keyboard and ask for an answer."""
        content: Any = [{"type": "input_text", "text": text}]
        await self.connection.conversation.item.create(
            item={"type": "message", "role": "user", "content": content}
        )
        await self.connection.response.create()

    async def speak(self) -> None:
        """Say the recording, and wait for the turn to be seen as over."""
        for chunk in spoken():
            await self.connection.input_audio_buffer.append(audio=base64.b64encode(chunk).decode())

    async def answer(self, status: str = "completed") -> Any:  # noqa: ANN401 - the SDK's own class
        """Wait for a response to be over; it ends as expected, or the scenario fails."""
        response = (await self.listener.until("response.done")).response
        assert response.status == status, response.status_details or response.status
        return response

    async def banana(self) -> None:
        """Show that a turn works."""
        await self.type_in(scenarios.BANANA)
        assert "banana" in _words(await self.answer()).lower()


async def _events(connection: AsyncRealtimeConnection) -> AsyncIterator[Any]:
    while True:
        try:
            frame = await connection.recv_bytes()
        except ConnectionClosed:
            return
        read_frame(frame)
        yield connection.parse_event(frame)


@asynccontextmanager
async def _connected(client: AsyncOpenAI, target: Target, **settings: Any) -> AsyncIterator[_Conversation]:  # noqa: ANN401 - members of a session
    async with client.realtime.connect(model=target.model) as connection:
        conversation = _Conversation(connection)
        await conversation.listener.until("session.created")
        session: Any = {"type": "realtime", "instructions": scenarios.INSTRUCTIONS, **settings}
        await connection.session.update(session=session)
        await conversation.listener.until("session.updated")
        yield conversation


def _words(response: Any) -> str:  # noqa: ANN401 - the SDK's own class
    messages = [item for item in response.output if item.type == "message"]
    return " ".join(part.transcript or part.text or "" for item in messages for part in item.content)


def _hearing(model: str = "gpt-4o-mini-transcribe") -> dict[str, Any]:
    # Semantic detection, because a pause for breath in the recording must not end the turn.
    return {"input": {"transcription": {"model": model}, "turn_detection": {"type": "semantic_vad"}}}


async def _connect(target: Target, client: AsyncOpenAI) -> None:
    """With a minted key, as an application would."""
    secret = await mint(client, target)
    assert secret.value.startswith("ek_")
    async with AsyncOpenAI(api_key=secret.value, base_url=target.url, max_retries=0) as holder:
        connecting = holder.realtime.connect(model=target.model)
        async with connecting as connection:
            created = await Listener(_events(connection)).until("session.created")
    assert (created.session.type, created.session.model) == ("realtime", target.model)


async def _text_turn(target: Target, client: AsyncOpenAI) -> None:
    async with _connected(client, target, output_modalities=["text"]) as conversation:
        await conversation.banana()
        kinds = [event.type for event in conversation.listener.heard]
        assert "response.output_text.delta" in kinds
        assert "response.output_audio.delta" not in kinds


async def _spoken_turn(target: Target, client: AsyncOpenAI) -> None:
    async with _connected(client, target, audio=_hearing()) as conversation:
        listener = conversation.listener
        await conversation.speak()
        await listener.until("input_audio_buffer.speech_started")
        completed = "conversation.item.input_audio_transcription.completed"
        assert _words(await conversation.listener.spoken_answer())
        assert await listener.ever(completed, lambda event: bool(event.transcript.strip()))
        deltas = [event for event in listener.heard if event.type == "response.output_audio.delta"]
        assert sum(len(base64.b64decode(event.delta)) for event in deltas) > 0


async def _barge_in(target: Target, client: AsyncOpenAI) -> None:
    async with _connected(client, target, audio=_hearing()) as conversation:
        listener = conversation.listener
        await conversation.type_in(scenarios.COUNT)
        sounding = await listener.until("response.output_audio.delta")
        await conversation.speak()
        await listener.until("input_audio_buffer.speech_started")
        stopped = await conversation.answer("cancelled")
        assert stopped.status_details.reason == "turn_detected"
        await conversation.connection.conversation.item.truncate(
            item_id=sounding.item_id, content_index=0, audio_end_ms=100
        )
        await listener.ever("conversation.item.truncated")
        assert (await conversation.listener.spoken_answer()).id != stopped.id


async def _function_call(target: Target, client: AsyncOpenAI) -> None:
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tool = {
        "type": "function",
        "name": "get_weather",
        "description": "Tells the weather.",
        "parameters": parameters,
    }
    async with _connected(client, target, tools=[tool]) as conversation:
        await conversation.type_in(scenarios.WEATHER)
        call = (await conversation.answer()).output[-1]
        assert (call.type, call.name) == ("function_call", "get_weather")
        assert "paris" in call.arguments.lower()
        output: Any = {"type": "function_call_output", "call_id": call.call_id, "output": scenarios.FORECAST}
        await conversation.connection.conversation.item.create(item=output)
        await conversation.connection.response.create()
        assert "sunny" in _words(await conversation.answer()).lower()


async def _cancel(target: Target, client: AsyncOpenAI) -> None:
    async with _connected(client, target) as conversation:
        await conversation.type_in(scenarios.COUNT)
        await conversation.listener.until("response.output_audio.delta")
        await conversation.connection.response.cancel()
        assert (await conversation.answer("cancelled")).status_details.reason == "client_cancelled"
        await conversation.banana()


async def _session_update(target: Target, client: AsyncOpenAI) -> None:
    async with _connected(client, target) as conversation:
        detection: Any = {"input": {"turn_detection": None}}
        await conversation.connection.session.update(
            session={"type": "realtime", "instructions": "Whisper.", "audio": detection}
        )
        session = (await conversation.listener.until("session.updated")).session
        assert (session.instructions, session.audio.input.turn_detection) == ("Whisper.", None)
        await conversation.banana()


async def _invalid_event(target: Target, client: AsyncOpenAI) -> None:
    async with _connected(client, target) as conversation:
        unknown: Any = {"type": "session.explode", "event_id": "mine"}
        await conversation.connection.send(unknown)
        error = (await conversation.listener.until("error")).error
        assert (error.type, error.event_id) == ("invalid_request_error", "mine")
        await conversation.banana()


async def _expired_key(target: Target, client: AsyncOpenAI) -> None:
    key = await expired_key(client, target)
    async with (
        AsyncOpenAI(api_key=key, base_url=target.url, max_retries=0) as holder,
        holder.realtime.connect(model=target.model) as connection,
    ):
        error = (await Listener(_events(connection)).until("error")).error
        assert error.code == "invalid_api_key"
        assert await _close_code(connection) == _INVALID_KEY


async def _close_code(connection: AsyncRealtimeConnection) -> int | None:
    try:
        await connection.recv_bytes()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else None
    return None


async def _hang_up(target: Target, client: AsyncOpenAI) -> None:
    """A socket is not hung up, a call is: the client watches one over the sideband."""
    async with open_call(client, target.model) as call_id, client.realtime.connect(call_id=call_id) as connection:
        listener = Listener(_events(connection))
        await connection.session.update(session={"type": "realtime", "instructions": "Whisper."})
        await listener.until("session.updated")
        await client.realtime.calls.hangup(call_id)
        await listener.end()


async def _reconnect(target: Target, client: AsyncOpenAI) -> None:
    """One key opens one connection after another."""
    secret = await mint(client, target)
    async with AsyncOpenAI(api_key=secret.value, base_url=target.url, max_retries=0) as holder:
        for _ in range(2):
            async with _connected(holder, target) as conversation:
                await conversation.banana()


PLAYS: Final[Mapping[Scenario, Play]] = MappingProxyType(
    {
        Scenario.CONNECT: _connect,
        Scenario.TEXT_TURN: _text_turn,
        Scenario.SPOKEN_TURN: _spoken_turn,
        Scenario.BARGE_IN: _barge_in,
        Scenario.FUNCTION_CALL: _function_call,
        Scenario.CANCEL: _cancel,
        Scenario.SESSION_UPDATE: _session_update,
        Scenario.INVALID_EVENT: _invalid_event,
        Scenario.EXPIRED_KEY: _expired_key,
        Scenario.HANG_UP: _hang_up,
        Scenario.RECONNECT: _reconnect,
    }
)
