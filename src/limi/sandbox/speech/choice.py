"""Which of the parts that hear and speak are used: the best that are installed, or the small ones that always are.

Nothing is loaded here, nor even imported: a library counts as installed when it is found and weights when they lie
there, and what is chosen starts when it is first needed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

import structlog

from limi.sandbox.speech import weights
from limi.sandbox.speech.deaf import DeafRecogniser
from limi.sandbox.speech.hibari import HibariVoice
from limi.sandbox.speech.moonshine import MoonshineRecogniser
from limi.sandbox.speech.pico import PicoVoice
from limi.sandbox.speech.ports import EndOfTurnJudge, Recogniser, Voice, VoiceActivityDetector
from limi.sandbox.speech.silero import SileroDetector
from limi.sandbox.speech.smart_turn import SmartTurn

__all__ = ["Speech", "SpeechLevel", "choose_speech", "is_installed"]

_log = structlog.get_logger(__name__)


class SpeechLevel(StrEnum):
    """How well the sandbox hears and speaks."""

    AUTO = "auto"
    """As well as what is installed allows."""
    SMALL = "small"
    """With the small voice and without understanding words, whatever is installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What was chosen."""

    voice: Voice
    detector: VoiceActivityDetector
    recogniser: Recogniser
    judge: EndOfTurnJudge | None
    """None where turns end by the length of silence alone."""
    lacking: tuple[str, ...]
    """What the best choice would need besides, each with what to do about it; empty when nothing."""


def is_installed(library: str) -> bool:
    """Return whether a library can be imported, without importing it."""
    return find_spec(library) is not None


def choose_speech(level: SpeechLevel, *, folder: Path, installed: Callable[[str], bool] = is_installed) -> Speech:
    """Choose, and say in the log what is lacking.

    Args:
        level: What is wanted.
        folder: Where the weights lie.
        installed: Tells which libraries there are.
    """
    if level is SpeechLevel.SMALL:
        return _small()
    lacking = tuple(_lacking(folder, installed))
    if lacking:
        _log.warning("sandbox.speech.incomplete", lacking=list(lacking))
    runs = installed("onnxruntime")
    hears = runs and weights.are_there(folder, weights.MOONSHINE)
    listens = runs and weights.are_there(folder, [weights.SILERO])
    judges = runs and weights.are_there(folder, [weights.SMART_TURN])
    return Speech(
        voice=HibariVoice() if runs and installed("hibari") else PicoVoice(),
        detector=SileroDetector(folder=folder if listens else None),
        recogniser=MoonshineRecogniser(folder=folder) if hears else DeafRecogniser(),
        judge=SmartTurn(folder=folder) if judges else None,
        lacking=lacking,
    )


def _small() -> Speech:
    return Speech(
        voice=PicoVoice(), detector=SileroDetector(), recogniser=DeafRecogniser(), judge=None, lacking=()
    )


def _lacking(folder: Path, installed: Callable[[str], bool]) -> list[str]:
    if not installed("onnxruntime") or not installed("hibari"):
        return ["recognition and the natural voice: install limi[speech]"]
    parts = (
        ("recognition", weights.MOONSHINE),
        ("the judge of turns", (weights.SMART_TURN,)),
        ("the quicker detector of speech", (weights.SILERO,)),
    )
    missing = [name for name, files in parts if not weights.are_there(folder, files)]
    return [f"the weights of {_listed(missing)} in {folder}: run `limi speech install`"] if missing else []


def _listed(names: list[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
