import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from structlog.testing import capture_logs

from limi.protocol import Generate, GenerationRequest, RealtimeSession, default_config, ids_from_hex
from limi.sandbox.answering.brain import BrainError, CallFunction, Reply, Say
from limi.sandbox.answering.generation import Generation, Pace
from limi.sandbox.hearing.utterances import Hearing
from limi.sandbox.owned_tasks import OwnedTasks
from limi.sandbox.speech import SpeechError, SpeechUnavailableError
from limi.sandbox.speech.deaf import DeafRecogniser


class _Brain:
    """Replies what it was given, and keeps what it was asked."""

    def __init__(self, *replies: Reply | Exception) -> None:
        self._replies = replies
        self.requests: list[GenerationRequest] = []

    async def reply(self, request: GenerationRequest) -> AsyncGenerator[Reply, None]:
        self.requests.append(request)
        for reply in self._replies:
            if isinstance(reply, Exception):
                raise reply
            yield reply


class _Stage:
    """A session with one response under way, and the generation that works on it."""

    def __init__(
        self,
        brain: _Brain,
        *,
        clock: Any,
        ids: Any,
        voice: Any,
        response: dict[str, Any] | None = None,
        audio: dict[str, Any] | None = None,
        first: list[dict[str, Any]] | None = None,
        pace: Pace = Pace(5, 1),  # noqa: B008 - frozen
    ) -> None:
        self.session = RealtimeSession(
            config=default_config(model="gpt-realtime"),
            new_id=ids_from_hex(ids.hex),
            now=clock.monotonic(),
            unix_time=clock.now(),
        )
        self.events: list[dict[str, Any]] = []
        settings: dict[str, Any] = {
            "type": "realtime",
            "audio": {"input": {"turn_detection": None}, **(audio or {})},
        }
        for event in (
            {"type": "session.update", "session": settings},
            *(first or []),
            {"type": "response.create", "response": response or {}},
        ):
            self.session.receive_text(json.dumps(event), clock.monotonic())
        (generate,) = (effect for effect in self.session.effects() if isinstance(effect, Generate))
        self.settle_now()
        self.generation = Generation(
            response_id=generate.response_id,
            request=generate.request,
            session=self.session,
            settle=self.settle,
            brain=brain,
            voice=voice,
            hearing=Hearing(recogniser=DeafRecogniser(), tasks=OwnedTasks()),
            clock=clock,
            sleep=clock.sleep,
            pace=pace,
        )

    def settle_now(self) -> None:
        self.session.effects()
        self.events += [json.loads(event) for event in self.session.events_to_send()]

    async def settle(self) -> None:
        self.settle_now()

    async def run(self) -> dict[str, Any]:
        await self.generation.run()
        (done,) = (event["response"] for event in self.events if event["type"] == "response.done")
        return dict(done)

    def deltas(self, kind: str) -> list[str]:
        return [event["delta"] for event in self.events if event["type"] == f"response.{kind}.delta"]


_TEXT = {"output_modalities": ["text"]}


async def test_sentences_become_one_text_word_by_word(clock: Any, ids: Any, voice: Any) -> None:
    stage = _Stage(_Brain(Say("Hello there."), Say("Bye.")), clock=clock, ids=ids, voice=voice, response=_TEXT)
    done = await stage.run()
    assert done["status"] == "completed"
    assert stage.deltas("output_text") == ["Hello", " there.", " Bye."]
    assert voice.spoken == []


async def test_speech_comes_with_its_transcript_in_the_voice_of_the_session(
    clock: Any, ids: Any, voice: Any
) -> None:
    audio = {"output": {"voice": "coral", "speed": 1.25}}
    stage = _Stage(_Brain(Say("Hello."), Say("Bye.")), clock=clock, ids=ids, voice=voice, audio=audio)
    done = await stage.run()
    assert done["output"][0]["content"][0]["transcript"] == "Hello. Bye."
    assert [(style.name, style.speed) for _, style in voice.spoken] == [("coral", 1.25)] * 2
    assert sum(len(base64.b64decode(delta)) for delta in stage.deltas("output_audio")) == 4_800 * len(
        "Hello. Bye."
    )


async def test_speech_is_paced_and_its_first_second_is_not(clock: Any, ids: Any, voice: Any) -> None:
    stage = _Stage(_Brain(Say("x" * 60)), clock=clock, ids=ids, voice=voice, pace=Pace(5, 1))
    begun = clock.monotonic()
    await stage.run()
    assert clock.monotonic() - begun == pytest.approx((6 - 0.1 - 1) / 5)
    assert all(seconds <= 0.021 for seconds in clock.slept)


async def test_without_pace_nobody_sleeps(clock: Any, ids: Any, voice: Any) -> None:
    await _Stage(_Brain(Say("x" * 60)), clock=clock, ids=ids, voice=voice, pace=Pace(float("inf"), 0)).run()
    assert clock.slept == []


async def test_telephone_speech_is_encoded(clock: Any, ids: Any, voice: Any) -> None:
    audio = {"output": {"format": {"type": "audio/pcmu"}}}
    stage = _Stage(_Brain(Say("x" * 20)), clock=clock, ids=ids, voice=voice, audio=audio)
    await stage.run()
    codes = b"".join(base64.b64decode(delta) for delta in stage.deltas("output_audio"))
    assert len(codes) == pytest.approx(2 * 8_000, abs=16)
    assert set(codes) == {0xFF}


async def test_functions_are_called(clock: Any, ids: Any, voice: Any) -> None:
    stage = _Stage(_Brain(CallFunction("act", '{"a":1}')), clock=clock, ids=ids, voice=voice)
    (call,) = (await stage.run())["output"]
    assert (call["type"], call["name"], call["arguments"]) == ("function_call", "act", '{"a":1}')


async def test_several_functions_are_called_unless_the_client_wants_one_at_a_time(
    clock: Any, ids: Any, voice: Any
) -> None:
    brain = _Brain(CallFunction("look", "{}"), CallFunction("act", "{}"), Say("Done."))
    several = await _Stage(brain, clock=clock, ids=ids, voice=voice, response=_TEXT).run()
    assert [item.get("name") for item in several["output"]] == ["look", "act", None]
    wanted = {**_TEXT, "parallel_tool_calls": False}
    one = await _Stage(brain, clock=clock, ids=ids, voice=voice, response=wanted).run()
    assert [item.get("name") for item in one["output"]] == ["look"]
    assert one["status"] == "completed"


async def test_speech_nobody_wrote_down_is_recognised_for_the_brain(clock: Any, ids: Any, voice: Any) -> None:
    second = base64.b64encode(bytes(48_000)).decode()
    first = [{"type": "input_audio_buffer.append", "audio": second}, {"type": "input_audio_buffer.commit"}]
    brain = _Brain(Say("Fine."))
    await _Stage(brain, clock=clock, ids=ids, voice=voice, response=_TEXT, first=first).run()
    heard = brain.requests[0].last_user_item
    assert heard is not None
    assert heard.text == "(1.0 seconds of speech)"


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (SpeechUnavailableError("py_nanotts"), "speech_unavailable", "limi[sandbox]"),
        (SpeechError("the speech worker did not answer"), "speech_failed", "did not answer"),
    ],
)
async def test_a_voice_that_fails_fails_the_response_and_leaves_no_transcript(
    clock: Any, ids: Any, voice: Any, error: SpeechError, code: str, said: str
) -> None:
    voice.error = error
    stage = _Stage(_Brain(Say("Hello.")), clock=clock, ids=ids, voice=voice)
    done = await stage.run()
    assert done["status"] == "failed"
    assert done["status_details"]["error"]["code"] == code
    assert said in done["status_details"]["error"]["message"]
    assert stage.deltas("output_audio_transcript") == []


async def test_text_needs_no_voice(clock: Any, ids: Any, voice: Any) -> None:
    voice.error = SpeechUnavailableError("py_nanotts")
    done = await _Stage(_Brain(Say("Hello.")), clock=clock, ids=ids, voice=voice, response=_TEXT).run()
    assert done["status"] == "completed"


async def test_a_brain_that_breaks_fails_its_response_and_shows_nothing_of_it(
    clock: Any, ids: Any, voice: Any
) -> None:
    stage = _Stage(_Brain(ValueError("an inner detail")), clock=clock, ids=ids, voice=voice)
    with capture_logs() as logs:
        done = await stage.run()
    assert done["status_details"]["error"]["code"] == "server_error"
    assert "inner detail" not in json.dumps(stage.events)
    assert [entry["event"] for entry in logs] == ["sandbox.generation.failed"]


async def test_a_brain_that_cannot_answer_fails_its_response_with_its_own_words(
    clock: Any, ids: Any, voice: Any
) -> None:
    stage = _Stage(
        _Brain(Say("Well."), BrainError("no_idea", "I do not know.")),
        clock=clock,
        ids=ids,
        voice=voice,
        response=_TEXT,
    )
    with capture_logs() as logs:
        done = await stage.run()
    assert done["status"] == "failed"
    error = done["status_details"]["error"]
    assert (error["code"], error["message"]) == ("no_idea", "I do not know.")
    assert done["output"][0]["content"][0]["text"] == "Well."
    # What a brain says may quote the user, so only its code is for the log.
    assert [(entry["event"], entry["code"]) for entry in logs] == [("sandbox.brain.failed", "no_idea")]
    assert "I do not know" not in str(logs)


async def test_a_brain_decides_what_stands_between_its_words(clock: Any, ids: Any, voice: Any) -> None:
    brain = _Brain(Say("un", before="  "), Say("likely", before=""), Say("Next.", before="\n\n"))
    stage = _Stage(brain, clock=clock, ids=ids, voice=voice, response=_TEXT)
    done = await stage.run()
    assert done["output"][0]["content"][0]["text"] == "unlikely\n\nNext."


async def test_a_cancelled_generation_stops_the_voice_at_once(clock: Any, ids: Any, voice: Any) -> None:
    stage = _Stage(_Brain(Say("x" * 60)), clock=clock, ids=ids, voice=voice)
    sleeping = asyncio.Event()

    async def sleep_for_ever(_: float) -> None:
        sleeping.set()
        await asyncio.Event().wait()

    stage.generation._sleep = sleep_for_ever
    running = asyncio.create_task(stage.generation.run())
    await sleeping.wait()
    sent = len(stage.events)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
    assert len(stage.events) == sent
