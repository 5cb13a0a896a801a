"""Smart Turn tells a question that was asked from one that is still being asked."""

import pytest

from limi.sandbox.speech.g711 import G711Encoder
from limi.sandbox.speech.smart_turn import SmartTurn
from tests.integration.speech.conftest import Say

pytestmark = pytest.mark.asyncio(loop_scope="module")

_PAUSE = bytes(48 * 250)


def _without_its_pause(speech: bytes) -> bytes:
    return speech[: -48 * 250]


@pytest.mark.parametrize("text", ["What time is it?", "Please count to five.", "Yes.", "My name is Anna."])
async def test_a_whole_sentence_sounds_finished(judge: SmartTurn, say: Say, text: str) -> None:
    speech = _without_its_pause(await say(text))
    assert await judge.finished(speech + _PAUSE, "audio/pcm") > 0.5


@pytest.mark.parametrize(
    "text", ["So what I wanted to say is", "My number is five five five, and", "Um, I think that"]
)
async def test_half_a_sentence_sounds_unfinished(judge: SmartTurn, say: Say, text: str) -> None:
    speech = _without_its_pause(await say(text))
    assert await judge.finished(speech + _PAUSE, "audio/pcm") < 0.5


async def test_the_telephones_sound_is_judged_alike(judge: SmartTurn, say: Say) -> None:
    speech = _without_its_pause(await say("So what I wanted to say is")) + _PAUSE
    for encoding in ("audio/pcmu", "audio/pcma"):
        encoder = G711Encoder(encoding)
        assert await judge.finished(encoder.encode(speech) + encoder.encode(b"", last=True), encoding) < 0.5


async def test_no_sound_at_all_is_judged_without_an_error(judge: SmartTurn) -> None:
    assert 0 <= await judge.finished(b"", "audio/pcm") <= 1
