"""What a conversation does when things happen to it, moment by moment."""

import asyncio
import base64
import contextlib
import json
from typing import Any

import pytest
from voice.scripted import ORIGIN, Session, Talk

from limi_client import (
    APIConnectionError,
    EphemeralKeyError,
    LimiError,
    RateLimitError,
    SessionEndedError,
    VoiceConnectionError,
    VoiceError,
    tool,
)
from limi_client.voice import (
    AnswerFinished,
    AudioReceived,
    Interrupted,
    Notice,
    SpeechStarted,
    SpeechStopped,
    ToolCalled,
    ToolFinished,
    TranscriptChanged,
)

SECOND = bytes(48_000)


def _audio(item: str, seconds: float = 1.0) -> dict[str, Any]:
    delta = base64.b64encode(SECOND[: int(48_000 * seconds)]).decode()
    return {"type": "response.output_audio.delta", "item_id": item, "content_index": 0, "delta": delta}


def _done(status: str = "completed", *output: Any, **details: Any) -> dict[str, Any]:
    return {"type": "response.done", "response": {"id": "r1", "status": status, "output": [*output], **details}}


def _call(name: str, arguments: str = "{}", call_id: str = "c1") -> dict[str, Any]:
    return {"type": "function_call", "name": name, "arguments": arguments, "call_id": call_id}


def _said(text: str) -> dict[str, Any]:
    return {"type": "message", "content": [{"type": "output_audio", "transcript": text}]}


def _refused(code: str) -> dict[str, Any]:
    return {"type": "error", "error": {"code": code, "message": f"Because of {code}"}}


def _words(session: Session) -> list[tuple[str, str]]:
    items = [event["item"] for event in session.heard_of("conversation.item.create")]
    return [(item["role"], item["content"][0]["text"]) for item in items if item["type"] == "message"]


async def test_it_connects_and_says_how_it_stands() -> None:
    async with Talk() as talk:
        assert talk.status == "disconnected"
        await talk.voice.connect()
        assert talk.status == "connected"
        assert talk.session.key == "ek_1"
        await talk.settle()
        assert [state.status for state in talk.states] == ["connecting", "connecting", "connected"]
        assert talk.voice.state.session_id == "sess_1"
    assert talk.status == "disconnected"
    assert talk.session.closed


async def test_instructions_and_tools_are_told_to_each_session() -> None:
    @tool(parameters={"type": "object", "properties": {}})
    def now() -> str:
        """Tells the time."""
        return "noon"

    async with Talk(instructions="Whisper.", tools=[now]) as talk:
        await talk.voice.connect()
        await talk.settle()
        (update,) = talk.session.heard_of("session.update")
    assert update["session"]["instructions"] == "Whisper."
    assert update["session"]["tools"][0]["description"] == "Tells the time."


async def test_without_either_the_profile_is_left_alone() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        await talk.settle()
        assert talk.session.heard == []


async def test_a_lost_connection_comes_back_with_a_fresh_key_and_the_old_words() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        await talk.voice.send_text("Hello")
        talk.session.say(
            {"type": "response.created", "response": {}},
            {"type": "response.output_audio_transcript.delta", "item_id": "a", "delta": "Hi, how"},
        )
        await talk.settle()
        talk.session.drop()
        await talk.settle()
        assert (talk.voice.state.status, talk.voice.state.attempt) == ("connecting", 1)
        await talk.clock.advance(1.0)
        assert talk.voice.state.status == "connected"
        assert [session.key for session in talk.server.sessions] == ["ek_1", "ek_2"]
        assert _words(talk.session) == [("user", "Hello"), ("assistant", "Hi, how")]
        first, second = talk.backend.minted
        assert (first["session_id"], second["session_id"]) == (None, "sess_1")


async def test_history_may_be_left_behind() -> None:
    async with Talk(carry_history=False) as talk:
        await talk.voice.connect()
        await talk.voice.send_text("Hello")
        talk.session.drop()
        await talk.clock.advance(1.0)
        assert len(talk.server.sessions) == 2
        assert talk.session.heard == []


async def test_after_three_attempts_it_gives_up_and_says_why() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        talk.server.failures = [VoiceConnectionError("network_error", message="No route") for _ in range(9)]
        talk.session.drop()
        await talk.settle()
        attempts = []
        for seconds in (1.0, 2.0, 3.0):
            attempts.append(talk.voice.state.attempt)
            await talk.clock.advance(seconds)
        assert attempts == [1, 2, 3]
        assert talk.voice.state.status == "failed"
    assert isinstance(talk.error, VoiceConnectionError)
    assert talk.error.message == "No route"


async def test_a_session_that_was_given_up_may_be_connected_again() -> None:
    async with Talk() as talk:
        talk.server.failures = [VoiceConnectionError("network_error")]
        with pytest.raises(VoiceConnectionError):
            await talk.voice.connect()
        await talk.voice.connect()
        assert talk.voice.state.status == "connected"
        assert talk.voice.state.error is None


async def test_a_first_connection_that_fails_is_told_at_once() -> None:
    async with Talk() as talk:
        talk.backend.failures = [APIConnectionError("network_error", message="Nobody there")]
        with pytest.raises(APIConnectionError, match="Nobody there"):
            await talk.voice.connect()
        assert talk.voice.state.status == "failed"


async def test_a_mint_that_is_refused_while_reconnecting_waits_as_long_as_it_is_told_to() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        talk.backend.failures = [RateLimitError("rate_limit_exceeded", status_code=429, retry_after_seconds=30)]
        talk.session.drop()
        await talk.clock.advance(1.0)
        assert talk.voice.state.attempt == 2
        await talk.clock.advance(29.0)
        assert len(talk.server.sessions) == 1
        await talk.clock.advance(1.0)
        assert talk.voice.state.status == "connected"


async def test_what_nobody_foresaw_is_an_error_and_no_silence() -> None:
    async with Talk() as talk:
        talk.backend.failures = [RuntimeError("boom")]
        with pytest.raises(VoiceError, match="boom"):
            await talk.voice.connect()


async def test_an_expired_key_is_replaced() -> None:
    async with Talk() as talk:
        talk.server.failures = [EphemeralKeyError("token_expired", origin=ORIGIN)]
        connecting = asyncio.create_task(talk.voice.connect())
        await talk.settle()
        await talk.clock.advance(1.0)
        await connecting
        assert talk.session.key == "ek_2"


async def test_a_key_that_is_refused_by_an_event_is_replaced_too() -> None:
    async with Talk() as talk:
        talk.server.greeting = _refused("invalid_api_key")
        connecting = asyncio.create_task(talk.voice.connect())
        await talk.settle()
        talk.server.greeting = {"type": "session.created", "session": {}}
        await talk.clock.advance(1.0)
        await connecting
        assert [session.closed for session in talk.server.sessions] == [True, False]


async def test_a_server_that_says_nothing_is_given_up() -> None:
    async with Talk(connect_timeout_seconds=7) as talk:
        talk.server.greeting = None
        connecting = asyncio.create_task(talk.voice.connect())
        await talk.settle()
        await talk.clock.advance(7.0)
        with pytest.raises(VoiceConnectionError):
            await connecting
        await talk.settle()
        assert talk.session.closed


@pytest.mark.parametrize("code", ["call_ended", "session_ended", "budget_exceeded", "insufficient_quota"])
async def test_a_call_that_the_server_ends_is_over_and_says_why(code: str) -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        talk.session.say(_refused(code))
        await talk.clock.advance(60.0)
        assert talk.voice.state.status == "failed"
        assert len(talk.server.sessions) == 1
        with pytest.raises(SessionEndedError):
            await talk.voice.send_text("Are you there?")
    assert isinstance(talk.error, SessionEndedError)
    assert talk.error.reason == f"Because of {code}"
    assert talk.error.final
    assert talk.error.reference == f"{ORIGIN}/errors/session_ended"


@pytest.mark.behaviour("server-ended")
async def test_a_call_that_the_server_ends_at_once_is_over_too() -> None:
    async with Talk() as talk:
        talk.server.greeting = _refused("model_not_found")
        with pytest.raises(SessionEndedError, match="Because of model_not_found"):
            await talk.voice.connect()


async def test_a_session_whose_hour_is_over_is_followed_by_another() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        talk.session.say(_refused("session_expired"))
        await talk.clock.advance(1.0)
        assert [session.closed for session in talk.server.sessions] == [True, False]


async def test_a_session_is_renewed_before_its_hour_is_over() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        await talk.voice.send_text("Hello")
        talk.session.say(_done())
        await talk.clock.advance(55 * 60.0)
        assert [session.closed for session in talk.server.sessions] == [True, False]
        assert _words(talk.session) == [("user", "Hello")]
        assert talk.voice.state.status == "connected"


async def test_a_renewal_waits_until_the_answer_has_been_heard() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        await talk.clock.advance(55 * 60.0 - 1)
        talk.session.say(
            {"type": "response.created"}, _audio("a", 1.0), _audio("a", 1.0), _audio("a", 1.0), _done()
        )
        await talk.settle()
        await talk.clock.advance(2.0)
        assert len(talk.server.sessions) == 1
        await talk.clock.advance(2.0)
        assert len(talk.server.sessions) == 2


async def test_speech_into_an_answer_stops_it_and_tells_the_server_what_was_heard() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        talk.session.say({"type": "response.created"}, _audio("a", 1.0), _audio("a", 1.0))
        await talk.settle()
        await talk.clock.advance(0.75)
        talk.session.say({"type": "input_audio_buffer.speech_started"}, _audio("a", 1.0))
        await talk.settle()
        (cut,) = talk.session.heard_of("conversation.item.truncate")
    assert (cut["item_id"], cut["audio_end_ms"]) == ("a", 750)
    assert [event.item_id for event in talk.of(Interrupted)] == ["a"]
    assert len(talk.of(AudioReceived)) == 2, "what is on its way when the user speaks is not heard any more"


async def test_speech_after_an_answer_interrupts_nothing() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        talk.session.say({"type": "response.created"}, _audio("a", 1.0), _done())
        await talk.settle()
        await talk.clock.advance(1.5)
        talk.session.say(
            {"type": "input_audio_buffer.speech_started"},
            {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": 100},
        )
        await talk.settle()
        assert talk.session.heard == []
    assert [type(event) for event in talk.events if not hasattr(event, "state")][-2:] == [
        SpeechStarted,
        SpeechStopped,
    ]


async def test_an_answer_may_be_interrupted_by_hand() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        talk.session.say({"type": "response.created"}, _audio("a", 2.0))
        await talk.settle()
        await talk.clock.advance(0.5)
        await talk.voice.interrupt()
        kinds = [event["type"] for event in talk.session.heard]
    assert kinds == ["response.cancel", "conversation.item.truncate"]


async def test_typing_stops_the_answer_and_the_next_is_asked_for_when_it_has_ended() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        await talk.voice.send_text("Count to ten")
        talk.session.say({"type": "response.created"})
        await talk.settle()
        await talk.voice.send_text("Stop, count to two")
        assert len(talk.session.heard_of("response.create")) == 1
        assert len(talk.session.heard_of("response.cancel")) == 1
        talk.session.say(_done("cancelled"))
        await talk.settle()
        assert len(talk.session.heard_of("response.create")) == 2


async def test_a_tool_is_called_and_its_result_is_answered() -> None:
    @tool(parameters={"type": "object", "properties": {"city": {"type": "string"}}})
    def get_weather(city: str) -> dict[str, object]:
        """Tells the weather."""
        return {"sky": "blue", "city": city}

    async with Talk(tools=[get_weather]) as talk:
        await talk.voice.connect()
        talk.session.say(_done("completed", _call("get_weather", '{"city": "Žilina"}')))
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
        talk.session.say(_done("completed", _call("slow", call_id="1"), _call("quick", call_id="2")))
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
        talk.session.say(_done("completed", _call(name, arguments)))
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
        talk.session.say(_done("completed", _call("slow")))
        await talk.settle()
        talk.session.drop()
        await talk.clock.advance(1.0)
        gate.set()
        await talk.settle()
        assert talk.session.heard_of("conversation.item.create") == []


@pytest.mark.parametrize(
    "nonsense",
    [
        {},
        {"type": 5},
        {"type": "something.new"},
        {"type": "error"},
        {"type": "error", "error": "no"},
        {"type": "error", "error": {"code": None, "message": None}},
        {"type": "response.done"},
        {"type": "response.done", "response": {"output": 5}},
        {"type": "response.done", "response": {"status": "completed", "output": [5]}},
        {"type": "response.output_audio.delta", "item_id": "a", "delta": "§"},
        {"type": "response.output_audio.delta"},
        {"type": "conversation.item.added", "item": None},
        {"type": "input_audio_buffer.speech_stopped", "audio_end_ms": "soon"},
        {"type": "session.updated", "session": 3},
    ],
)
async def test_an_event_that_makes_no_sense_ends_nothing(nonsense: dict[str, Any]) -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        talk.session.say(nonsense, {"type": "input_audio_buffer.speech_started"})
        await talk.settle()
        assert talk.voice.state.status == "connected"
        assert talk.of(SpeechStarted)


async def test_an_error_that_ends_nothing_is_a_notice() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        talk.session.say(_refused("invalid_value"), _refused("response_cancel_not_active"))
        await talk.settle()
    assert [notice.error.code for notice in talk.of(Notice)] == ["invalid_value"]


async def test_an_answer_that_fails_is_raised_to_whoever_waits_for_it() -> None:
    talk = Talk()
    await talk.voice.connect()
    error = {"code": "server_error", "message": "It broke"}
    talk.session.say(_done("failed", status_details={"error": error}))
    with pytest.raises(VoiceError, match="It broke"):
        await talk.voice.next_answer(timeout=5)
    await talk.voice.close()


async def test_an_answer_is_what_followed_the_last_interruption() -> None:
    talk = Talk()
    await talk.voice.connect()
    talk.session.say(
        _audio("a"),
        _done("cancelled", _said("First")),
        _audio("b"),
        _audio("b"),
        _done("completed", _said("Let me look."), _call("unknown")),
        _audio("c"),
        _done("completed", _said("It is blue.")),
    )
    answer = await talk.voice.next_answer(timeout=5)
    assert (answer.text, answer.seconds) == ("Let me look. It is blue.", 3.0)
    await talk.voice.close()


async def test_an_answer_that_was_taken_as_a_whole_is_not_cut_off_by_the_next_question() -> None:
    talk = Talk()
    await talk.voice.connect()
    talk.session.say({"type": "response.created"}, _audio("a", 1.0), _done("completed", _said("Hi")))
    await talk.voice.next_answer(timeout=5)
    await talk.voice.send_text("And now?")
    await talk.voice.close()
    assert not talk.session.heard_of("conversation.item.truncate")


async def test_a_session_of_a_name_keeps_it() -> None:
    async with Talk(session_id="mine") as talk:
        await talk.voice.connect()
        talk.session.drop()
        await talk.clock.advance(1.0)
        assert [members["session_id"] for members in talk.backend.minted] == ["mine", "mine"]


async def test_an_answer_that_never_comes_is_not_waited_for_for_ever() -> None:
    talk = Talk()
    await talk.voice.connect()
    with pytest.raises(TimeoutError, match=r"within 0\.01 seconds"):
        await talk.voice.next_answer(timeout=0.01)
    await talk.voice.close()
    with pytest.raises(VoiceConnectionError, match="ended before"):
        await talk.voice.next_answer(timeout=5)


async def test_muted_it_sends_silence_of_the_same_length() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        talk.voice.mute()
        await talk.voice.send_audio(b"\x01\x02" * 240)
        talk.voice.mute(on=False)
        await talk.voice.send_audio(b"\x01\x02" * 240)
        sent = [base64.b64decode(event["audio"]) for event in talk.session.heard]
    assert sent == [bytes(480), b"\x01\x02" * 240]


async def test_half_a_sample_is_refused() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        with pytest.raises(ValueError, match="whole samples"):
            await talk.voice.send_audio(b"\x01")


async def test_reports_go_to_the_backend_together_and_hold_no_words() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        await talk.voice.send_text("my secret")
        talk.session.drop()
        await talk.clock.advance(1.0)
        assert talk.backend.reports == []
        await talk.clock.advance(1.0)
        connected, lost, again = talk.backend.reports
    assert (connected["type"], connected["transport"]) == ("connection_successful", "websocket")
    assert isinstance(connected["durationMs"], int)
    assert (lost["type"], lost["errorCode"]) == ("error_occurred", "network_error")
    assert again["type"] == "connection_successful"
    assert len({report["id"] for report in talk.backend.reports}) == 3
    assert "secret" not in str(talk.backend.reports)


async def test_reports_that_wait_are_sent_at_the_end() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
    assert [report["type"] for report in talk.backend.reports] == ["connection_successful"]


async def test_reports_may_be_switched_off() -> None:
    async with Talk(analytics=False) as talk:
        await talk.voice.connect()
    assert talk.backend.reports == []


@pytest.mark.behaviour("leak-free")
async def test_closing_leaves_no_task_and_no_connection_in_any_state() -> None:
    before = asyncio.all_tasks()
    for stop_after in range(12):
        talk = Talk()
        connecting = asyncio.create_task(talk.voice.connect())
        for _ in range(stop_after):
            await asyncio.sleep(0)
        connecting.cancel()
        await talk.voice.close()
        await talk.voice.close()
        with contextlib.suppress(asyncio.CancelledError, LimiError):
            await connecting
        assert asyncio.all_tasks() == before, f"after {stop_after} turns"
        assert all(session.closed for session in talk.server.sessions)
        assert talk.clock.sleepers == 0


async def test_closing_while_it_is_cancelled_still_closes() -> None:
    before = asyncio.all_tasks()
    talk = Talk()
    await talk.voice.connect()
    closing = asyncio.create_task(talk.voice.close())
    await asyncio.sleep(0)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    assert talk.session.closed
    assert asyncio.all_tasks() == before


async def test_cancelling_a_block_closes_the_conversation() -> None:
    before, talk = asyncio.all_tasks(), Talk()

    async def hold() -> None:
        async with talk.voice as voice:
            await voice.next_answer()

    holding = asyncio.create_task(hold())
    await talk.until(lambda: talk.voice.state.status == "connected")
    holding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await holding
    assert talk.session.closed
    assert asyncio.all_tasks() == before


async def test_a_block_that_cannot_begin_leaves_nothing() -> None:
    before, talk = asyncio.all_tasks(), Talk()
    talk.server.failures = [VoiceConnectionError("network_error")]
    with pytest.raises(VoiceConnectionError):
        async with talk.voice:
            pass
    assert asyncio.all_tasks() == before
    assert [report["type"] for report in talk.backend.reports] == ["error_occurred"]


async def test_a_closed_conversation_is_not_connected_again() -> None:
    talk = Talk()
    await talk.voice.close()
    with pytest.raises(RuntimeError, match="closed"):
        await talk.voice.connect()


class _Broken:
    """A loudspeaker that fails."""

    def open(self) -> None: ...

    def play(self, item_id: str, pcm: bytes) -> None:  # noqa: ARG002 - it fails for any
        raise OSError("no such device")

    def clear(self) -> None: ...

    def played_seconds(self, item_id: str) -> float:  # noqa: ARG002 - it has played none
        return 0.0

    def close(self) -> None: ...


async def test_a_loudspeaker_that_fails_does_not_leave_a_silent_conversation() -> None:
    async with Talk(speaker=_Broken(), reconnect_attempts=0) as talk:
        await talk.voice.connect()
        talk.session.say(_audio("a"))
        await talk.settle()
        assert talk.voice.state.status == "failed"
    assert "no such device" in str(talk.error)


async def test_both_sides_words_are_told_as_they_come() -> None:
    item = {"type": "message", "id": "u", "role": "user", "content": []}
    async with Talk() as talk:
        await talk.voice.connect()
        talk.session.say(
            {"type": "conversation.item.added", "item": item},
            {"type": "response.output_audio_transcript.delta", "item_id": "a", "delta": "Dobrý "},
            {"type": "response.output_audio_transcript.delta", "item_id": "a", "delta": "den"},
            {
                "type": "conversation.item.input_audio_transcription.completed",
                "item_id": "u",
                "transcript": " Ahoj 🎙 ",
            },
        )
        await talk.settle()
        assert [(entry.role, entry.text, entry.final) for entry in talk.voice.transcript] == [
            ("user", "Ahoj 🎙", True),
            ("assistant", "Dobrý den", False),
        ]
    assert [event.entry.text for event in talk.of(TranscriptChanged)] == ["Dobrý ", "Dobrý den", "Ahoj 🎙"]
