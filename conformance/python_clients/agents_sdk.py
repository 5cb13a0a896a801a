"""The scenarios with the Python package `openai-agents`, which holds a whole conversation by itself."""
# ruff: noqa: S101 - a scenario asserts, as a test does

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from types import MappingProxyType
from typing import Any, Final

from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner, RealtimeSession
from agents.realtime.model_inputs import RealtimeModelSendInterrupt, RealtimeModelSendRawMessage
from openai import AsyncOpenAI
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

CLIENT: Final = "openai-agents, Python"

Play = Callable[[Target, AsyncOpenAI], Awaitable[None]]


class _Conversation:
    """A session, the frames below it, and what the SDK made of them."""

    def __init__(self, session: RealtimeSession) -> None:
        self.session = session
        self.told: list[Any] = []
        self.listener = Listener(self._frames())

    async def _frames(self) -> AsyncIterator[Any]:
        async for event in self.session:
            self.told.append(event)
            if event.type == "raw_model_event" and event.data.type == "raw_server_event":
                yield read_frame(json.dumps(event.data.data))

    async def answer(self, status: str = "completed") -> Any:  # noqa: ANN401 - the SDK's own class
        """Wait for a response to be over; it ends as expected, or the scenario fails."""
        response = (await self.listener.until("response.done")).response
        assert response.status == status, response.status_details or response.status
        return response

    async def banana(self) -> None:
        """Show that a turn works."""
        await self.session.send_message(scenarios.BANANA)
        assert "banana" in _words(await self.answer()).lower()

    async def speak(self) -> None:
        """Say the recording, and wait for the turn to be seen as over."""
        for chunk in spoken():
            await self.session.send_audio(chunk)

    def told_of(self, event_type: str) -> list[Any]:
        """What the SDK told its user of a type."""
        return [event for event in self.told if event.type == event_type]


def _words(response: Any) -> str:  # noqa: ANN401 - the SDK's own class
    messages = [item for item in response.output if item.type == "message"]
    return " ".join(part.transcript or part.text or "" for item in messages for part in item.content)


@asynccontextmanager
async def _opened(
    target: Target, key: str, *, query: str = "", errors: bool = False
) -> AsyncIterator[_Conversation]:
    """Open a session; unless `errors` are expected, none may have come by the end."""
    cities: list[str] = []

    @function_tool
    def get_weather(city: str) -> str:
        """Tells the weather of a city."""
        cities.append(city)
        return scenarios.FORECAST

    agent = RealtimeAgent(name="Tester", instructions=scenarios.INSTRUCTIONS, tools=[get_weather])
    url = f"{target.url.replace('http', 'ws', 1)}/realtime?{query or f'model={target.model}'}"
    session = await RealtimeRunner(agent).run(model_config={"url": url, "api_key": key})
    async with session:
        conversation = _Conversation(session)
        yield conversation
        # The SDK turns a frame that it cannot read into an error as well.
        assert errors or not conversation.told_of("error"), conversation.told_of("error")


@asynccontextmanager
async def _connected(target: Target, client: AsyncOpenAI, *, errors: bool = False) -> AsyncIterator[_Conversation]:
    secret = await mint(client, target)
    async with _opened(target, secret.value, errors=errors) as conversation:
        await conversation.listener.until(
            "session.updated", lambda event: event.session.instructions == scenarios.INSTRUCTIONS
        )
        yield conversation


async def _connect(target: Target, client: AsyncOpenAI) -> None:
    async with _connected(target, client) as conversation:
        created = await conversation.listener.ever("session.created")
        assert created.session.model == target.model


async def _text_turn(target: Target, client: AsyncOpenAI) -> None:
    async with _connected(target, client) as conversation:
        await conversation.banana()
        assert conversation.told_of("audio")


async def _spoken_turn(target: Target, client: AsyncOpenAI) -> None:
    async with _connected(target, client) as conversation:
        await conversation.speak()
        assert _words(await conversation.listener.spoken_answer())
        completed = "conversation.item.input_audio_transcription.completed"
        assert await conversation.listener.ever(completed, lambda event: bool(event.transcript.strip()))
        assert conversation.told_of("audio")


async def _barge_in(target: Target, client: AsyncOpenAI) -> None:
    async with _connected(target, client) as conversation:
        await conversation.session.send_message(scenarios.COUNT)
        await conversation.listener.until("response.output_audio.delta")
        await conversation.speak()
        stopped = await conversation.answer("cancelled")
        assert stopped.status_details.reason == "turn_detected"
        await conversation.listener.ever("conversation.item.truncated")
        assert (await conversation.listener.spoken_answer()).id != stopped.id
        assert conversation.told_of("audio_interrupted")


async def _function_call(target: Target, client: AsyncOpenAI) -> None:
    async with _connected(target, client) as conversation:
        await conversation.session.send_message(scenarios.WEATHER)
        call = (await conversation.answer()).output[-1]
        assert (call.type, call.name) == ("function_call", "get_weather")
        assert "sunny" in _words(await conversation.answer()).lower()
        (ended,) = conversation.told_of("tool_end")
        assert ended.output == scenarios.FORECAST


async def _cancel(target: Target, client: AsyncOpenAI) -> None:
    async with _connected(target, client) as conversation:
        await conversation.session.send_message(scenarios.COUNT)
        await conversation.listener.until("response.output_audio.delta")
        # `session.interrupt()` leaves the cancelling to a server that interrupts by itself.
        await conversation.session.model.send_event(RealtimeModelSendInterrupt(force_response_cancel=True))
        assert (await conversation.answer("cancelled")).status_details.reason == "client_cancelled"
        await conversation.banana()


async def _session_update(target: Target, client: AsyncOpenAI) -> None:
    async with _connected(target, client) as conversation:
        await conversation.session.update_agent(RealtimeAgent(name="Other", instructions="Whisper."))
        await conversation.listener.until(
            "session.updated", lambda event: event.session.instructions == "Whisper."
        )
        await conversation.banana()


async def _invalid_event(target: Target, client: AsyncOpenAI) -> None:
    async with _connected(target, client, errors=True) as conversation:
        # The SDK leaves out what it does not know, so the event is of a known type and wrong all the same.
        update = {"type": "realtime", "max_output_tokens": -1}
        message: Any = {"type": "session.update", "other_data": {"event_id": "mine", "session": update}}
        await conversation.session.model.send_event(RealtimeModelSendRawMessage(message=message))
        error = (await conversation.listener.until("error")).error
        assert (error.type, error.event_id) == ("invalid_request_error", "mine")
        await conversation.banana()
        assert len(conversation.told_of("error")) == 1


async def _expired_key(target: Target, client: AsyncOpenAI) -> None:
    key = await expired_key(client, target)
    # The SDK raises the close to whoever iterates, after the error event.
    with suppress(ConnectionClosed):
        async with _opened(target, key, errors=True) as conversation:
            error = (await conversation.listener.until("error")).error
            assert error.code == "invalid_api_key"
            await conversation.listener.end()


async def _hang_up(target: Target, client: AsyncOpenAI) -> None:
    """A socket is not hung up, a call is: the client watches one over the sideband."""
    async with (
        open_call(client, target.model) as call_id,
        _opened(target, client.api_key, query=f"call_id={call_id}") as conversation,
    ):
        await conversation.listener.until("session.updated")
        await client.realtime.calls.hangup(call_id)
        with suppress(ConnectionClosed):
            await conversation.listener.end()


async def _reconnect(target: Target, client: AsyncOpenAI) -> None:
    """One key opens one session after another."""
    secret = await mint(client, target)
    for _ in range(2):
        async with _opened(target, secret.value) as conversation:
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
