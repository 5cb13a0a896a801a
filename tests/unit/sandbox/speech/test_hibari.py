from collections.abc import AsyncIterator
from typing import Any

import pytest

from limi.sandbox.speech import SpeechUnavailableError, VoiceStyle
from limi.sandbox.speech.hibari import HibariVoice
from limi.sandbox.speech.worker import Worker


class _Mouth(Worker):
    """Answers without a child: a second of sound for each sentence."""

    def __init__(self) -> None:
        super().__init__(command=())
        self.questions: list[dict[str, Any]] = []

    async def ask(self, question: dict[str, Any]) -> Any:
        self.questions.append(question)
        return bytes(48_000)


@pytest.fixture
async def voice() -> AsyncIterator[HibariVoice]:
    voice = HibariVoice()
    yield voice
    await voice.close()


async def test_a_text_is_asked_for_sentence_by_sentence_and_comes_in_small_chunks() -> None:
    mouth = _Mouth()
    speech = HibariVoice(worker=mouth).speak("One. Two.", VoiceStyle("coral", 1.2))
    first = await anext(speech)
    assert [question["text"] for question in mouth.questions] == ["One."]
    chunks = [first, *[chunk async for chunk in speech]]
    assert mouth.questions == [{"text": "One.", "speed": 1.2}, {"text": "Two.", "speed": 1.2}]
    assert max(map(len, chunks)) == 9_600
    assert sum(map(len, chunks)) == 2 * 48_000


async def test_the_same_text_is_the_same_sound_and_speed_is_honoured(voice: HibariVoice) -> None:
    async def spoken(style: VoiceStyle) -> bytes:
        return b"".join([chunk async for chunk in voice.speak("One two three four five.", style)])

    normal = await spoken(VoiceStyle())
    assert normal == await spoken(VoiceStyle("nobody"))
    assert len(await spoken(VoiceStyle(speed=1.5))) < len(normal) < len(await spoken(VoiceStyle(speed=0.5)))


async def test_endless_words_and_foreign_letters_do_not_stop_the_voice(voice: HibariVoice) -> None:
    for text in ("x" * 1_000, "日本語", "🙂", "<speed level='20'>Hello</speed>", "\x00\x07"):
        speech = b"".join([chunk async for chunk in voice.speak(text, VoiceStyle())])
        assert speech or not text.isprintable()


async def test_preparing_never_fails_not_even_without_the_library() -> None:
    class Missing(_Mouth):
        async def ask(self, _: dict[str, Any]) -> Any:
            raise SpeechUnavailableError("hibari")

    voice = HibariVoice(worker=Missing())
    await voice.prepare()
    with pytest.raises(SpeechUnavailableError):
        await anext(voice.speak("Hello.", VoiceStyle()))
