"""Bytes become time by format."""

from limi.protocol import AudioFormat


def test_a_second_is_48000_bytes_of_pcm_and_8000_of_g711() -> None:
    assert [audio_format.bytes_per_ms * 1000 for audio_format in AudioFormat] == [48_000, 8_000, 8_000]
    assert [audio_format.sample_bytes for audio_format in AudioFormat] == [2, 1, 1]


def test_only_pcm_names_its_rate() -> None:
    assert AudioFormat.PCM16.to_wire() == {"type": "audio/pcm", "rate": 24000}
    assert AudioFormat.PCMU.to_wire() == {"type": "audio/pcmu"}
    assert AudioFormat.PCMA.to_wire() == {"type": "audio/pcma"}
