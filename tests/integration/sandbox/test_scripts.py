"""A script drives conversations, spoken and typed, of the official `openai` SDK."""

import json
from pathlib import Path
from typing import Any

from limi.sandbox.scripts import load_script, parse_script
from tests.integration.sandbox.support import audio_of, no_error_frames, say, serve, until

_MODEL = "gpt-realtime-2.1"
_WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Tells the weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
_CONVERSATION = r"""
hears:
  - Hello
  - What's the weather in Rome?
turns:
  - user: hello
    assistant: [Hello!, Ask me about the weather.]
  - user: {matches: 'weather in (?P<city>\w+)'}
    assistant:
      - Let me look.
      - call: get_weather
        arguments: {city: "{city}"}
      - It is {result.sky} in {city}.
  - user: {contains: lights}
    assistant: {fail: {code: lights_stuck, message: The lights do not answer.}}
otherwise: fail
"""


def _typed(text: str) -> Any:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


async def _answer(connection: Any) -> Any:
    """Return the response, and say nothing about how it came."""
    return (await until(connection, "rate_limits.updated"))[-2].response


async def _finish_tool(connection: Any, call: Any, **result: Any) -> None:
    output = {"type": "function_call_output", "call_id": call.call_id, "output": json.dumps(result)}
    await connection.conversation.item.create(item=output)
    await connection.response.create()


async def test_a_typed_conversation_goes_as_it_is_written() -> None:
    async with (
        serve(script=parse_script(_CONVERSATION, source="s.yaml")) as served,
        served.client() as client,
        client.realtime.connect(model=_MODEL) as connection,
    ):
        session: Any = {"type": "realtime", "output_modalities": ["text"], "tools": [_WEATHER]}
        await connection.session.update(session=session)
        await connection.conversation.item.create(item=_typed("hello!"))
        await connection.response.create()
        greeting = await _answer(connection)
        assert greeting.output[0].content[0].text == "Hello! Ask me about the weather."
        await connection.conversation.item.create(item=_typed("How is the weather in Paris today?"))
        await connection.response.create()
        look = await _answer(connection)
        assert [item.type for item in look.output] == ["message", "function_call"]
        assert json.loads(look.output[1].arguments) == {"city": "Paris"}
        await _finish_tool(connection, look.output[1], sky="grey")
        told = await _answer(connection)
        assert told.output[0].content[0].text == "It is grey in Paris."
        await connection.conversation.item.create(item=_typed("Now the lights"))
        await connection.response.create()
        failed = await _answer(connection)
        assert (failed.status, failed.status_details.error.code) == ("failed", "lights_stuck")
        await connection.conversation.item.create(item=_typed("Anything else"))
        await connection.response.create()
        unknown = await _answer(connection)
        assert unknown.status_details.error.code == "script_has_no_turn"
        assert 'no turn left for "Anything else"' in unknown.status_details.error.message


async def test_a_spoken_conversation_is_heard_and_answered_as_it_is_written(hello: bytes) -> None:
    async with (
        serve(script=parse_script(_CONVERSATION)) as served,
        served.client() as client,
        client.realtime.connect(model=_MODEL) as connection,
    ):
        transcription = {"input": {"transcription": {"model": "whisper-1"}}}
        session: Any = {"type": "realtime", "tools": [_WEATHER], "audio": transcription}
        await connection.session.update(session=session)
        with no_error_frames(served):
            await say(connection, hello, silence_seconds=1.5)
            first = await until(connection, "rate_limits.updated")
            await say(connection, hello, silence_seconds=1.5)
            second = await until(connection, "rate_limits.updated")
            await _finish_tool(connection, second[-2].response.output[-1], sky="blue")
            third = await until(connection, "rate_limits.updated")
    # The transcript of a turn whose answer is short may come behind that answer.
    heard = [
        e.transcript for e in first + second + third if e.type.endswith("input_audio_transcription.completed")
    ]
    assert heard == ["Hello", "What's the weather in Rome?"]
    spoken = [events[-2].response.output[0].content[0].transcript for events in (first, second, third)]
    assert spoken == ["Hello! Ask me about the weather.", "Let me look.", "It is blue in Rome."]
    assert all(len(audio_of(events)) > 24_000 for events in (first, second, third))


async def test_a_recording_is_heard_by_its_sound_whatever_came_before(
    tmp_path: Path, hello: bytes, hello_wav: Path
) -> None:
    path = tmp_path / "s.yaml"
    path.write_text(
        f"hears:\n- {{sounds_like: {hello_wav}, text: Book a table}}\n- Hm\n"
        "turns:\n- {user: book a table, assistant: For two.}\n- {user: any, assistant: Pardon.}\n"
    )
    # Cut and pieced together anew, it is as long and as loud, but another utterance.
    other = hello[len(hello) // 4 * 2 :] + hello[: len(hello) // 4 * 2]
    async with serve(script=load_script(path)) as served, served.client() as client:
        for speech, answer in ((other, "Pardon."), (hello, "For two.")):
            async with client.realtime.connect(model=_MODEL) as connection:
                await connection.session.update(
                    session={
                        "type": "realtime",
                        "output_modalities": ["text"],
                        "audio": {"input": {"turn_detection": None}},
                    }
                )
                await say(connection, speech, silence_seconds=0.3)
                await connection.input_audio_buffer.commit()
                await connection.response.create()
                assert (await _answer(connection)).output[0].content[0].text == answer


async def test_waiting_can_be_interrupted() -> None:
    script = parse_script("turns:\n- {user: any, assistant: [One moment., {wait_seconds: 3600}, Done.]}")
    async with (
        serve(script=script) as served,
        served.client() as client,
        client.realtime.connect(model=_MODEL) as connection,
    ):
        await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
        await connection.conversation.item.create(item=_typed("Go"))
        await connection.response.create()
        await until(connection, "response.output_text.delta")
        await connection.response.cancel()
        answer = await _answer(connection)
    assert (answer.status, answer.output[0].content[0].text) == ("cancelled", "One moment.")


async def test_each_session_hears_and_says_the_script_from_its_beginning() -> None:
    script = parse_script(
        "order: given\nturns:\n- {user: any, assistant: First.}\n- {user: any, assistant: Second.}"
    )
    async with serve(script=script) as served, served.client() as client:
        for _ in range(3):
            async with client.realtime.connect(model=_MODEL) as connection:
                await connection.session.update(session={"type": "realtime", "output_modalities": ["text"]})
                said = []
                for _ in range(2):
                    await connection.conversation.item.create(item=_typed("Go on"))
                    await connection.response.create()
                    said.append((await _answer(connection)).output[0].content[0].text)
                assert said == ["First.", "Second."]
