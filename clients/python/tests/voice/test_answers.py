"""Who speaks, who is interrupted, and what an answer is."""

from typing import Any

import pytest
from voice.scripted import Talk, audio, call, done, refused, said

from limi_client import VoiceConnectionError, VoiceError
from limi_client.voice import AudioReceived, Interrupted, Notice, SpeechStarted, SpeechStopped, TranscriptChanged


async def test_speech_into_an_answer_stops_it_and_tells_the_server_what_was_heard() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        talk.session.say({"type": "response.created"}, audio("a", 1.0), audio("a", 1.0))
        await talk.settle()
        await talk.clock.advance(0.75)
        talk.session.say({"type": "input_audio_buffer.speech_started"}, audio("a", 1.0))
        await talk.settle()
        (cut,) = talk.session.heard_of("conversation.item.truncate")
    assert (cut["item_id"], cut["audio_end_ms"]) == ("a", 750)
    assert [event.item_id for event in talk.of(Interrupted)] == ["a"]
    assert len(talk.of(AudioReceived)) == 2, "what is on its way when the user speaks is not heard any more"


async def test_speech_after_an_answer_interrupts_nothing() -> None:
    async with Talk() as talk:
        await talk.voice.connect()
        talk.session.say({"type": "response.created"}, audio("a", 1.0), done())
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
        talk.session.say({"type": "response.created"}, audio("a", 2.0))
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
        talk.session.say(done("cancelled"))
        await talk.settle()
        assert len(talk.session.heard_of("response.create")) == 2


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
        talk.session.say(refused("invalid_value"), refused("response_cancel_not_active"))
        await talk.settle()
    assert [notice.error.code for notice in talk.of(Notice)] == ["invalid_value"]


async def test_an_answer_that_fails_is_raised_to_whoever_waits_for_it() -> None:
    talk = Talk()
    await talk.voice.connect()
    error = {"code": "server_error", "message": "It broke"}
    talk.session.say(done("failed", status_details={"error": error}))
    with pytest.raises(VoiceError, match="It broke"):
        await talk.voice.next_answer(timeout=5)
    await talk.voice.close()


async def test_an_answer_is_what_followed_the_last_interruption() -> None:
    talk = Talk()
    await talk.voice.connect()
    talk.session.say(
        audio("a"),
        done("cancelled", said("First")),
        audio("b"),
        audio("b"),
        done("completed", said("Let me look."), call("unknown")),
        audio("c"),
        done("completed", said("It is blue.")),
    )
    answer = await talk.voice.next_answer(timeout=5)
    assert (answer.text, answer.seconds) == ("Let me look. It is blue.", 3.0)
    await talk.voice.close()


async def test_an_answer_that_was_taken_as_a_whole_is_not_cut_off_by_the_next_question() -> None:
    talk = Talk()
    await talk.voice.connect()
    talk.session.say({"type": "response.created"}, audio("a", 1.0), done("completed", said("Hi")))
    await talk.voice.next_answer(timeout=5)
    await talk.voice.send_text("And now?")
    await talk.voice.close()
    assert not talk.session.heard_of("conversation.item.truncate")


async def test_an_answer_that_never_comes_is_not_waited_for_for_ever() -> None:
    talk = Talk()
    await talk.voice.connect()
    with pytest.raises(TimeoutError, match=r"within 0\.01 seconds"):
        await talk.voice.next_answer(timeout=0.01)
    await talk.voice.close()
    with pytest.raises(VoiceConnectionError, match="ended before"):
        await talk.voice.next_answer(timeout=5)


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
