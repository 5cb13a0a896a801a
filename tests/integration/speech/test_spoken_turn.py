"""A conversation with the sandbox as `make serve` installs it: it understands, waits its turn, and answers."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from limi.sandbox.config import SandboxConfig
from limi.sandbox.speech.moonshine import MoonshineRecogniser
from tests.integration.sandbox.support import Served, audio_of, serve, until
from tests.integration.sandbox.support import say as send
from tests.integration.speech.conftest import Say

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def served(config: SandboxConfig) -> AsyncIterator[Served]:
    async with serve(config) as served:
        yield served


def _session(turn_detection: Any) -> Any:
    transcription = {"model": "gpt-4o-mini-transcribe"}
    return {
        "type": "realtime",
        "audio": {"input": {"transcription": transcription, "turn_detection": turn_detection}},
    }


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z']+", text.lower())


async def test_a_spoken_request_is_understood_and_answered_in_words_that_can_be_understood(
    served: Served, say: Say, recogniser: MoonshineRecogniser
) -> None:
    async with served.client() as client, client.realtime.connect(model="gpt-realtime") as connection:
        await connection.session.update(session=_session({"type": "semantic_vad", "eagerness": "low"}))
        await send(connection, await say("Please count to five."), silence_seconds=1)
        events = await until(connection, "response.done")
    transcripts = [e.transcript for e in events if e.type.endswith("input_audio_transcription.completed")]
    deltas = [e.delta for e in events if e.type.endswith("input_audio_transcription.delta")]
    assert transcripts == ["".join(deltas)]
    assert _words(transcripts[0]) == _words("Please count to five.")
    (answer,) = [e.transcript for e in events if e.type == "response.output_audio_transcript.done"]
    assert "1, 2, 3, 4, 5" in answer
    heard = await recogniser.recognise(audio_of(events), "audio/pcm")
    assert _words("This is the Limi sandbox")[:3] == _words(heard)[:3]


async def _said(served: Served, speech: bytes, turn_detection: Any, *, turns: int) -> list[str]:
    """Say something and return what each turn was understood to be."""
    async with served.client() as client, client.realtime.connect(model="gpt-realtime") as connection:
        await connection.session.update(session=_session(turn_detection))
        await send(connection, speech, silence_seconds=2)
        said: list[str] = []
        while len(said) < turns:
            events = await until(connection, "conversation.item.input_audio_transcription.completed")
            said.append(events[-1].transcript)
        return said


async def test_a_greeting_and_the_question_after_it_are_one_turn(served: Served, hello: bytes) -> None:
    """The judge takes "Hello there," for a whole turn, and the pause after it is a quarter of a second."""
    (said,) = await _said(served, hello, {"type": "semantic_vad"}, turns=1)
    assert _words(said) == _words("Hello there, could you please tell me what time it is?")


async def test_a_turn_right_after_another_keeps_its_first_sound(served: Served, hello: bytes) -> None:
    """Who is eager answers the greeting; then the question begins where the silence before it was too short."""
    said = await _said(served, hello, {"type": "semantic_vad", "eagerness": "high"}, turns=2)
    assert _words(said[1]) == _words("Could you please tell me what time it is?")


async def test_a_pause_in_the_middle_of_a_sentence_is_waited_for(served: Served, say: Say) -> None:
    """With a fixed silence of 0.5 s, as with server VAD, these were two turns."""
    half = (await say("So what I wanted to say is"))[: -48 * 250]
    async with served.client() as client, client.realtime.connect(model="gpt-realtime") as connection:
        await connection.session.update(session=_session({"type": "semantic_vad"}))
        await send(connection, half, silence_seconds=0.9)
        await send(connection, await say("please count to five."), silence_seconds=1)
        events = await until(connection, "response.done")
    assert [e.type for e in events].count("input_audio_buffer.speech_stopped") == 1
    (transcript,) = [e.transcript for e in events if e.type.endswith("input_audio_transcription.completed")]
    assert _words(transcript)[-4:] == _words("please count to five.")
