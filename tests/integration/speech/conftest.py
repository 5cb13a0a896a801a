"""The real parts of the `speech` extra; its weights come with `limi speech install`, which `make test` runs."""

import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from limi.sandbox.config import SandboxConfig
from limi.sandbox.speech import VoiceStyle
from limi.sandbox.speech.choice import SpeechLevel
from limi.sandbox.speech.hibari import HibariVoice
from limi.sandbox.speech.moonshine import MoonshineRecogniser
from limi.sandbox.speech.smart_turn import SmartTurn
from limi.sandbox.speech.weights import PACKAGES, are_there

_ROOT = Path(__file__).parents[3]

Say = Callable[[str], Awaitable[bytes]]


@pytest.fixture(scope="session")
def speech_dir() -> Path:
    """Where the weights lie; without them these tests fail rather than pass unseen."""
    folder = _ROOT / ".limi" / "speech"
    if not all(are_there(folder, package.weights) for package in PACKAGES):
        pytest.fail(f"the weights are missing: run `limi speech install --speech-dir {folder}`")
    return folder


@pytest.fixture
def config(speech_dir: Path) -> SandboxConfig:
    """A sandbox with everything that is installed."""
    return SandboxConfig(speech=SpeechLevel.AUTO, speech_dir=speech_dir)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def say() -> AsyncIterator[Say]:
    """Speak with the natural voice."""
    voice = HibariVoice()

    async def speak(text: str) -> bytes:
        return b"".join([chunk async for chunk in voice.speak(text, VoiceStyle())])

    yield speak
    await voice.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def recogniser(speech_dir: Path) -> AsyncIterator[MoonshineRecogniser]:
    recogniser = MoonshineRecogniser(folder=speech_dir)
    yield recogniser
    await recogniser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def judge(speech_dir: Path) -> AsyncIterator[SmartTurn]:
    judge = SmartTurn(folder=speech_dir)
    yield judge
    await judge.close()


@pytest.fixture(scope="session")
def hello() -> bytes:
    """The samples of `examples/hello.wav`."""
    with wave.open(str(_ROOT / "examples" / "hello.wav")) as file:
        samples: bytes = file.readframes(file.getnframes())
    return samples
