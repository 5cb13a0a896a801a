from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limi.sandbox.speech.weights import WeightsError
from limi.sandbox.speech.workers import silero
from limi.sandbox.speech.workers.silero import SileroListener, quick_model


class _Inference:
    """Stands in for onnxruntime: counts on in its memory, and is loud where the new part of the window is."""

    def __init__(self) -> None:
        self.inputs: list[dict[str, Any]] = []

    def run(self, _: None, inputs: dict[str, Any]) -> tuple[Any, Any]:
        self.inputs.append(inputs)
        return np.asarray([[inputs["input"][0, 64:].max()]], np.float32), inputs["state"] + 1


def _question(stream: str, audio: bytes | None, encoding: str = "audio/pcm") -> dict[str, Any]:
    return {"stream": stream, "audio": audio, "encoding": encoding}


def test_a_second_of_sound_has_thirty_windows_and_the_rest_waits() -> None:
    listener = SileroListener()
    first = listener(_question("a", bytes(48_000)))
    second = listener(_question("a", bytes(48_000)))
    assert len(first) in {30, 31}
    assert len(first) + len(second) in {61, 62}
    assert max(first + second) < 0.5


def test_telephone_sound_is_heard_as_well() -> None:
    listener = SileroListener()
    assert len(listener(_question("a", b"\xff" * 8_000, "audio/pcmu"))) in {29, 30, 31}
    assert len(listener(_question("b", b"\xd5" * 8_000, "audio/pcma"))) in {29, 30, 31}


def test_a_stream_is_forgotten_when_told_and_when_there_are_too_many() -> None:
    listener = SileroListener(streams=2)
    for name in ("a", "b", "c"):
        listener(_question(name, bytes(4_800)))
    assert list(listener._streams) == ["b", "c"]
    assert listener(_question("b", None)) == []
    assert list(listener._streams) == ["c"]


def test_the_quick_model_is_given_the_end_of_the_window_before_and_its_own_memory() -> None:
    inference = _Inference()
    model = silero._QuickModel(inference)
    windows = [np.full(512, loudness, np.float32) for loudness in (0.25, 0.5)]
    assert [model(window) for window in windows] == [0.25, 0.5]
    first, second = inference.inputs
    assert first["input"].shape == second["input"].shape == (1, 576)
    assert (first["input"][0, :64].max(), second["input"][0, :64].max()) == (0, 0.25)
    assert (first["state"].max(), second["state"].max()) == (0, 1)
    assert int(first["sr"]) == 16_000


def test_each_stream_has_a_model_of_its_own() -> None:
    inference = _Inference()
    listener = SileroListener(lambda: silero._QuickModel(inference))
    for name in ("a", "b"):
        listener(_question(name, bytes(4_800)))
    begun = [inputs for inputs in inference.inputs if inputs["state"].max() == 0]
    assert len(begun) == 2


def test_without_its_weights_the_quick_model_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="is missing"):
        quick_model(tmp_path)


def test_who_lost_the_weights_since_is_heard_by_the_small_model(tmp_path: Path) -> None:
    assert len(silero._listener(str(tmp_path))(_question("a", bytes(48_000)))) in {30, 31}
