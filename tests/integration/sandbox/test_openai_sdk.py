"""The official `openai` SDK, unchanged, against a sandbox behind a real server."""

import json
from typing import Any

import numpy as np
import pytest

from limi.sandbox.speech.g711 import G711Encoder, decoding_table
from tests.integration.sandbox.support import (
    Served,
    audio_of,
    no_error_frames,
    say,
    types_of,
    until,
)

_MODEL = "gpt-realtime"
_PATIENT_MODEL = "gpt-realtime-2.1"
"""Its turns end after 500 ms of silence, those of the other after 200, which may be a pause between two words."""
_SPOKEN_REPLY = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "conversation.item.done",
    "response.output_item.done",
    "response.done",
    "rate_limits.updated",
]
_WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "Tells the weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def _session(**members: Any) -> Any:
    return {"type": "realtime", **members}


def _typed(text: str) -> Any:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


def _check_speech(audio: bytes, transcript: str) -> None:
    """Hold a reply's sound against its words: long enough, voiced, and no tone."""
    samples = np.frombuffer(audio, dtype="<i2").astype(float)
    # Pico speaks 14 characters a second, its pauses between sentences included.
    assert len(samples) / 24_000 == pytest.approx(len(transcript) / 14, rel=0.2)
    power = np.abs(np.fft.rfft(samples)) ** 2
    frequencies = np.fft.rfftfreq(len(samples), 1 / 24_000)
    assert power.max() / power.sum() < 0.05
    # Most of speech lies between 100 Hz and 4 kHz, and in none of its octaves alone.
    assert power[(frequencies > 100) & (frequencies < 4_000)].sum() / power.sum() > 0.8
    octaves = [
        power[(frequencies > low) & (frequencies <= 2 * low)].sum() for low in (125, 250, 500, 1_000, 2_000)
    ]
    assert max(octaves) / sum(octaves) < 0.8
    # A voice comes and goes with its syllables: some stretches are loud, some nearly silent.
    loudness = np.sqrt(np.mean(samples[: len(samples) // 480 * 480].reshape(-1, 480) ** 2, axis=1))
    assert np.mean(loudness > 500) > 0.4
    assert np.mean(loudness < 500) > 0.05


async def test_a_minted_secret_opens_the_session_it_was_minted_for(served: Served) -> None:
    async with served.client() as backend:
        secret = await backend.realtime.client_secrets.create(
            session={"type": "realtime", "model": _MODEL, "instructions": "Be brief."}
        )
    async with served.client(secret.value) as client:
        for _ in range(2):
            async with client.realtime.connect(model=_MODEL) as connection:
                (created,) = await until(connection, "session.created")
                assert created.session.instructions == "Be brief."
                assert created.session.id.startswith("sess_")


async def test_a_text_turn(served: Served) -> None:
    async with served.client() as client, client.realtime.connect(model=_MODEL) as connection:
        await connection.session.update(session=_session(output_modalities=["text"]))
        await connection.conversation.item.create(item=_typed("The quick brown fox."))
        await connection.response.create()
        with no_error_frames(served):
            events = await until(connection, "rate_limits.updated")
    assert types_of(events) == [
        "session.created",
        "session.updated",
        "conversation.item.added",
        "conversation.item.done",
        "response.created",
        "response.output_item.added",
        "conversation.item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "conversation.item.done",
        "response.output_item.done",
        "response.done",
        "rate_limits.updated",
    ]
    text = events[-2].response.output[0].content[0].text
    assert text == "This is the Limi sandbox, not a model of OpenAI. You said: The quick brown fox."
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == text


async def test_a_spoken_turn_that_the_client_ends_itself(served: Served, hello: bytes) -> None:
    settings = {"input": {"turn_detection": None, "transcription": {"model": "whisper-1"}}}
    async with served.client() as client, client.realtime.connect(model=_MODEL) as connection:
        await connection.session.update(session=_session(audio=settings))
        await say(connection, hello)
        await connection.input_audio_buffer.commit()
        await until(connection, "conversation.item.input_audio_transcription.completed")
        await connection.response.create()
        events = await until(connection, "rate_limits.updated")
    assert [name for name in types_of(events) if name in _SPOKEN_REPLY] == _SPOKEN_REPLY
    done = events[-2].response
    assert done.status == "completed"
    transcript = done.output[0].content[0].transcript
    seconds = len(hello) / 48_000
    assert f"{seconds:.1f} seconds" in transcript
    _check_speech(audio_of(events), transcript)
    assert done.usage.output_token_details.audio_tokens == pytest.approx(
        20 * len(audio_of(events)) / 48_000, abs=1
    )


async def test_a_spoken_turn_that_the_server_ends(served: Served, hello: bytes) -> None:
    async with served.client() as client, client.realtime.connect(model=_PATIENT_MODEL) as connection:
        await connection.session.update(
            session=_session(audio={"input": {"transcription": {"model": "whisper-1"}}})
        )
        with no_error_frames(served):
            await say(connection, hello, silence_seconds=1.5)
            events = await until(connection, "rate_limits.updated")
    names = types_of(events)
    expected = [
        "input_audio_buffer.speech_started",
        "input_audio_buffer.speech_stopped",
        "input_audio_buffer.committed",
        "conversation.item.added",
        "conversation.item.done",
        *_SPOKEN_REPLY,
    ]
    assert [name for name in names if name in expected[:3]] == expected[:3]
    transcribed = "conversation.item.input_audio_transcription.completed"
    after_turn = [event.type for event in events if event.type in expected]
    assert after_turn[:6] == expected[:6]
    assert transcribed in names
    started = next(event for event in events if event.type == "input_audio_buffer.speech_started")
    stopped = next(event for event in events if event.type == "input_audio_buffer.speech_stopped")
    length_ms = len(hello) / 48
    assert started.audio_start_ms <= 200
    assert stopped.audio_end_ms == pytest.approx(length_ms + 500, abs=500)
    done = events[-2].response
    _check_speech(audio_of(events), done.output[0].content[0].transcript)


async def test_semantic_detection_lets_a_speaker_pause_for_breath(served: Served, hello: bytes) -> None:
    async with served.client() as client, client.realtime.connect(model=_MODEL) as connection:
        detection = {"type": "semantic_vad"}
        settings = _session(output_modalities=["text"], audio={"input": {"turn_detection": detection}})
        await connection.session.update(session=settings)
        await say(connection, hello, silence_seconds=0.7)
        await say(connection, hello, silence_seconds=2)
        events = await until(connection, "rate_limits.updated")
    assert types_of(events).count("input_audio_buffer.speech_started") == 1
    assert events[-2].response.status == "completed"


async def test_speaking_into_an_answer_stops_it(served: Served, hello: bytes) -> None:
    async with served.client() as client, client.realtime.connect(model=_PATIENT_MODEL) as connection:
        await connection.conversation.item.create(item=_typed("Count to 100"))
        await connection.response.create()
        await until(connection, "response.output_audio.delta")
        await say(connection, hello)
        events = await until(connection, "rate_limits.updated")
        stopped = next(event for event in events if event.type == "response.done").response
        assert (stopped.status, stopped.status_details.reason) == ("cancelled", "turn_detected")
        await say(connection, bytes(48_000))
        after = await until(connection, "response.done")
    assert {event.response_id for event in after if event.type == "response.output_audio.delta"} == {
        after[-1].response.id
    }
    assert after[-1].response.id != stopped.id
    assert after[-1].response.status == "completed"


async def test_a_response_is_cancelled_on_request(served: Served) -> None:
    async with served.client() as client, client.realtime.connect(model=_MODEL) as connection:
        await connection.conversation.item.create(item=_typed("Count to 100"))
        await connection.response.create()
        await until(connection, "response.output_audio.delta")
        await connection.response.cancel()
        done = (await until(connection, "response.done"))[-1].response
        assert (done.status, done.status_details.reason) == ("cancelled", "client_cancelled")
        await connection.send({"type": "response.cancel", "event_id": "mine"})
        error = (await until(connection, "error"))[-1].error
        assert (error.code, error.event_id) == ("response_cancel_not_active", "mine")


async def test_a_function_is_called_and_its_result_spoken(served: Served) -> None:
    async with served.client() as client, client.realtime.connect(model=_MODEL) as connection:
        await connection.session.update(session=_session(tools=[_WEATHER]))
        await connection.conversation.item.create(item=_typed("What is the weather in Paris?"))
        await connection.response.create()
        events = await until(connection, "response.done")
        call = events[-1].response.output[0]
        assert (call.type, call.name, call.status) == ("function_call", "get_weather", "completed")
        assert json.loads(call.arguments) == {"city": "Paris"}
        output: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny, 20 degrees"}
        await connection.conversation.item.create(item=output)
        await connection.response.create()
        events = await until(connection, "response.done")
    transcript = events[-1].response.output[0].content[0].transcript
    assert transcript == "The get weather says: sunny, 20 degrees"
    assert len(audio_of(events)) > 48_000


async def test_an_invalid_event_is_answered_with_an_error_and_the_session_goes_on(served: Served) -> None:
    async with served.client() as client, client.realtime.connect(model=_MODEL) as connection:
        unknown: Any = {"type": "session.explode", "event_id": "e1"}
        await connection.send(unknown)
        error = (await until(connection, "error"))[-1].error
        assert (error.code, error.param, error.event_id) == ("invalid_value", "type", "e1")
        await connection.session.update(session=_session(voice="alloy"))
        error = (await until(connection, "error"))[-1].error
        assert (error.code, error.param) == ("unknown_parameter", "session.voice")
        await connection.session.update(session={"type": "realtime", "instructions": "Fine."})
        assert (await until(connection, "session.updated"))[-1].session.instructions == "Fine."


@pytest.mark.parametrize("encoding", ["audio/pcmu", "audio/pcma"])
async def test_a_telephone_is_heard_and_answered_in_its_own_format(
    served: Served, hello: bytes, encoding: Any
) -> None:
    telephone = {"format": {"type": encoding}}
    async with served.client() as client, client.realtime.connect(model=_PATIENT_MODEL) as connection:
        await connection.session.update(session=_session(audio={"input": telephone, "output": telephone}))
        await until(connection, "session.updated")
        await say(connection, G711Encoder(encoding).encode(hello + bytes(96_000), last=True))
        events = await until(connection, "response.done")
    codes = np.frombuffer(audio_of(events), dtype="uint8")
    samples = np.asarray(decoding_table(encoding), dtype="<i2")[codes]
    seconds = len(samples) / 8_000
    transcript = events[-1].response.output[0].content[0].transcript
    assert seconds == pytest.approx(len(transcript) / 14, rel=0.2)
    assert np.mean(np.abs(samples) > 500) > 0.2


async def test_a_transcription_session_writes_down_and_never_answers(served: Served, hello: bytes) -> None:
    url = served.http_url.replace("http", "ws", 1)
    async with served.client() as client:
        client.websocket_base_url = url
        connecting = client.realtime.connect(extra_query={"intent": "transcription"})
        async with connecting as connection:
            (created,) = await until(connection, "session.created")
            assert created.session.type == "transcription"
            wanted = {"input": {"transcription": {"model": "whisper-1"}}}
            await connection.session.update(session=_session(type="transcription", audio=wanted))
            await say(connection, hello, silence_seconds=1.5)
            events = await until(connection, "conversation.item.input_audio_transcription.completed")
    assert "seconds of speech" in events[-1].transcript
    assert not any(name.startswith("response.") for name in types_of(events))
