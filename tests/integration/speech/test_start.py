"""What is installed badly costs the sandbox that part of its speech, and nothing else."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from limi.sandbox.config import SandboxConfig
from limi.sandbox.speech.choice import SpeechLevel
from limi.sandbox.speech.weights import PACKAGES
from tests.integration.sandbox.support import say as send
from tests.integration.sandbox.support import serve, until
from tests.integration.speech.conftest import Say

pytestmark = pytest.mark.asyncio(loop_scope="module")

_BUILD = """
import sys
from pathlib import Path
from limi.kernel.clock import SystemClock
from limi.kernel.ids import RandomIds
from limi.sandbox.app import create_sandbox
from limi.sandbox.config import SandboxConfig
from limi.sandbox.speech.choice import SpeechLevel
config = SandboxConfig(speech=SpeechLevel.AUTO, speech_dir=Path(sys.argv[1]))
create_sandbox(config, clock=SystemClock(), ids=RandomIds())
print([name for name in ("numpy", "soxr", "onnxruntime", "hibari") if name in sys.modules])
"""


async def _transcript(config: SandboxConfig, speech: bytes) -> str:
    settings: Any = {
        "transcription": {"model": "gpt-4o-mini-transcribe"},
        "turn_detection": {"type": "semantic_vad"},
    }
    async with (
        serve(config) as served,
        served.client() as client,
        client.realtime.connect(model="gpt-realtime") as connection,
    ):
        await connection.session.update(session={"type": "realtime", "audio": {"input": settings}})
        await send(connection, speech, silence_seconds=2)
        events = await until(connection, "response.done")
        assert events[-1].response.status == "completed"
    (transcript,) = [e.transcript for e in events if e.type.endswith("input_audio_transcription.completed")]
    return str(transcript)


async def test_with_weights_that_were_tampered_with_it_stays_deaf_and_says_why(tmp_path: Path, say: Say) -> None:
    """They have the right size, so that only their hashes tell; they are not run."""
    for weight in (weight for package in PACKAGES for weight in package.weights):
        path = tmp_path / weight.path
        path.parent.mkdir(exist_ok=True)
        with path.open("wb") as file:
            file.truncate(weight.size_bytes)
    config = SandboxConfig(speech=SpeechLevel.AUTO, speech_dir=tmp_path)
    with capture_logs() as logs:
        transcript = await _transcript(config, await say("What time is it?"))
    assert transcript.endswith("seconds of speech)")
    reasons = {entry["event"]: entry["reason"] for entry in logs if "reason" in entry}
    assert "encoder_model.onnx (is damaged)" in reasons["sandbox.speech.unavailable"]
    assert "smart-turn-v3.2-cpu.onnx (is damaged)" in reasons["sandbox.end_of_turn.failed"]


async def test_without_weights_it_stays_deaf_and_says_so_once_at_the_start(tmp_path: Path, say: Say) -> None:
    config = SandboxConfig(speech=SpeechLevel.AUTO, speech_dir=tmp_path)
    with capture_logs() as logs:
        transcript = await _transcript(config, await say("What time is it?"))
    assert transcript.endswith("seconds of speech)")
    assert [entry["event"] for entry in logs if "speech" in entry["event"]] == ["sandbox.speech.incomplete"]


async def test_building_a_sandbox_loads_none_of_it(speech_dir: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", _BUILD, str(speech_dir)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: ASYNC221, S603 - our own code
    assert done.stdout.strip() == "[]"
