"""What a conversation does for whoever holds it: sound, reports, and an end that leaves nothing."""

import asyncio
import base64
import contextlib

import pytest
from voice.scripted import Talk, audio

from limi_client import LimiError, VoiceConnectionError


async def test_a_session_of_a_name_keeps_it() -> None:
    async with Talk(session_id="mine") as talk:
        await talk.voice.connect()
        talk.session.drop()
        await talk.clock.advance(1.0)
        assert [members["session_id"] for members in talk.backend.minted] == ["mine", "mine"]


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
        talk.session.say(audio("a"))
        await talk.settle()
        assert talk.voice.state.status == "failed"
    assert "no such device" in str(talk.error)
