"""Recordings, as the Realtime API takes sound: 24 kHz, one channel, 16 bit, little-endian."""

import io
import os
import sys
import wave
from array import array
from pathlib import Path
from typing import IO, Final

from limi_client.voice._resample import resample

__all__ = ["BYTES_PER_SECOND", "RATE", "pcm_from_wav", "speech_end_seconds", "wav_from_pcm"]

RATE: Final = 24_000
"""Samples a second, in both directions; https://platform.openai.com/docs/guides/realtime-conversations"""
BYTES_PER_SECOND: Final = RATE * 2
_LONGEST_SECONDS: Final = 30 * 60
"""Of one recording: half of what a session may last, and 86 MB here."""
_LOUD: Final = 400
"""Samples above this are sound and no noise of a room: 38 dB below the loudest."""


def pcm_from_wav(source: str | os.PathLike[str] | bytes | IO[bytes]) -> bytes:
    """Return the samples of a WAV file of any rate, width and number of channels.

    Args:
        source: A path, the file's bytes, or an open file.

    Raises:
        ValueError: It is no WAV file of plain samples, or longer than half an hour.
        OSError: It cannot be read.
    """
    try:
        opened = io.BytesIO(source) if isinstance(source, bytes) else source
        with wave.open(os.fspath(opened) if isinstance(opened, os.PathLike) else opened, "rb") as file:
            rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
            if rate <= 0 or file.getnframes() > rate * _LONGEST_SECONDS:
                minutes = _LONGEST_SECONDS // 60
                raise ValueError(f"{_name(source)}: must be a recording of at most {minutes} minutes")
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as exc:
        convert = "ffmpeg -i recording -ar 24000 -ac 1 -c:a pcm_s16le recording.wav"
        raise ValueError(f"{_name(source)}: must be a WAV file of plain samples ({exc}); try {convert}") from None
    mono = _mixed(_sixteen_bits(frames[: len(frames) // (channels * width) * channels * width], width), channels)
    return _little_endian(resample(mono, rate, RATE))


def wav_from_pcm(pcm: bytes) -> bytes:
    """Return samples of 24 kHz as a WAV file."""
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        file.writeframes(pcm)
    return written.getvalue()


def speech_end_seconds(pcm: bytes) -> float:
    """Return where the last sound of a recording ends, in seconds from its beginning."""
    samples = _samples(pcm)
    for index in range(len(samples) - 1, -1, -1):
        if abs(samples[index]) > _LOUD:
            return (index + 1) / RATE
    return 0.0


def _name(source: object) -> str:
    return str(Path(source)) if isinstance(source, str | os.PathLike) else "the recording"


def _sixteen_bits(frames: bytes, width: int) -> "array[int]":
    """Keep the two highest bytes of each sample; a byte alone is unsigned, as WAV has it."""
    if width == 2:  # noqa: PLR2004 - sixteen bits
        return _samples(frames)
    taken = bytearray(len(frames) // width * 2)
    if width == 1:
        taken[1::2] = frames.translate(bytes(value ^ 0x80 for value in range(256)))
    else:
        taken[0::2] = frames[width - 2 :: width]
        taken[1::2] = frames[width - 1 :: width]
    return _samples(bytes(taken))


def _mixed(samples: "array[int]", channels: int) -> "array[int]":
    if channels == 1:
        return samples
    return array("h", [sum(frame) // channels for frame in zip(*(samples[n::channels] for n in range(channels)))])  # noqa: B905 - frames are whole


def _samples(pcm: bytes) -> "array[int]":
    samples = array("h")
    samples.frombytes(pcm[: len(pcm) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _little_endian(samples: "array[int]") -> bytes:
    if sys.byteorder == "big":
        samples = array("h", samples)
        samples.byteswap()
    return samples.tobytes()
