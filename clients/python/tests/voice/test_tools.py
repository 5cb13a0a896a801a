"""Tools that the model calls, and what becomes of their results."""

import asyncio
import json

import pytest
from voice.scripted import Talk, call, done

from limi_client import tool
from limi_client.voice import AnswerFinished, ToolCalled, ToolFinished


async def test_a_tool_is_called_and_its_result_is_answered() -> None:
    @tool(parameters={"type": "object", "properties": {"city": {"type": "string"}}})
    def get_weather(city: str) -> dict[str, object]:
        """Tells the weather."""
        return {"sky": "blue", "city": city}

    async with Talk(tools=[get_weather]) as talk:
        await talk.voice.connect()
        talk.session.say(done("completed", call("get_weather", '{"city": "Žilina"}')))
        await talk.until(lambda: bool(talk.session.heard_of("response.create")))
        (created,) = talk.session.heard_of("conversation.item.create")
        await talk.settle()
    assert created["item"] == {
        "type": "function_call_output",
        "call_id": "c1",
        "output": '{"sky": "blue", "city": "Žilina"}',
    }
    assert talk.of(AnswerFinished)[0].waits_for_tools
    assert talk.of(ToolCalled)[0].arguments == {"city": "Žilina"}
    assert talk.of(ToolFinished)[0].error is None


async def test_tools_that_are_asked_for_together_are_answered_once_and_in_order() -> None:
    @tool()
    async def slow() -> str:
        """Is slow."""
        await asyncio.sleep(0.01)
        return "slow"

    @tool()
    async def quick() -> str:
        """Is quick."""
        return "quick"

    async with Talk(tools=[slow, quick]) as talk:
        await talk.voice.connect()
        talk.session.say(done("completed", call("slow", call_id="1"), call("quick", call_id="2")))
        await talk.until(lambda: bool(talk.session.heard_of("response.create")))
        outputs = [event["item"]["output"] for event in talk.session.heard_of("conversation.item.create")]
    assert outputs == ["slow", "quick"]
    assert len(talk.session.heard_of("response.create")) == 1


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("fails", "{}"), ("hangs", "{}"), ("unknown", "{}"), ("fails", "not json"), ("fails", "[1]"), ("odd", "{}")],
)
async def test_a_tool_that_fails_is_told_to_the_model_without_its_secrets(name: str, arguments: str) -> None:
    @tool()
    def fails() -> str:
        """Fails."""
        raise RuntimeError("password is 1234")

    @tool()
    async def hangs() -> str:
        """Hangs."""
        await asyncio.Event().wait()
        return ""

    @tool()
    def odd() -> object:
        """Returns what no JSON has."""
        return object()

    async with Talk(tools=[fails, hangs, odd], tool_timeout_seconds=0.01) as talk:
        await talk.voice.connect()
        talk.session.say(done("completed", call(name, arguments)))
        await talk.until(lambda: bool(talk.session.heard_of("response.create")))
        (created,) = talk.session.heard_of("conversation.item.create")
        await talk.settle()
    assert set(json.loads(created["item"]["output"])) == {"error"}
    assert "1234" not in created["item"]["output"]
    assert talk.of(ToolFinished)[0].error is not None


async def test_a_tools_result_that_comes_after_the_session_was_lost_is_let_go() -> None:
    gate = asyncio.Event()

    @tool()
    async def slow() -> str:
        """Is slow."""
        await gate.wait()
        return "late"

    async with Talk(tools=[slow]) as talk:
        await talk.voice.connect()
        talk.session.say(done("completed", call("slow")))
        await talk.settle()
        talk.session.drop()
        await talk.clock.advance(1.0)
        gate.set()
        await talk.settle()
        assert talk.session.heard_of("conversation.item.create") == []
