"""Speech to say to the sandbox, spoken by its own voice."""

import asyncio
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from limi.sandbox.speech import VoiceStyle
from limi.sandbox.speech.pico import PicoVoice
from tests.integration.sandbox.support import Served, serve

_QUESTION = "Would you please book a table for two people tomorrow evening"


async def _spoken(text: str) -> bytes:
    voice = PicoVoice()
    try:
        return b"".join([chunk async for chunk in voice.speak(text, VoiceStyle("sage"))])
    finally:
        await voice.close()


@pytest.fixture(scope="session")
def hello_wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with some four seconds of speech and no pause in it."""
    path = tmp_path_factory.mktemp("speech") / "hello.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", "not compressed"))
        file.writeframes(asyncio.run(_spoken(_QUESTION)))
    return path


@pytest.fixture(scope="session")
def hello(hello_wav: Path) -> bytes:
    """The samples of `hello_wav`."""
    with wave.open(str(hello_wav)) as file:
        samples: bytes = file.readframes(file.getnframes())
    return samples


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    """A sandbox as it is when nobody configures anything."""
    async with serve() as served:
        yield served
