import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from limi.sandbox.speech import SpeechWindow, VoiceStyle
from limi.sandbox.speech.g711 import G711Encoder
from limi.sandbox.speech.pico import PicoVoice
from limi.sandbox.speech.silero import SileroDetector
from limi.sandbox.speech.worker import Worker


class _Ear(Worker):
    """Answers without a child: one probability for each 1,000 bytes."""

    def __init__(self) -> None:
        super().__init__(command=())
        self.questions: list[dict[str, Any]] = []

    @property
    def pid(self) -> int:
        return 1

    async def ask(self, question: dict[str, Any]) -> Any:
        self.questions.append(question)
        return [0.5] * (len(question["audio"] or b"") // 1_000)


@pytest.fixture
async def detector() -> AsyncIterator[SileroDetector]:
    detector = SileroDetector()
    yield detector
    await detector.close()


@pytest.fixture
async def speech() -> bytes:
    voice = PicoVoice()
    spoken = b"".join([chunk async for chunk in voice.speak("Would you count to three, please?", VoiceStyle())])
    await voice.close()
    return spoken


async def test_windows_are_counted_on_from_piece_to_piece_of_each_stream() -> None:
    detector = SileroDetector(worker=_Ear())
    assert [w.end_ms for w in await detector.listen("a", bytes(2_000), "audio/pcm")] == [32, 64]
    assert [w.end_ms for w in await detector.listen("b", bytes(1_000), "audio/pcm")] == [32]
    assert [w.end_ms for w in await detector.listen("a", bytes(1_000), "audio/pcm")] == [96]


async def test_minutes_of_sound_are_asked_about_in_short_pieces_so_that_others_come_between() -> None:
    ear = _Ear()
    await SileroDetector(worker=ear).listen("a", bytes(100_000), "audio/pcm")
    assert max(len(question["audio"]) for question in ear.questions) == 24_000


async def test_a_forgotten_stream_begins_anew() -> None:
    ear = _Ear()
    detector = SileroDetector(worker=ear)
    await detector.listen("a", bytes(2_000), "audio/pcm")
    await detector.forget("a")
    await detector.forget("never heard of")
    assert ear.questions[-1] == {"stream": "a", "audio": None, "encoding": ""}
    assert [w.end_ms for w in await detector.listen("a", bytes(1_000), "audio/pcm")] == [32]


def _share_of_speech(windows: Sequence[SpeechWindow]) -> float:
    return sum(window.probability > 0.5 for window in windows) / len(windows)


async def test_real_speech_is_told_from_silence_in_pcm_and_over_the_telephone(
    detector: SileroDetector, speech: bytes
) -> None:
    for encoding in ("audio/pcm", "audio/pcmu", "audio/pcma"):
        is_pcm = encoding == "audio/pcm"
        spoken = speech if is_pcm else G711Encoder(encoding).encode(speech, last=True)
        silence = bytes(48_000) if is_pcm else G711Encoder(encoding).encode(bytes(48_000), last=True)
        assert _share_of_speech(await detector.listen(encoding, spoken, encoding)) > 0.5
        assert _share_of_speech((await detector.listen(encoding, silence, encoding))[8:]) == 0


async def test_odd_pieces_give_the_same_windows_as_one_piece(detector: SileroDetector, speech: bytes) -> None:
    whole = await detector.listen("whole", speech, "audio/pcm")
    pieces = [speech[i : i + 1_234] for i in range(0, len(speech), 1_234)]
    pieced = [window for piece in pieces for window in await detector.listen("pieces", piece, "audio/pcm")]
    assert [w.end_ms for w in pieced] == [w.end_ms for w in whole]
    assert [w.probability for w in pieced] == pytest.approx([w.probability for w in whole], abs=0.01)


async def test_the_event_loop_is_never_held_while_speech_is_made_and_heard(
    detector: SileroDetector, speech: bytes
) -> None:
    """A ticker measures the longest pause; the engines themselves compute for half a second here."""
    voice = PicoVoice()
    await voice.prepare()
    await detector.listen("warm", speech, "audio/pcm")
    worst = 0.0
    loop = asyncio.get_running_loop()

    async def tick() -> None:
        nonlocal worst
        last = loop.time()
        while True:
            await asyncio.sleep(0.001)
            now = loop.time()
            worst, last = max(worst, now - last), now

    ticker = asyncio.create_task(tick())
    text = "Nobody else has to wait while this rather long sentence is spoken and heard. " * 10
    spoken = b"".join([chunk async for chunk in voice.speak(text, VoiceStyle())])
    await detector.listen("measured", spoken[: 48_000 * 10], "audio/pcm")
    ticker.cancel()
    await voice.close()
    assert worst < 0.05
