from pathlib import Path

import numpy as np
import pytest

from limi.sandbox.speech.weights import WeightsError
from limi.sandbox.speech.workers.smart_turn import SmartTurnJudge


class _Features(SmartTurnJudge):
    """Computes what the model is given, without the model."""

    def __init__(self) -> None:
        self._np = np
        self._bands = self._make_bands()
        self._hann = np.hanning(401)[:-1]


def test_without_its_weights_it_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is missing"):
        SmartTurnJudge(tmp_path)


def test_eight_seconds_become_eighty_bands_a_hundred_times_a_second() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 128_000).astype("float32")
    features = _Features()._features(noise)
    assert features.shape == (80, 800)
    assert features.dtype == np.float32


@pytest.mark.parametrize(("hertz", "band"), [(220, 5), (440, 11), (1_000, 26), (4_000, 62)])
def test_a_tone_is_loudest_in_its_own_band(hertz: int, band: int) -> None:
    """Bands as Whisper has them: 80, evenly spaced in Slaney's mels up to 8 kHz."""
    tone = np.sin(2 * np.pi * hertz * np.arange(128_000) / 16_000).astype("float32")
    loudest = int(np.argmax(_Features()._features(tone)[:, 400]))
    assert abs(loudest - band) <= 1


def test_all_bands_hear_the_same_amount_of_white_noise_a_hertz() -> None:
    areas = _Features()._bands.sum(axis=0) * 16_000 / 2 / 200
    assert np.allclose(areas[20:], 1, atol=0.3)


def test_silence_is_no_error() -> None:
    assert np.isfinite(_Features()._features(np.zeros(128_000, "float32"))).all()
