from pathlib import Path
from typing import Any

import pytest

from limi.sandbox.speech import Preparable, SpeechError, SpeechUnavailableError
from limi.sandbox.speech.smart_turn import SmartTurn
from limi.sandbox.speech.worker import Worker


class _Judge(Worker):
    def __init__(self, error: SpeechError | None = None) -> None:
        super().__init__(command=())
        self.error = error
        self.questions: list[dict[str, Any]] = []
        self.closed = False

    async def ask(self, question: dict[str, Any]) -> Any:
        self.questions.append(question)
        if self.error is not None:
            raise self.error
        return 0.75

    async def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("encoding", "second"), [("audio/pcm", 48_000), ("audio/pcma", 8_000)])
async def test_the_last_eight_seconds_are_judged(encoding: str, second: int) -> None:
    worker = _Judge()
    audio = bytes(2 * second) + b"\x01" * (8 * second)
    assert await SmartTurn(folder=Path("weights"), worker=worker).finished(audio, encoding) == 0.75
    assert worker.questions == [{"audio": b"\x01" * (8 * second), "encoding": encoding}]


async def test_preparing_never_fails_and_closing_ends_the_worker() -> None:
    worker = _Judge(SpeechError("hangs"))
    judge = SmartTurn(folder=Path("weights"), worker=worker)
    assert isinstance(judge, Preparable)
    await judge.prepare()
    await judge.close()
    assert worker.closed


async def test_a_real_worker_without_weights_says_what_to_run(tmp_path: Path) -> None:
    judge = SmartTurn(folder=tmp_path)
    with pytest.raises(SpeechUnavailableError, match=r"is missing.*limi speech install"):
        await judge.finished(bytes(100), "audio/pcm")
    await judge.close()
