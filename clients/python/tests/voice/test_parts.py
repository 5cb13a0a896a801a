"""The pure parts of a conversation: recordings, rates, playback, words, events that wait, options and tools."""

import asyncio
import io
import math
import struct
import wave
from array import array
from pathlib import Path
from typing import Any

import pytest
from pytest import MonkeyPatch  # noqa: PT013 - a type only

from limi_client import VoiceError, VoiceOptions
from limi_client.voice import AudioReceived, EventsDropped, Recorder, SpeechStarted, Tool, pcm_from_wav, tool
from limi_client.voice import _resample as resampling
from limi_client.voice._levels import level_of
from limi_client.voice._playback import Playback
from limi_client.voice._realtime import _SdkConnection
from limi_client.voice._recital import recite
from limi_client.voice._stream import EventStream
from limi_client.voice._tasks import Tasks
from limi_client.voice._transcript import Transcript
from limi_client.voice._wav import speech_end_seconds, wav_from_pcm

RATE = 24_000


@pytest.fixture(params=["sinc", "soxr"])
def resampler(request: pytest.FixtureRequest, monkeypatch: MonkeyPatch) -> None:
    """With soxr, and without."""
    if request.param == "sinc":
        monkeypatch.setattr(resampling, "_soxr", lambda: None)


def _tone(rate: int, hertz: float, seconds: float = 0.5, height: float = 0.5) -> list[float]:
    return [height * math.sin(2 * math.pi * hertz * n / rate) for n in range(int(rate * seconds))]


def _wav(samples: list[float], *, rate: int = RATE, channels: int = 1, width: int = 2) -> bytes:
    scale = 2 ** (8 * width - 1) - 1
    frames = bytearray()
    for sample in samples:
        value = round(sample * scale) + (128 if width == 1 else 0)
        frames += struct.pack("<q", value)[:width] * channels
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((channels, width, rate, 0, "NONE", "not compressed"))
        written.writeframes(bytes(frames))
    return file.getvalue()


def _power(pcm: bytes, hertz: float) -> float:
    """How loud a tone is in a recording: 1 for full scale (Goertzel)."""
    samples = array("h", pcm)
    real = sum(s * math.cos(2 * math.pi * hertz * n / RATE) for n, s in enumerate(samples))
    imaginary = sum(s * math.sin(2 * math.pi * hertz * n / RATE) for n, s in enumerate(samples))
    return 2 * math.hypot(real, imaginary) / len(samples) / 32768


def test_a_recording_of_the_right_shape_is_taken_as_it_is() -> None:
    pcm = array("h", [0, 1, -1, 32767, -32768]).tobytes()
    assert pcm_from_wav(wav_from_pcm(pcm)) == pcm


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_every_width_and_number_of_channels_is_understood(width: int, channels: int) -> None:
    pcm = pcm_from_wav(_wav(_tone(RATE, 440), width=width, channels=channels))
    assert len(pcm) == RATE
    assert _power(pcm, 440) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000, 192_000])
@pytest.mark.usefixtures("resampler")
def test_every_rate_is_converted_and_keeps_its_pitch(rate: int) -> None:
    pcm = pcm_from_wav(_wav(_tone(rate, 440), rate=rate))
    assert len(pcm) / 2 == pytest.approx(RATE / 2, abs=2)
    assert _power(pcm, 440) == pytest.approx(0.5, abs=0.02)


@pytest.mark.usefixtures("resampler")
def test_what_is_too_high_to_be_kept_does_not_come_back_as_another_tone() -> None:
    """15 kHz would be mirrored to 9 kHz at a rate of 24 kHz."""
    pcm = pcm_from_wav(_wav(_tone(48_000, 15_000), rate=48_000))
    assert _power(pcm, 9_000) < 0.005


def test_the_loudest_sound_is_clipped_and_does_not_wrap_around(monkeypatch: MonkeyPatch) -> None:
    monkeypatch.setattr(resampling, "_soxr", lambda: None)
    square = [1.0 if n // 20 % 2 else -1.0 for n in range(4800)]
    samples = array("h", pcm_from_wav(_wav(square, rate=48_000)))
    assert max(samples) == 32767
    assert min(samples) == -32768


@pytest.mark.parametrize("content", [b"", b"RIFF", b"not a wave at all", wav_from_pcm(b"")[:20]])
def test_what_is_no_recording_is_refused_with_how_to_convert_it(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"song\.mp3.*ffmpeg"):
        pcm_from_wav(path)


def test_a_recording_without_sound_is_silence() -> None:
    assert pcm_from_wav(wav_from_pcm(b"")) == b""
    assert speech_end_seconds(bytes(100)) == 0


def test_an_endless_recording_is_refused() -> None:
    header = bytearray(wav_from_pcm(bytes(480)))
    header[24:28] = struct.pack("<I", 1)
    assert pcm_from_wav(bytes(header)[:100] + bytes(10))
    whole = _wav([0.0] * 2000, rate=1)
    with pytest.raises(ValueError, match="at most 30 minutes"):
        pcm_from_wav(whole)


def test_the_end_of_speech_is_the_last_loud_sample() -> None:
    assert speech_end_seconds(array("h", [0, 5000, 30] + [0] * RATE).tobytes()) == 2 / RATE


def test_loudness_is_from_silence_to_full_scale() -> None:
    assert level_of(b"") == 0
    assert level_of(bytes(100)) == 0
    assert level_of(array("h", [32767, -32768] * 10).tobytes()) == pytest.approx(1, abs=0.001)


def test_an_answer_is_taken_to_be_played_from_its_first_piece_on() -> None:
    playback = Playback()
    playback.take("a", 0, 48_000, now=10)
    playback.take("a", 0, 48_000, now=10.1)
    assert playback.remaining_seconds(now=10.5) == 1.5
    heard = playback.cut(now=10.5)
    assert heard is not None
    assert (heard.item_id, heard.seconds) == ("a", 0.5)
    assert playback.cut(now=11) is None


def test_an_answer_that_was_played_to_its_end_is_not_cut() -> None:
    playback = Playback()
    playback.take("a", 0, 48_000, now=10)
    assert playback.cut(now=11) is None


def test_a_second_answer_is_played_after_the_first() -> None:
    playback = Playback()
    playback.take("a", 0, 48_000, now=10)
    playback.take("b", 1, 48_000, now=10.2)
    heard = playback.cut(now=11.5)
    assert heard is not None
    assert (heard.item_id, heard.content_index, heard.seconds) == ("b", 1, 0.5)


def test_whoever_plays_knows_better() -> None:
    playback = Playback()
    playback.take("a", 0, 48_000, now=10)
    playback.report("a", 0.1)
    playback.report("other", 0.9)
    assert playback.remaining_seconds(now=99) == pytest.approx(0.9)
    heard = playback.cut(now=99)
    assert heard is not None
    assert heard.seconds == 0.1


def test_a_recorder_keeps_everything_and_has_heard_it_all(tmp_path: Path) -> None:
    recorder = Recorder()
    recorder.play("a", bytes(48_000))
    recorder.play("a", bytes(48_000))
    recorder.clear()
    recorder.play("b", bytes(48_000))
    assert recorder.played_seconds("b") == 1
    recorder.save(tmp_path / "kept.wav")
    assert len(pcm_from_wav(tmp_path / "kept.wav")) == 3 * 48_000


async def test_events_that_nobody_reads_are_given_up_from_the_oldest_on_and_counted() -> None:
    stream = EventStream(10_000)
    for number in range(4):
        stream.put(AudioReceived(str(number), bytes(4000)))
    stream.end()
    assert [event async for event in stream] == [
        EventsDropped(2),
        AudioReceived("2", bytes(4000)),
        AudioReceived("3", bytes(4000)),
    ]


async def test_a_stream_ends_with_its_error_after_what_was_there() -> None:
    stream = EventStream(10_000)
    stream.put(SpeechStarted())
    stream.end(VoiceError("unknown"))
    stream.put(SpeechStarted())
    assert await stream.get() == SpeechStarted()
    for _ in range(2):
        with pytest.raises(VoiceError):
            await stream.get()


async def test_who_waits_for_an_event_gets_it_and_may_stop_waiting() -> None:
    stream = EventStream(10_000)
    waiting = asyncio.create_task(stream.get())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    waiting = asyncio.create_task(stream.get())
    await asyncio.sleep(0)
    stream.put(SpeechStarted())
    assert await waiting == SpeechStarted()


def test_words_keep_the_order_of_their_turns_although_they_are_known_later() -> None:
    transcript = Transcript()
    for identity, role in (("u", "user"), ("a", "assistant")):
        item = {"id": identity, "type": "message", "role": role}
        transcript.take({"type": "conversation.item.added", "item": item})
    transcript.take({"type": "response.output_text.done", "item_id": "a", "text": "Hi"})
    spoken = "conversation.item.input_audio_transcription.completed"
    transcript.take({"type": spoken, "item_id": "u", "transcript": "Hello"})
    transcript.take({"type": "response.output_text.delta", "item_id": "a", "delta": "!"})
    assert [(entry.role, entry.text) for entry in transcript.entries] == [("user", "Hello"), ("assistant", "Hi")]


def test_only_the_latest_words_are_carried_over() -> None:
    transcript = Transcript()
    for number in range(50):
        transcript.say(str(number), "x" * 400)
    assert [entry.id for entry in transcript.history(3)] == ["47", "48", "49"]
    assert len(transcript.history(100)) == 30
    assert transcript.history(0) == []


def test_an_hours_words_are_bounded() -> None:
    transcript = Transcript()
    for number in range(1100):
        transcript.say(str(number), "word")
    assert len(transcript.entries) == 1000
    assert transcript.entries[0].id == "100"


@pytest.mark.parametrize(
    "wrong",
    [
        {"connect_timeout_seconds": 0},
        {"renew_after_seconds": float("nan")},
        {"stable_after_seconds": 0},
        {"renew_patience_seconds": -1},
        {"renew_retry_seconds": 0},
        {"max_waiting_bytes": -1},
        {"reconnect_attempts": -1},
        {"reconnect_jitter": 1},
        {"reconnect_delays_seconds": []},
        {"reconnect_delays_seconds": [-1]},
        {"history_entries": -1},
    ],
)
def test_an_option_that_makes_no_sense_is_named(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        VoiceOptions(**wrong)


def test_options_may_be_changed_one_by_one() -> None:
    base = VoiceOptions(model="a", profile="b")
    assert VoiceOptions.made_from(base, {"profile": "c"}) == VoiceOptions(model="a", profile="c")
    with pytest.raises(TypeError):
        VoiceOptions.made_from(None, {"modle": "x"})


def test_a_tool_is_named_and_described_by_its_function() -> None:
    @tool()
    def ring_bell() -> str:
        """Rings the bell.

        And more.
        """
        return "dong"

    assert ring_bell.as_sent() == {
        "type": "function",
        "name": "ring_bell",
        "description": "Rings the bell.",
        "parameters": {"type": "object", "properties": {}},
    }


@pytest.mark.parametrize(("name", "parameters"), [("with space", {"type": "object"}), ("ok", {"type": "array"})])
def test_a_tool_that_openai_would_refuse_is_refused_here(name: str, parameters: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"name|parameters"):
        Tool(name, "", parameters, print)


def test_two_tools_of_one_name_are_refused() -> None:
    bell = Tool("bell", "", {"type": "object"}, print)
    with pytest.raises(ValueError, match="tools"):
        VoiceOptions(tools=[bell, bell])


def test_a_plain_function_is_no_tool_and_the_way_to_make_it_one_is_named() -> None:
    with pytest.raises(TypeError, match=r"tools: .*@tool\(\)"):
        VoiceOptions(tools=[print])  # type: ignore[list-item]  # what many try first


async def test_a_task_that_was_ended_is_left_to_clean_up() -> None:
    tasks, cleaned = Tasks(), asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.01)
            cleaned.set()

    tasks.start("work", work())
    await asyncio.sleep(0)
    tasks.cancel("work")
    await asyncio.sleep(0)
    await tasks.end_all(within=5)
    assert cleaned.is_set()


class _Crowded:
    """The SDK's connection with so much unread that its farewell comes after all of it."""

    def __init__(self) -> None:
        self.unread = 100

    async def recv_bytes(self) -> bytes:
        await asyncio.sleep(0)
        self.unread -= 1
        if self.unread < 0:
            await asyncio.Event().wait()
        return b"{}" if self.unread % 2 else b"half a {"

    async def close(self) -> None:
        while self.unread > 0:  # noqa: ASYNC110 - as websockets does, which reads the farewell last
            await asyncio.sleep(0.001)


async def test_closing_reads_what_stands_before_the_farewell() -> None:
    crowded: Any = _Crowded()
    await asyncio.wait_for(_SdkConnection(crowded).close(), 5)
    assert crowded.unread <= 0


class _Ear:
    """Hears speech end when it is told to."""

    def __init__(self, ends_after: float) -> None:
        self.pieces: list[bytes] = []
        self.ends_after = ends_after
        self.detects_turns = True
        self.turns = 0
        self.goes_on = False

    @property
    def sent_seconds(self) -> float:
        return sum(map(len, self.pieces)) / 48_000

    @property
    def speech_ended_at(self) -> float:
        return 1.0 if self.sent_seconds >= self.ends_after else 0.0

    @property
    def speaking(self) -> bool:
        return self.sent_seconds < self.ends_after or self.goes_on

    async def hear(self, pcm: bytes) -> None:
        self.pieces.append(pcm)

    async def end_turn(self) -> None:
        self.turns += 1


LOUD_SECOND = array("h", [20_000] * RATE).tobytes()


async def _recite(ear: _Ear, speed: float = 1.0) -> list[float]:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    await recite(LOUD_SECOND, ear, speed=speed, sleep=sleep, monotonic=lambda: sum(waits))
    return waits


async def test_silence_is_sent_until_the_server_has_heard_the_end() -> None:
    ear = _Ear(ends_after=1.55)
    waits = await _recite(ear)
    assert ear.sent_seconds == pytest.approx(1.6)
    assert sum(waits) == pytest.approx(1.6)
    assert set(ear.pieces[10:]) == {bytes(4800)}


async def test_silence_that_nobody_hears_is_not_sent_for_ever() -> None:
    ear = _Ear(ends_after=99)
    await _recite(ear, speed=math.inf)
    assert ear.sent_seconds == pytest.approx(11, abs=0.11)


async def test_a_pause_in_the_middle_of_speech_is_not_its_end() -> None:
    ear = _Ear(ends_after=0.5)
    ear.goes_on = True
    await _recite(ear, speed=math.inf)
    assert ear.sent_seconds == pytest.approx(11, abs=0.11)


async def test_where_turns_are_ended_by_hand_no_silence_is_sent() -> None:
    ear = _Ear(ends_after=99)
    ear.detects_turns = False
    await _recite(ear)
    assert (ear.sent_seconds, ear.turns) == (1.0, 1)
