"""The whole promise of the first release: `limi serve` without any key, an official SDK, speech in, speech out."""

import asyncio
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import wave
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from limi.sandbox.speech import VoiceStyle
from limi.sandbox.speech.pico import PicoVoice

_ROOT = Path(__file__).parents[2]
_EXAMPLE = _ROOT / "examples" / "python" / "voice_turn.py"
_START_SECONDS = 30
_CHARACTERS_PER_SECOND = 14
"""How fast the sandbox's voice speaks."""


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LIMI_", "OPENAI_"))}
    return {**kept, "HOME": str(home), "LIMI_ENV": "development", "PYTHONPATH": str(_ROOT / "src")}


def _free_port() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_until_up(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        assert server.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=1):  # noqa: S310 - our own server
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise AssertionError(f"limi serve did not answer within {_START_SECONDS} s: {log.read_text()}")


@pytest.fixture
def backend(tmp_path: Path) -> Iterator[str]:
    """`limi serve` in an empty directory, without any configuration."""
    url = f"http://127.0.0.1:{_free_port()}"
    log = tmp_path / "serve.log"
    command = [sys.executable, "-m", "limi", "serve", "--port", url.rsplit(":", 1)[1]]
    with (
        log.open("wb") as output,
        subprocess.Popen(  # noqa: S603 - our own server
            command, cwd=tmp_path, env=_environment(tmp_path), stdout=output, stderr=output
        ) as server,
    ):
        try:
            _wait_until_up(f"{url}/healthz", server, log)
            yield url
        finally:
            server.terminate()
            server.wait(timeout=15)


@pytest.fixture
def hello_wav(tmp_path: Path) -> Path:
    """Somebody's question, in the sandbox's own voice."""

    async def spoken() -> bytes:
        voice = PicoVoice()
        try:
            chunks = voice.speak("Hello there and good morning to all of you", VoiceStyle("sage"))
            return b"".join([chunk async for chunk in chunks])
        finally:
            await voice.close()

    path = tmp_path / "hello.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", "not compressed"))
        file.writeframes(asyncio.run(spoken()))
    return path


def _run_example(*arguments: str | Path, home: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, str(_EXAMPLE), *map(str, arguments)]
    return subprocess.run(  # noqa: S603 - our own example
        command, env=_environment(home), capture_output=True, text=True, timeout=90, check=False
    )


def test_speech_goes_in_and_a_spoken_answer_with_its_transcript_comes_out(
    backend: str, hello_wav: Path, tmp_path: Path
) -> None:
    reply = tmp_path / "reply.wav"
    done = _run_example(hello_wav, reply, "--backend", backend, home=tmp_path)
    assert done.returncode == 0, done.stderr
    said = dict(line.split(":", 1) for line in done.stdout.splitlines()[:2])
    assert "Limi sandbox" in said["Limi"]
    with wave.open(str(reply)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2").astype(float)
    needed_seconds = len(said["Limi"].strip()) / _CHARACTERS_PER_SECOND
    assert len(samples) / 24_000 == pytest.approx(needed_seconds, rel=0.2)
    power = np.abs(np.fft.rfft(samples)) ** 2
    assert power.max() / power.sum() < 0.05


def test_a_file_of_the_wrong_shape_is_refused_with_how_to_convert_it(tmp_path: Path) -> None:
    path = tmp_path / "music.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 44_100, 0, "NONE", "not compressed"))
        file.writeframes(bytes(400))
    done = _run_example(path, tmp_path / "reply.wav", home=tmp_path)
    assert done.returncode == 1
    assert "24000 Hz" in done.stderr


def test_a_backend_that_is_not_there_is_named(hello_wav: Path, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{_free_port()}"
    done = _run_example(hello_wav, tmp_path / "reply.wav", "--backend", nowhere, home=tmp_path)
    assert done.returncode == 1
    assert nowhere in done.stderr
