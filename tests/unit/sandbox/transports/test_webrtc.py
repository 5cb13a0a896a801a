"""The server's end of a call, against a client's end in the same process; sound and packets are real."""

import asyncio
import json
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from structlog.testing import capture_logs

from limi.kernel.clock import SystemClock
from limi.kernel.ids import RandomIds
from limi.protocol import Limits, RealtimeSession, Transport, default_config, ids_from_hex
from limi.sandbox.answering.brain import BuiltInBrain
from limi.sandbox.config import SandboxConfig
from limi.sandbox.sessions.live_session import Faculties, LiveSession
from limi.sandbox.sessions.send_queue import Farewell
from limi.sandbox.sleep import Sleep
from limi.sandbox.speech.deaf import DeafRecogniser
from limi.sandbox.transports.playback import Player
from limi.sandbox.transports.sdp import InvalidOfferError, read_offer
from limi.sandbox.transports.webrtc import WebRTCPeer
from tests.integration.sandbox.caller import Caller, LoudnessDetector, ToneVoice, peak, tone


class _End:
    """The server's end, running."""

    def __init__(self, config: SandboxConfig, sleep: Sleep, limits: Limits) -> None:
        clock, new_id = SystemClock(), ids_from_hex(RandomIds().hex)
        faculties = Faculties(
            brain=BuiltInBrain(clock=clock),
            voice=ToneVoice(),
            detector=LoudnessDetector(),
            recogniser=DeafRecogniser(),
            clock=clock,
            sleep=sleep,
            new_id=new_id,
        )
        session = RealtimeSession(
            config=default_config(model="gpt-realtime"),
            new_id=new_id,
            now=clock.monotonic(),
            unix_time=clock.now(),
            transport=Transport.WEBRTC,
            limits=limits,
        )
        self.player = Player(limit_bytes=config.unspoken_bytes)
        self.live = LiveSession(session=session, faculties=faculties, config=config, loudspeaker=self.player)
        self.peer = WebRTCPeer(live=self.live, player=self.player, faculties=faculties, config=config)
        self.running: asyncio.Task[None] | None = None

    async def answer(self, sdp: str) -> str:
        answer = await self.peer.answer(read_offer(sdp))
        self.live.start()
        self.running = asyncio.create_task(self.peer.run())
        return answer

    async def ended(self) -> None:
        assert self.running is not None
        await asyncio.wait_for(asyncio.shield(self.running), 10)

    async def close(self) -> None:
        if self.running is not None:
            self.running.cancel()
            await asyncio.gather(self.running, return_exceptions=True)
        await self.peer.close()


MakeEnd = Callable[..., _End]


@pytest.fixture
async def make_end() -> AsyncIterator[MakeEnd]:
    ends: list[_End] = []

    def make(
        config: SandboxConfig | None = None, *, sleep: Sleep = asyncio.sleep, limits: Limits | None = None
    ) -> _End:
        ends.append(_End(config or SandboxConfig(), sleep, limits or Limits()))
        return ends[-1]

    yield make
    for end in ends:
        await end.close()


@asynccontextmanager
async def _call(end: _End) -> AsyncIterator[Caller]:
    caller = Caller()
    try:
        await caller.accept(await end.answer(await caller.offer()))
        yield caller
    finally:
        await caller.close()


async def test_the_answer_offers_opus_and_this_machine_only(make_end: MakeEnd) -> None:
    caller = Caller()
    answer = (await make_end().answer(await caller.offer())).splitlines()
    candidates = [line.split()[4] for line in answer if line.startswith("a=candidate:")]
    assert set(candidates) == {"127.0.0.1"}
    assert [line for line in answer if line.startswith("a=rtpmap:")] == ["a=rtpmap:96 opus/48000/2"]
    assert any(line.startswith("a=msid:") for line in answer)
    await caller.close()


async def test_another_address_is_offered_when_it_is_asked_for(make_end: MakeEnd) -> None:
    caller = Caller()
    answer = await make_end(SandboxConfig(public_ip="203.0.113.7")).answer(await caller.offer())
    candidates = [line.split()[4] for line in answer.splitlines() if line.startswith("a=candidate:")]
    assert set(candidates) == {"203.0.113.7"}
    await caller.close()


async def test_video_is_declined(make_end: MakeEnd) -> None:
    caller = Caller()
    caller.connection.addTransceiver("video", direction="sendrecv")
    answer = await make_end().answer(await caller.offer())
    assert "a=inactive" in answer.partition("m=video")[2].partition("m=")[0]
    await caller.close()


@pytest.mark.parametrize("broken", ["a=setup:", "a=rtcp-mux", "a=extmap:1", "a=sctp-port:"])
async def test_an_offer_the_library_chokes_on_is_an_invalid_offer(make_end: MakeEnd, broken: str) -> None:
    caller = Caller()
    sdp = (await caller.offer()).replace(broken, broken + "x x")
    with pytest.raises(InvalidOfferError):
        await make_end().answer(sdp)
    await caller.close()


async def test_events_go_both_ways_in_order(make_end: MakeEnd) -> None:
    async with _call(make_end()) as caller:
        await caller.until("session.created")
        for number in range(20):
            caller.send("response.cancel", event_id=f"e{number}")
        await caller.until("error", count=20)
        assert [event["error"]["event_id"] for event in caller.events[1:]] == [f"e{n}" for n in range(20)]


async def test_a_spoken_turn_is_answered_at_the_level_it_was_spoken_with(make_end: MakeEnd) -> None:
    async with _call(make_end()) as caller:
        caller.say(tone(0.4))
        await caller.until("output_audio_buffer.started")
        await caller.hears_sound()
        caller.heard.clear()
        await caller.until("output_audio_buffer.stopped")
        names = caller.types()
        assert names.index("input_audio_buffer.speech_started") < names.index("response.created")
        assert names.index("response.done") < names.index("output_audio_buffer.stopped")
        assert "response.output_audio.delta" not in names
        # A mono track would lose 3 dB on the way and arrive with 8,500.
        assert peak(bytes(caller.heard)) == pytest.approx(12_000, rel=0.1)


async def test_speaking_over_a_reply_silences_it_and_truncates_what_was_not_heard(make_end: MakeEnd) -> None:
    async with _call(make_end()) as caller:
        caller.say(tone(0.4))
        await caller.until("output_audio_buffer.started")
        await caller.hears_sound()
        caller.say(tone(0.3))
        truncated = await caller.until("conversation.item.truncated")
        await caller.hears_silence()
        # The next turn's answer is not waited for.
        names = caller.types()
        begin = names.index("output_audio_buffer.started")
        order = ["output_audio_buffer.cleared", "conversation.item.truncated"]
        assert [name for name in names[begin:] if name in order] == order
        assert 0 < truncated["audio_end_ms"] < 1_500


async def test_the_client_may_silence_a_reply(make_end: MakeEnd) -> None:
    async with _call(make_end()) as caller:
        caller.send("response.create")
        await caller.until("output_audio_buffer.started")
        await caller.hears_sound()
        caller.send("output_audio_buffer.clear")
        await caller.until("output_audio_buffer.cleared")
        await caller.hears_silence()


async def test_a_microphone_that_stops_ends_the_turn_all_the_same(make_end: MakeEnd) -> None:
    async with _call(make_end()) as caller:
        caller.say(tone(5))
        await caller.until("input_audio_buffer.speech_started")
        caller.microphone.is_dead = True
        await caller.until("input_audio_buffer.speech_stopped")


async def test_sound_that_comes_late_does_not_split_a_turn(make_end: MakeEnd) -> None:
    """Its timestamps say that nobody was silent, for longer than the silence that ends a turn."""
    async with _call(make_end()) as caller:
        caller.say(tone(1.5))
        started = await caller.until("input_audio_buffer.speech_started")
        caller.microphone.is_dead = True
        await caller.hears(0.7)
        caller.microphone.revived.set()
        stopped = await caller.until("input_audio_buffer.speech_stopped")
        assert caller.types().count("input_audio_buffer.speech_started") == 1
        assert stopped["audio_end_ms"] - started["audio_start_ms"] >= 1_500


async def test_the_last_sound_that_was_sent_is_heard_at_once(make_end: MakeEnd) -> None:
    """No packet waits for the next ones, which would put 80 ms before every answer."""
    async with _call(make_end()) as caller:
        await caller.until("session.created")
        caller.say(tone(0.08))
        while caller.microphone.to_say:  # noqa: ASYNC110 - the track empties it frame by frame
            await asyncio.sleep(0.001)
        caller.microphone.is_dead = True
        await asyncio.wait_for(caller.until("input_audio_buffer.speech_started"), 5)


async def test_a_farewell_is_the_end_after_all_that_was_said(make_end: MakeEnd) -> None:
    end = make_end()
    async with _call(end) as caller:
        await caller.until("session.created")
        for _ in range(50):
            await end.live.receive_text('{"type": "input_audio_buffer.clear"}')
        end.live.leave(Farewell(1000, "bye"))
        await end.ended()
        await caller.until("input_audio_buffer.cleared", count=50)
        await asyncio.wait_for(caller.channel_closed.wait(), 5)


async def test_a_client_that_hangs_up_ends_the_call(make_end: MakeEnd) -> None:
    end = make_end()
    async with _call(end) as caller:
        await caller.until("session.created")
    await end.ended()
    assert end.live.audience.join() is not None
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("sandbox")]


async def test_a_client_that_vanishes_is_noticed(make_end: MakeEnd, monkeypatch: pytest.MonkeyPatch) -> None:
    """ICE asks every five seconds whether the client still consents, and gives up after six times."""
    end = make_end()
    monkeypatch.setattr("aioice.ice.CONSENT_INTERVAL", 0.02)
    monkeypatch.setattr("aioice.ice.CONSENT_FAILURES", 1)
    monkeypatch.setattr("aioice.stun.RETRY_RTO", 0.01)
    async with _call(end) as caller:
        await caller.until("session.created")
        caller.vanish()
        await end.ended()


async def test_a_client_that_never_comes_is_not_waited_for(make_end: MakeEnd) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if seconds != 30:
            await asyncio.Event().wait()

    end, caller = make_end(sleep=sleep), Caller()
    await end.answer(await caller.offer())
    await end.ended()
    assert 30 in slept
    await caller.close()


async def test_a_session_that_expires_ends_its_call(make_end: MakeEnd) -> None:
    end = make_end(limits=Limits(session_seconds=1.5))
    async with _call(end) as caller:
        error = await caller.until("error")
        assert error["error"]["code"] == "session_expired"
        await end.ended()


@pytest.mark.parametrize("channel", [None, "another-name"])
async def test_without_its_data_channel_a_call_is_still_a_conversation(
    make_end: MakeEnd, channel: str | None
) -> None:
    """An application may leave all events to a sideband, and one that misnames the channel still hears replies."""
    connected = asyncio.Event()

    def sleep(seconds: float) -> Awaitable[Any]:
        return connected.wait() if seconds == 30 else asyncio.sleep(seconds)

    end = make_end(sleep=sleep)
    caller = Caller(channel=channel)
    try:
        await caller.accept(await end.answer(await caller.offer()))
        observer = end.live.audience.join()
        caller.say(tone(0.4))
        await caller.hears_sound()
        connected.set()
        types = set()
        while "output_audio_buffer.started" not in types:
            event = await asyncio.wait_for(observer.take(), 5)
            assert isinstance(event, bytes)
            types.add(json.loads(event)["type"])
        assert not caller.events
        end.live.leave(Farewell(1000, "bye"))
        await end.ended()
    finally:
        await caller.close()


async def test_a_client_that_sends_without_end_is_hung_up_on(make_end: MakeEnd) -> None:
    end = make_end(SandboxConfig(inbox_bytes=1_000))
    with capture_logs() as logs:
        async with _call(end) as caller:
            await caller.until("session.created")
            caller.send("input_audio_buffer.clear", event_id="x" * 2_000)
            await end.ended()
    assert "sandbox.call.flooded" in [entry["event"] for entry in logs]


async def test_an_event_too_large_for_the_channel_is_told_and_the_call_goes_on(make_end: MakeEnd) -> None:
    end = make_end()
    async with _call(end) as caller:
        await caller.until("session.created")
        content = [{"type": "input_text", "text": "x" * 256_000}, {"type": "input_text", "text": "x" * 50_000}]
        item = {"type": "message", "role": "user", "content": content}
        await end.live.receive_text(json.dumps({"type": "conversation.item.create", "item": item}))
        error = await caller.until("error")
        assert error["error"]["code"] == "event_too_large"
        caller.send("input_audio_buffer.clear")
        await caller.until("input_audio_buffer.cleared")


async def test_a_channel_that_is_not_read_holds_the_session_back(make_end: MakeEnd) -> None:
    end = make_end(SandboxConfig(send_queue_bytes=10_000))
    async with _call(end) as caller:
        await caller.until("session.created")
        caller.vanish()
        flood = asyncio.create_task(_flood(end.live))
        done, _ = await asyncio.wait([flood], timeout=0.3)
        assert not done
        flood.cancel()
        await asyncio.gather(flood, return_exceptions=True)


async def _flood(live: LiveSession) -> None:
    for _ in range(10_000):
        await live.receive_text('{"type": "response.cancel"}')


async def test_leaving_at_any_moment_leaves_nothing_running(make_end: MakeEnd) -> None:
    for moment in ("answered", "connecting", "connected"):
        end, caller = make_end(), Caller()
        answer = await end.answer(await caller.offer())
        if moment == "connecting":
            await caller.connection.setRemoteDescription(_answer(answer))
        elif moment == "connected":
            await caller.accept(answer)
        end.live.leave(Farewell(1000, "bye"))
        await end.ended()
        await caller.close()
    names: list[Any] = [task.get_name() for task in asyncio.all_tasks()]
    assert not [name for name in names if name.startswith("sandbox")]


def _answer(sdp: str) -> Any:
    from aiortc import RTCSessionDescription  # noqa: PLC0415 - for this helper only

    return RTCSessionDescription(sdp=sdp, type="answer")


def test_a_tone_is_as_loud_as_it_says() -> None:
    """The tests above lean on it."""
    assert peak(tone(0.1)) == pytest.approx(12_000, rel=0.01)
    assert len(array("h", tone(0.1))) == 2_400
