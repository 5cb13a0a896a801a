"""The whole promise of the first release: `limi serve` without any key, an official SDK, speech in, speech out."""

import asyncio
import re
import sys
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from limi.sandbox.speech import VoiceStyle
from limi.sandbox.speech.pico import PicoVoice
from tests.e2e.harness import Server, environment

_ROOT = Path(__file__).parents[2]
_EXAMPLE = _ROOT / "examples" / "python" / "voice_turn.py"
_CHARACTERS_PER_SECOND = 14
"""How fast the sandbox's voice speaks."""


@pytest.fixture
async def backend(tmp_path: Path) -> AsyncIterator[str]:
    """`limi serve` in an empty directory, without any configuration."""
    async with Server.running(tmp_path) as server:
        yield server.url


@pytest.fixture
async def hello_wav(tmp_path: Path) -> Path:
    """Somebody's question, in the sandbox's own voice."""
    voice = PicoVoice()
    try:
        chunks = voice.speak("Hello there and good morning to all of you", VoiceStyle("sage"))
        spoken = b"".join([chunk async for chunk in chunks])
    finally:
        await voice.close()
    path = tmp_path / "hello.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", "not compressed"))
        file.writeframes(spoken)
    return path


async def _run_example(*arguments: str | Path, home: Path) -> tuple[int, str, str]:
    """Run the example to its end; return exit code, output and errors."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(_EXAMPLE), *map(str, arguments)),
        env=environment(home),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), 90)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, out.decode(), err.decode()


async def test_speech_goes_in_and_a_spoken_answer_with_its_transcript_comes_out(
    backend: str, hello_wav: Path, tmp_path: Path
) -> None:
    reply = tmp_path / "reply.wav"
    code, out, err = await _run_example(hello_wav, reply, "--backend", backend, home=tmp_path)
    assert code == 0, err
    said = dict(line.split(":", 1) for line in out.splitlines()[:2])
    assert "Limi sandbox" in said["Limi"]
    with wave.open(str(reply)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(float)
    needed_seconds = len(said["Limi"].strip()) / _CHARACTERS_PER_SECOND
    assert len(samples) / 24_000 == pytest.approx(needed_seconds, rel=0.2)
    power = np.abs(np.fft.rfft(samples)) ** 2
    assert power.max() / power.sum() < 0.05


async def test_with_the_weights_that_were_fetched_it_understands_what_is_said(tmp_path: Path) -> None:
    """As `make serve` leaves it: without any setting but where the weights lie, which is here another folder."""
    weights = {"LIMI_SPEECH": "auto", "LIMI_SPEECH_DIR": str(_ROOT / ".limi" / "speech")}
    async with Server.running(tmp_path, **weights) as server:
        assert not any("sandbox.speech" in line for line in server.log)
        recording, reply = _ROOT / "examples" / "hello.wav", tmp_path / "reply.wav"
        code, out, err = await _run_example(recording, reply, "--backend", server.url, home=tmp_path)
    assert code == 0, err
    said = dict(line.split(":", 1) for line in out.splitlines()[:2])
    words = re.findall(r"[a-z]+", said["You"].lower())
    assert words == ["hello", "there", "could", "you", "please", "tell", "me", "what", "time", "it", "is"]
    assert re.search(r"\d{1,2}:\d\d", said["Limi"]), "it tells the time, which it was asked for"


async def test_without_weights_it_says_so_in_one_line_and_answers_all_the_same(
    hello_wav: Path, tmp_path: Path
) -> None:
    async with Server.running(tmp_path, LIMI_SPEECH="auto") as server:
        code, out, err = await _run_example(
            hello_wav, tmp_path / "reply.wav", "--backend", server.url, home=tmp_path
        )
        (line,) = [line for line in server.log if "sandbox.speech" in line]
    assert code == 0, err
    assert "limi speech install" in line
    assert "seconds of speech)" in out.splitlines()[0]


async def test_a_file_of_the_wrong_shape_is_refused_with_how_to_convert_it(tmp_path: Path) -> None:
    path = tmp_path / "music.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 44_100, 0, "NONE", "not compressed"))
        file.writeframes(bytes(400))
    code, _, err = await _run_example(path, tmp_path / "reply.wav", home=tmp_path)
    assert code == 1
    assert "24000 Hz" in err


async def test_a_backend_that_is_not_there_is_named(hello_wav: Path, tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    code, _, err = await _run_example(hello_wav, tmp_path / "reply.wav", "--backend", nowhere, home=tmp_path)
    assert code == 1
    assert nowhere in err
