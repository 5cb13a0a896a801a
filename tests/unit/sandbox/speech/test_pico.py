import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from limi.sandbox.speech import SpeechUnavailableError, VoiceStyle
from limi.sandbox.speech.pico import PicoVoice
from limi.sandbox.speech.worker import Worker


class _Mouth(Worker):
    """Answers without a child: a second of sound for each sentence, a little for the end."""

    def __init__(self) -> None:
        super().__init__(command=())
        self.questions: list[dict[str, Any]] = []

    async def ask(self, question: dict[str, Any]) -> Any:
        self.questions.append(question)
        return bytes(100 if question["last"] else 48_000)


@pytest.fixture
async def voice() -> AsyncIterator[PicoVoice]:
    voice = PicoVoice()
    yield voice
    await voice.close()


async def test_a_text_is_asked_for_sentence_by_sentence_and_comes_in_small_chunks() -> None:
    mouth = _Mouth()
    speech = PicoVoice(worker=mouth).speak("One. Two.", VoiceStyle("coral", 1.2))
    first = await anext(speech)
    assert [question["text"] for question in mouth.questions] == ["One."]
    chunks = [first, *[chunk async for chunk in speech]]
    assert [question["text"] for question in mouth.questions] == ["One.", "Two.", ""]
    assert {(question["voice"], question["speed"]) for question in mouth.questions} == {("coral", 1.2)}
    assert max(map(len, chunks)) == 9_600
    assert sum(map(len, chunks)) == 2 * 48_000 + 100


async def test_two_utterances_are_told_apart() -> None:
    mouth = _Mouth()
    voice = PicoVoice(worker=mouth)
    for text in ("One.", "Two."):
        async for _ in voice.speak(text, VoiceStyle()):
            pass
    assert len({question["utterance"] for question in mouth.questions}) == 2


async def test_real_speech_lasts_as_long_as_its_text_needs(voice: PicoVoice) -> None:
    """Pico says 14 characters a second, pauses included; measured over sentences of 20 to 140 characters."""
    text = "The sandbox speaks with a small voice, and every word of it can be understood."
    speech = b"".join([chunk async for chunk in voice.speak(text, VoiceStyle())])
    assert len(speech) % 2 == 0
    assert len(speech) / 48_000 == pytest.approx(len(text) / 14, rel=0.2)


async def test_endless_words_and_foreign_letters_do_not_stop_the_voice(voice: PicoVoice) -> None:
    async with asyncio.timeout(20):
        for text in ("x" * 1_000, "日本語", "🙂", "<speed level='20'>Hello</speed>", "\x00\x07"):
            speech = b"".join([chunk async for chunk in voice.speak(text, VoiceStyle())])
            assert speech or not text.isprintable()


async def test_speed_and_an_unknown_voice_are_taken(voice: PicoVoice) -> None:
    async def seconds(style: VoiceStyle) -> float:
        return sum([len(chunk) async for chunk in voice.speak("One two three four five.", style)]) / 48_000

    assert await seconds(VoiceStyle("nobody", 1.5)) < await seconds(VoiceStyle("alloy", 1.0))


async def test_preparing_never_fails_not_even_without_the_library() -> None:
    class Missing(_Mouth):
        async def ask(self, _: dict[str, Any]) -> Any:
            raise SpeechUnavailableError("py_nanotts")

    voice = PicoVoice(worker=Missing())
    await voice.prepare()
    with pytest.raises(SpeechUnavailableError):
        await anext(voice.speak("Hello.", VoiceStyle()))
