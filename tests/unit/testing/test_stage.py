"""The exchangeable script's ears; what it says is tested through a whole sandbox in `test_sandboxes.py`."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from limi.protocol import GenerationRequest
from limi.sandbox.answering.brain import BuiltInBrain, Reply, Say
from limi.sandbox.faults.rules import FaultRules
from limi.sandbox.hearing.scripted_recogniser import ScriptedRecogniser
from limi.sandbox.scripts import ScriptError, parse_script
from limi.sandbox.speech.deaf import DeafRecogniser
from limi.testing import VirtualClock, sandbox
from limi.testing.stage import Stage

_SCRIPT = """
hears:
  - Hello
  - Good-bye
"""
_SECOND = bytes(48_000)


@pytest.fixture
def stage() -> Stage:
    return Stage(brain=BuiltInBrain(clock=VirtualClock()), recogniser=DeafRecogniser())


async def _heard(stage: Stage) -> list[str]:
    ears = stage.for_session()
    return [await ears.recognise(_SECOND, "audio/pcm") for _ in range(2)]


async def test_each_session_hears_the_script_from_its_beginning(stage: Stage) -> None:
    stage.play(_SCRIPT)
    assert await _heard(stage) == ["Hello", "Good-bye"]
    assert await _heard(stage) == ["Hello", "Good-bye"]
    assert await stage.recognise(_SECOND, "audio/pcm") == "Hello"


async def test_a_script_may_be_a_text_a_file_or_read_already_and_may_end(stage: Stage, tmp_path: Path) -> None:
    file = tmp_path / "script.yaml"
    file.write_text(_SCRIPT)
    for script in (_SCRIPT, file, parse_script(_SCRIPT)):
        stage.play(script)
        assert (await _heard(stage))[0] == "Hello"
        stage.play(None)
        assert (await _heard(stage))[0] == "(1.0 seconds of speech)"
    await stage.close()


def test_what_is_no_script_is_refused(stage: Stage) -> None:
    with pytest.raises(ScriptError):
        stage.play("turns: 3")


def test_what_goes_wrong_changes_with_the_script_and_other_rules_stay() -> None:
    faults = FaultRules()
    stage = Stage(brain=BuiltInBrain(clock=VirtualClock()), recogniser=DeafRecogniser(), faults=faults)
    faults.add("calls", "drop")
    for where in ("mint", "models"):
        stage.play(f"faults: {{where: {where}, what: drop}}")
        assert [held.rule.where for held in faults] == ["calls", where]
    stage.play(None)
    assert [held.rule.where for held in faults] == ["calls"]


def test_wrong_faults_change_nothing(stage: Stage) -> None:
    stage.play(_SCRIPT)
    with pytest.raises(ScriptError, match="line 1, faults"):
        stage.play("faults: {where: mint, what: explode}")
    assert isinstance(stage._recogniser, ScriptedRecogniser)


class _ClosableBrain:
    """Counts how often it is closed."""

    def __init__(self) -> None:
        self.closed = 0

    async def reply(self, request: GenerationRequest) -> AsyncGenerator[Reply, None]:  # noqa: ARG002 - the port's
        yield Say("Here.")

    async def close(self) -> None:
        self.closed += 1


async def test_a_brain_that_holds_connections_is_closed_with_the_stage() -> None:
    brain = _ClosableBrain()
    stage = Stage(brain=brain, recogniser=DeafRecogniser())
    stage.play("turns: [{user: any, assistant: Hi}]")
    await stage.close()
    assert brain.closed == 1


async def test_a_sandbox_that_ends_closes_the_brain_it_was_given() -> None:
    brain = _ClosableBrain()
    async with sandbox(brain=brain):
        assert brain.closed == 0
    assert brain.closed > 0
