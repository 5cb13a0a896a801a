import numpy as np
import pytest

from limi.sandbox.speech.workers.hibari import HibariSpeaker


@pytest.fixture(scope="module")
def speaker() -> HibariSpeaker:
    return HibariSpeaker()


def _samples(audio: bytes) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.frombuffer(audio, dtype="<i2").astype(float) / 32_768


def test_a_sentence_begins_with_its_first_sound_and_ends_with_a_short_pause(speaker: HibariSpeaker) -> None:
    samples = _samples(speaker({"text": "Hello there.", "speed": 1.0}))
    loud = np.flatnonzero(np.abs(samples) > 0.02)
    assert loud[0] < 24_000 * 0.06
    assert 24_000 * 0.2 < len(samples) - loud[-1] < 24_000 * 0.35
    assert 0.1 < float(np.abs(samples).max()) < 1


def test_the_same_sentence_is_the_same_sound(speaker: HibariSpeaker) -> None:
    question = {"text": "Hello there.", "speed": 1.0}
    assert speaker(question) == speaker(question)


@pytest.mark.parametrize("text", ["日本語", "🙂", "…"])
def test_what_it_has_no_sounds_for_is_a_short_silence(speaker: HibariSpeaker, text: str) -> None:
    assert 0 < len(speaker({"text": text, "speed": 1.0})) <= 48_000
