"""A turn is timed from the end of its sound to the first sound of the answer."""

import asyncio
from typing import Any

import msgspec
import pytest

from benchmarks.harness.voice_sound import Microphone
from benchmarks.harness.voice_turns import CallError, Conversation

_PIECE_MS = 20


class _Call:
    """A call whose clock the test sets; a piece of sound leaves every 20 ms of it."""

    def __init__(self, *, has_track: bool = False) -> None:
        self.now = 0.0
        self.microphone = Microphone(speech=["a"] * 50, silence="-", piece_ms=_PIECE_MS)
        self.conversation = Conversation(self.microphone, clock=lambda: self.now, has_track=has_track)

    def pass_ms(self, milliseconds: int) -> None:
        for _ in range(milliseconds // _PIECE_MS):
            self.now += _PIECE_MS / 1000
            self.microphone.next_piece(self.now)

    def hear(self, kind: str, **members: Any) -> None:
        self.conversation.receive(msgspec.json.encode({"type": kind, **members}))


async def _begun(call: _Call) -> "asyncio.Task[float]":
    turn = asyncio.create_task(call.conversation.turn())
    await asyncio.sleep(0)
    return turn


async def test_a_turn_is_timed_from_where_the_session_says_it_ended() -> None:
    call = _Call()
    turn = await _begun(call)
    call.pass_ms(1_600)
    call.hear("input_audio_buffer.speech_started", audio_start_ms=0)
    call.hear("input_audio_buffer.speech_stopped", audio_end_ms=1_500)
    call.hear("response.output_audio.delta", delta="AAAA")
    # The sound of the first 1,500 ms had been sent after 1,500; the rest is the sandbox's time.
    assert await turn == pytest.approx(0.1)


async def test_sound_before_the_turns_end_is_not_its_answer() -> None:
    call = _Call(has_track=True)
    turn = await _begun(call)
    call.pass_ms(400)
    call.hear("output_audio_buffer.started")
    call.hear("input_audio_buffer.speech_stopped", audio_end_ms=400)
    call.pass_ms(200)
    call.hear("output_audio_buffer.started")
    assert await turn == pytest.approx(0.2)


async def test_a_session_whose_clock_has_moved_is_followed() -> None:
    call = _Call()
    for shift_ms in (0, 500):
        turn = await _begun(call)
        from_ms = call.microphone.speaking_from_ms + shift_ms
        call.pass_ms(1_200)
        call.hear("input_audio_buffer.speech_started", audio_start_ms=from_ms + 40)
        call.hear("input_audio_buffer.speech_stopped", audio_end_ms=from_ms + 1_000)
        call.hear("response.output_audio.delta", delta="AAAA")
        assert await turn == pytest.approx(0.2)


async def test_an_answer_is_heard_out_at_the_speed_of_speech() -> None:
    call = _Call()
    turn = await _begun(call)
    call.pass_ms(200)
    call.hear("input_audio_buffer.speech_stopped", audio_end_ms=200)
    # A hundredth of a second of sound: 480 bytes, which base64 makes 640 of.
    call.hear("response.output_audio.delta", delta="A" * 638)
    await turn
    listening = asyncio.create_task(call.conversation.listen())
    await asyncio.sleep(0)
    assert not listening.done()
    call.hear("response.done", response={"status": "completed"})
    await asyncio.wait_for(listening, 5)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        ({"type": "error", "error": {"code": "busy"}}, "busy"),
        ({"type": "response.done", "response": {"status": "failed", "status_details": "no voice"}}, "no voice"),
    ],
)
async def test_a_call_that_goes_wrong_ends_its_turn(event: dict[str, Any], reason: str) -> None:
    call = _Call()
    turn = await _begun(call)
    call.hear(**{"kind": event.pop("type"), **event})
    with pytest.raises(CallError, match=reason):
        await turn
