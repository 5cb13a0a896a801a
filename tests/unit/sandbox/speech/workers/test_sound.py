import numpy as np
import pytest

from limi.sandbox.speech.g711 import encoding_table
from limi.sandbox.speech.workers.sound import RATE, Resampler, cut_at_pauses, in_a_room, without_silence


def _tone(seconds: float, rate: int = RATE, loudness: float = 0.3) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return (loudness * np.sin(2 * np.pi * 440 * np.arange(int(seconds * rate)) / rate)).astype("float32")


def _quiet(seconds: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return np.zeros(int(seconds * RATE), "float32")


def _frequency(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> float:
    return float(np.argmax(np.abs(np.fft.rfft(samples[:RATE]))) * RATE / len(samples[:RATE]))


@pytest.mark.parametrize(
    ("encoding", "rate"), [("audio/pcm", 24_000), ("audio/pcmu", 8_000), ("audio/pcma", 8_000)]
)
def test_every_encoding_becomes_sixteen_kilohertz_without_a_seam_between_pieces(encoding: str, rate: int) -> None:
    samples = (_tone(1.2, rate) * 32_767).astype("<i2")
    if encoding == "audio/pcm":
        audio, size = samples.tobytes(), 4_800
    else:
        table = np.frombuffer(encoding_table(encoding), dtype="uint8")
        audio, size = table[samples.astype("int32") + 32_768].tobytes(), 800
    resampler = Resampler(encoding)
    pieces = [resampler.take(audio[i : i + size], last=False) for i in range(0, len(audio), size)]
    heard = np.concatenate([*pieces, resampler.take(b"", last=True)])
    assert len(heard) == pytest.approx(1.2 * RATE, abs=20)
    assert _frequency(heard) == pytest.approx(440, abs=1)
    assert float(np.abs(heard).max()) == pytest.approx(0.3, rel=0.1)


def test_silence_around_speech_is_taken_off_but_for_a_moment_before_and_half_a_second_after() -> None:
    kept = without_silence(np.concatenate([_quiet(5), _tone(1), _quiet(5)]))
    assert len(kept) / RATE == pytest.approx(1.7, abs=0.05)
    assert float(np.abs(kept[: int(0.15 * RATE)]).max()) == 0


def test_tightly_less_is_left_after_it() -> None:
    kept = without_silence(np.concatenate([_quiet(5), _tone(1), _quiet(5)]), tightly=True)
    assert len(kept) / RATE == pytest.approx(1.4, abs=0.05)


def test_noise_around_speech_is_taken_off_as_well() -> None:
    noise = np.random.default_rng(1).normal(0, 0.005, 11 * RATE).astype("float32")
    noise[5 * RATE : 6 * RATE] += _tone(1)
    assert len(without_silence(noise)) / RATE == pytest.approx(1.7, abs=0.1)


def test_speech_without_any_pause_is_kept_whole() -> None:
    assert len(without_silence(_tone(3))) == 3 * RATE


@pytest.mark.parametrize("seconds", [0, 0.001, 1])
def test_silence_is_nothing(seconds: float) -> None:
    assert len(without_silence(_quiet(seconds))) == 0


def test_a_room_is_never_quite_silent_and_always_sounds_the_same() -> None:
    room = in_a_room(_quiet(1))
    assert 0.0005 < float(np.sqrt(np.mean(room**2))) < 0.002
    assert room.dtype == np.float32
    assert np.array_equal(room, in_a_room(_quiet(1)))
    assert np.allclose(in_a_room(_tone(1)) - room, _tone(1), atol=1e-6)


def test_long_speech_is_cut_in_its_pauses() -> None:
    spoken = np.concatenate([_tone(5), _quiet(0.4)] * 5)
    pieces = list(cut_at_pauses(spoken, shortest=8 * RATE, longest=12 * RATE))
    assert np.array_equal(np.concatenate(pieces), spoken)
    assert all(len(piece) <= 12 * RATE for piece in pieces)
    for piece in pieces[:-1]:
        assert float(np.abs(piece[-RATE // 20 :]).max()) == 0


def test_short_speech_is_not_cut() -> None:
    assert [len(piece) for piece in cut_at_pauses(_tone(3), shortest=2 * RATE, longest=4 * RATE)] == [3 * RATE]
