"""The sandbox as a contender, and the key that all callers share."""

import sys
from pathlib import Path

import pytest

from benchmarks.harness import voice_sandbox
from benchmarks.harness.servers import Launch
from benchmarks.harness.voice_sandbox import mint_key, sandbox
from benchmarks.setup import MissingError
from limi.sandbox.scripts.reader import load_script
from limi.sandbox.speech.choice import SpeechLevel


def test_it_is_started_with_the_wanted_speech_and_a_script_that_answers_anything(tmp_path: Path) -> None:
    contender = sandbox("small", "Small", SpeechLevel.SMALL)
    command = list(contender.command(Launch(port=4321, upstream_url="", folder=tmp_path)))
    assert command[:6] == [sys.executable, "-m", "limi", "sandbox", "--port", "4321"]
    assert command[command.index("--speech") + 1] == "small"
    assert load_script(Path(command[command.index("--script") + 1])).turns


def test_a_level_that_is_not_installed_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice_sandbox, "_WEIGHTS", tmp_path / "none")
    contender = sandbox("auto", "All", SpeechLevel.AUTO)
    with pytest.raises(MissingError, match="limi speech install"):
        contender.command(Launch(port=1, upstream_url="", folder=tmp_path))


def test_a_sandbox_that_mints_no_key_is_missing() -> None:
    with pytest.raises(MissingError, match="small minted no key: 0"):
        mint_key(sandbox("small", "Small", SpeechLevel.SMALL), 9)
