from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from limi.sandbox.speech import Preparable, SpeechError, SpeechUnavailableError
from limi.sandbox.speech.moonshine import MoonshineRecogniser
from limi.sandbox.speech.worker import Worker


class _Ear(Worker):
    """Answers without a child: how many bytes it heard, and nothing for silence of a second."""

    def __init__(self, error: SpeechError | None = None) -> None:
        super().__init__(command=())
        self.error = error
        self.questions: list[dict[str, Any]] = []
        self.closed = False

    async def ask(self, question: dict[str, Any]) -> Any:
        self.questions.append(question)
        if self.error is not None:
            raise self.error
        return f"{len(question['audio'])}" if question["last"] else ""

    async def close(self) -> None:
        self.closed = True


def _recogniser(ear: _Ear) -> MoonshineRecogniser:
    return MoonshineRecogniser(folder=Path("weights"), worker=ear)


@pytest.mark.parametrize(("encoding", "second"), [("audio/pcm", 48_000), ("audio/pcmu", 8_000)])
async def test_a_long_turn_is_asked_about_in_parts_so_that_others_come_between(encoding: str, second: int) -> None:
    ear = _Ear()
    assert await _recogniser(ear).recognise(bytes(20 * second), encoding) == str(4 * second)
    assert [len(question["audio"]) for question in ear.questions] == [8 * second, 8 * second, 4 * second]
    assert [question["last"] for question in ear.questions] == [False, False, True]
    assert {question["turn"] for question in ear.questions} == {0}


async def test_turns_are_told_apart_and_no_sound_is_a_turn_too() -> None:
    ear = _Ear()
    recogniser = _recogniser(ear)
    await recogniser.recognise(b"", "audio/pcm")
    await recogniser.recognise(bytes(8 * 48_000), "audio/pcm")
    assert [(question["turn"], question["last"]) for question in ear.questions] == [(0, True), (1, True)]


async def test_without_weights_it_says_so_once_and_goes_on_deaf() -> None:
    recogniser = _recogniser(_Ear(SpeechUnavailableError("the decoder (is damaged)", hint="fetch it")))
    with capture_logs() as logs:
        heard = [await recogniser.recognise(bytes(48_000), "audio/pcm") for _ in range(2)]
    assert heard == ["(1.0 seconds of speech)"] * 2
    assert [entry["event"] for entry in logs] == ["sandbox.speech.unavailable"]
    assert logs[0]["reason"] == "the decoder (is damaged) is not installed; fetch it"


async def test_a_worker_that_fails_is_an_error_of_this_turn() -> None:
    with pytest.raises(SpeechError, match="hangs"):
        await _recogniser(_Ear(SpeechError("hangs"))).recognise(bytes(10), "audio/pcm")


async def test_preparing_never_fails_and_closing_ends_the_worker() -> None:
    ear = _Ear(SpeechError("hangs"))
    recogniser = _recogniser(ear)
    assert isinstance(recogniser, Preparable)
    await recogniser.prepare()
    await recogniser.close()
    assert ear.closed


async def test_a_real_worker_without_weights_says_what_to_run(tmp_path: Path) -> None:
    recogniser = MoonshineRecogniser(folder=tmp_path)
    with capture_logs() as logs:
        assert await recogniser.recognise(bytes(48_000), "audio/pcm") == "(1.0 seconds of speech)"
    await recogniser.close()
    assert "encoder_model.onnx (is missing)" in logs[0]["reason"]
    assert "limi speech install" in logs[0]["reason"]
