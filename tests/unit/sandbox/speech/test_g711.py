import numpy as np
import pytest

from limi.sandbox.speech.g711 import G711Encoder, decoding_table, encoding_table

_ENCODINGS = ["audio/pcmu", "audio/pcma"]


def test_codes_mean_what_the_recommendation_says() -> None:
    """Values from the tables of ITU-T G.711, scaled to 16 bits."""
    mu, a = decoding_table("audio/pcmu"), decoding_table("audio/pcma")
    assert (mu[0x80], mu[0x00], mu[0xFF], mu[0x7F]) == (32_124, -32_124, 0, 0)
    assert (a[0xAA], a[0x2A], a[0xD5], a[0x55]) == (32_256, -32_256, 8, -8)


@pytest.mark.parametrize("encoding", _ENCODINGS)
def test_a_decoded_code_is_encoded_as_a_code_of_the_same_sample(encoding: str) -> None:
    decoded, encoded = decoding_table(encoding), encoding_table(encoding)
    assert all(decoded[encoded[sample + 32_768]] == sample for sample in decoded)


@pytest.mark.parametrize("encoding", _ENCODINGS)
def test_louder_samples_never_become_quieter(encoding: str) -> None:
    decoded = [decoding_table(encoding)[code] for code in encoding_table(encoding)]
    assert decoded == sorted(decoded)


@pytest.mark.parametrize("encoding", _ENCODINGS)
def test_the_error_stays_within_one_step(encoding: str) -> None:
    for sample in range(-32_000, 32_000, 37):
        decoded = decoding_table(encoding)[encoding_table(encoding)[sample + 32_768]]
        assert abs(decoded - sample) <= max(16, abs(sample) / 16)


@pytest.mark.parametrize("encoding", _ENCODINGS)
def test_a_tone_survives_being_sent_in_chunks(encoding: str) -> None:
    time = np.arange(24_000) / 24_000
    pcm = (8_000 * np.sin(2 * np.pi * 440 * time)).astype("<i2").tobytes()
    encoder = G711Encoder(encoding)
    codes = b"".join(encoder.encode(pcm[i : i + 4_800]) for i in range(0, len(pcm), 4_800))
    codes += encoder.encode(b"", last=True)
    heard = np.asarray(decoding_table(encoding))[np.frombuffer(codes, dtype="uint8")]
    assert abs(len(heard) - 8_000) <= 8
    spectrum = np.abs(np.fft.rfft(heard[:8_000]))
    assert int(np.argmax(spectrum)) == 440
    assert spectrum[440] ** 2 / np.sum(spectrum**2) > 0.98
