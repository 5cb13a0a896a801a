from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from limi.sandbox.speech.choice import SpeechLevel, choose_speech, is_installed
from limi.sandbox.speech.deaf import DeafRecogniser
from limi.sandbox.speech.hibari import HibariVoice
from limi.sandbox.speech.moonshine import MoonshineRecogniser
from limi.sandbox.speech.pico import PicoVoice
from limi.sandbox.speech.ports import VoiceActivityDetector
from limi.sandbox.speech.silero import SileroDetector
from limi.sandbox.speech.smart_turn import SmartTurn
from limi.sandbox.speech.weights import MOONSHINE, SILERO, SMART_TURN, Weight


@pytest.fixture
def put(tmp_path: Path) -> Callable[..., Path]:
    """Lay files of the right size where weights are looked for."""

    def lay(*weights: Weight) -> Path:
        for weight in weights:
            path = tmp_path / weight.path
            path.parent.mkdir(exist_ok=True)
            with path.open("wb") as file:
                file.truncate(weight.size_bytes)
        return tmp_path

    return lay


def _all(_: str) -> bool:
    return True


def _none(_: str) -> bool:
    return False


def _runs_with(detector: VoiceActivityDetector, folder: Path) -> bool:
    """Tell whether a detector's process is told where the weights lie."""
    assert isinstance(detector, SileroDetector)
    return str(folder) in detector._worker._command


def test_the_small_parts_are_chosen_when_asked_for_whatever_is_installed(put: Callable[..., Path]) -> None:
    with capture_logs() as logs:
        speech = choose_speech(SpeechLevel.SMALL, folder=put(*MOONSHINE, SMART_TURN, SILERO), installed=_all)
    assert isinstance(speech.voice, PicoVoice)
    assert isinstance(speech.recogniser, DeafRecogniser)
    assert speech.judge is None
    assert logs == []


def test_everything_that_is_installed_is_chosen(put: Callable[..., Path], tmp_path: Path) -> None:
    with capture_logs() as logs:
        speech = choose_speech(SpeechLevel.AUTO, folder=put(*MOONSHINE, SMART_TURN, SILERO), installed=_all)
    assert isinstance(speech.voice, HibariVoice)
    assert isinstance(speech.recogniser, MoonshineRecogniser)
    assert isinstance(speech.judge, SmartTurn)
    assert _runs_with(speech.detector, tmp_path)
    assert logs == []


def test_without_weights_it_speaks_well_and_says_once_what_to_run(tmp_path: Path) -> None:
    with capture_logs() as logs:
        speech = choose_speech(SpeechLevel.AUTO, folder=tmp_path, installed=_all)
    assert isinstance(speech.voice, HibariVoice)
    assert isinstance(speech.recogniser, DeafRecogniser)
    assert speech.judge is None
    assert [entry["event"] for entry in logs] == ["sandbox.speech.incomplete"]
    names = "recognition, the judge of turns and the quicker detector of speech"
    assert logs[0]["lacking"] == [f"the weights of {names} in {tmp_path}: run `limi speech install`"]


def test_one_model_without_the_other_is_used(put: Callable[..., Path], tmp_path: Path) -> None:
    speech = choose_speech(SpeechLevel.AUTO, folder=put(*MOONSHINE), installed=_all)
    assert isinstance(speech.recogniser, MoonshineRecogniser)
    assert speech.judge is None
    assert not _runs_with(speech.detector, tmp_path)
    assert "of the judge of turns and the quicker detector of speech in" in speech.lacking[0]


def test_without_the_extra_the_small_parts_are_chosen_and_the_extra_is_named(put: Callable[..., Path]) -> None:
    speech = choose_speech(SpeechLevel.AUTO, folder=put(*MOONSHINE, SMART_TURN, SILERO), installed=_none)
    assert isinstance(speech.voice, PicoVoice)
    assert isinstance(speech.recogniser, DeafRecogniser)
    assert speech.lacking == ("recognition and the natural voice: install limi[speech]",)


def test_a_library_is_looked_for_without_being_imported() -> None:
    assert is_installed("json")
    assert not is_installed("no_such_engine")
