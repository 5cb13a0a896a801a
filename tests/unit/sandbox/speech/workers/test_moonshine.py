from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limi.sandbox.speech.weights import MOONSHINE_ENCODER, WeightsError
from limi.sandbox.speech.workers.moonshine import MoonshineWriter, Tokens

_TOKENIZER: dict[str, Any] = {
    "model": {"vocab": {"▁Hello": 5, "▁wor": 6, "ld": 7, "<0xC3>": 8, "<0xA9>": 9, "caf": 10, ".": 11}},
    "added_tokens": [{"id": 2, "content": "</s>"}],
}


def test_numbers_become_words_with_spaces_between() -> None:
    assert Tokens(_TOKENIZER).text(iter([5, 6, 7, 11])) == "Hello world."


def test_letters_outside_the_vocabulary_are_spelt_in_bytes() -> None:
    assert Tokens(_TOKENIZER).text(iter([10, 8, 9])) == "café"


def test_marks_and_unknown_numbers_are_no_words() -> None:
    assert Tokens(_TOKENIZER).text(iter([5, 2, 99_999])) == "Hello"
    assert Tokens(_TOKENIZER).text(iter([])) == ""


def test_half_a_letter_is_no_error() -> None:
    assert Tokens(_TOKENIZER).text(iter([10, 8])) == "caf\ufffd"


def test_without_its_weights_it_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is missing"):
        MoonshineWriter(tmp_path)


def test_with_damaged_weights_it_does_not_start(tmp_path: Path) -> None:
    path = tmp_path / MOONSHINE_ENCODER.path
    path.parent.mkdir()
    path.write_bytes(bytes(MOONSHINE_ENCODER.size_bytes))
    with pytest.raises(WeightsError, match="is damaged"):
        MoonshineWriter(tmp_path)


class _Written(MoonshineWriter):
    """Writes how many seconds it was given instead of running a model."""

    def __init__(self) -> None:
        self._np = np
        self._turns = OrderedDict()

    def _write(self, samples: Any) -> str:
        return f"{len(samples) / 16_000:.0f}"


class _HardOfHearing(MoonshineWriter):
    """Hears what is short enough."""

    def __init__(self) -> None:
        self._np = np
        self._turns = OrderedDict()
        self.heard: list[float] = []

    def _hear(self, speech: Any) -> str:
        self.heard.append(round(len(speech) / 16_000, 1))
        return "" if self.heard[-1] > 1.4 else "Hello."


def test_what_was_not_heard_is_listened_to_again_with_less_silence_after_it() -> None:
    writer = _HardOfHearing()
    tone = (9_000 * np.sin(np.arange(24_000) / 9)).astype("<i2").tobytes()
    question = {**_question(1, 0, last=True), "audio": bytes(48_000) + tone + bytes(48_000)}
    assert writer(question) == "Hello."
    assert writer.heard == [1.7, 1.4]


def _question(turn: int, seconds: float, *, last: bool) -> dict[str, Any]:
    return {"turn": turn, "audio": bytes(2 * int(24_000 * seconds)), "encoding": "audio/pcm", "last": last}


def test_a_long_turn_is_written_piece_by_piece_and_nothing_is_left_of_it() -> None:
    writer = _Written()
    texts = [writer(_question(1, 8, last=False)) for _ in range(5)] + [writer(_question(1, 1, last=True))]
    seconds = [int(word) for text in texts for word in text.split()]
    assert sum(seconds) == pytest.approx(41, abs=2)
    assert max(seconds) <= 24
    assert not writer._turns


def test_turns_that_nobody_ends_are_forgotten() -> None:
    writer = _Written()
    for turn in range(200):
        writer(_question(turn, 0.1, last=False))
    assert len(writer._turns) == 128
