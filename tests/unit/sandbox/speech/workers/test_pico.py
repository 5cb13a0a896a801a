from typing import Any

import numpy as np
import pytest

from limi.sandbox.speech.workers.pico import PicoSpeaker


def _question(text: str, **changes: Any) -> dict[str, Any]:
    return {"utterance": 1, "text": text, "voice": "alloy", "speed": 1.0, "last": not text, **changes}


def test_speech_has_headroom_and_no_silence_of_its_own_making() -> None:
    speaker = PicoSpeaker()
    audio = speaker(_question("Hello there.")) + speaker(_question(""))
    samples = np.frombuffer(audio, dtype="<i2")
    assert 5_000 < int(np.max(np.abs(samples.astype("int32")))) < 32_767


def test_the_end_of_an_utterance_yields_what_the_resampler_held_back() -> None:
    speaker = PicoSpeaker()
    assert speaker(_question("Hello there."))
    assert 0 < len(speaker(_question(""))) < 48_000 // 10
    assert speaker(_question("")) != speaker(_question("Hello."))


@pytest.mark.parametrize("text", ["日本語", "привет", "🙂"])
def test_what_it_has_no_letters_for_is_a_short_silence(text: str) -> None:
    audio = PicoSpeaker()(_question(text))
    assert 0 < len(audio) <= 24_000
    assert np.max(np.abs(np.frombuffer(audio, dtype="<i2"))) < 200


def test_voices_sound_different() -> None:
    speaker = PicoSpeaker()
    audios = {
        speaker(_question("Hello there.", utterance=i, voice=v)) for i, v in enumerate(("alloy", "cedar", "coral"))
    }
    assert len(audios) == 3


def test_utterances_nobody_ends_are_forgotten() -> None:
    speaker = PicoSpeaker()
    for utterance in range(300):
        speaker(_question("A", utterance=utterance, last=False))
    assert len(speaker._resamplers) == 256
