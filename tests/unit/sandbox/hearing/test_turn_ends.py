from typing import Any

import pytest
from structlog.testing import capture_logs

from limi.protocol import AudioFormat, Eagerness, SemanticVAD, ServerVAD
from limi.sandbox.hearing.turn_ends import TurnEnds
from limi.sandbox.speech import SpeechError, SpeechWindow
from limi.sandbox.speech.turns import SpeechPaused, SpeechStopped

_SILENCES = {Eagerness.LOW: 2_000, Eagerness.MEDIUM: 1_000, Eagerness.AUTO: 1_000, Eagerness.HIGH: 500}
_LONG = bytes(8 * 1_500)
"""A turn of so many milliseconds is no opening any more, in G.711."""
_LONGEST = {eagerness: 4 * silence for eagerness, silence in _SILENCES.items()}


class _Judge:
    def __init__(self, probability: float = 0.0, error: SpeechError | None = None) -> None:
        self.probability = probability
        self.error = error
        self.asked: list[tuple[bytes, str]] = []

    async def finished(self, audio: bytes, encoding: str) -> float:
        self.asked.append((audio, encoding))
        if self.error is not None:
            raise self.error
        return self.probability

    async def close(self) -> None:
        return


def _ends(judge: _Judge | None) -> TurnEnds:
    return TurnEnds(silence_ms=_SILENCES, judge=judge, pause_ms=250, longest_ms=_LONGEST)


@pytest.mark.parametrize(
    ("probability", "eagerness", "silence_ms"),
    [
        (1.0, Eagerness.AUTO, 250),
        (0.5, Eagerness.LOW, 250),
        (0.25, Eagerness.AUTO, 2_125),
        (0.0, Eagerness.AUTO, 4_000),
        (0.0, Eagerness.LOW, 8_000),
        (0.0, Eagerness.HIGH, 2_000),
    ],
)
async def test_the_less_finished_it_sounds_the_longer_it_is_waited(
    probability: float, eagerness: Eagerness, silence_ms: int
) -> None:
    judge = _Judge(probability)
    waited = await _ends(judge).silence_after(_LONG, AudioFormat.PCMU, SemanticVAD(eagerness=eagerness))
    assert waited == silence_ms
    assert judge.asked == [(_LONG, "audio/pcmu")]


@pytest.mark.parametrize(
    ("probability", "eagerness", "silence_ms"),
    [
        (1.0, Eagerness.AUTO, 400),
        (1.0, Eagerness.LOW, 400),
        (1.0, Eagerness.HIGH, 250),
        (0.49, Eagerness.AUTO, 400),
        (0.25, Eagerness.AUTO, 2_125),
    ],
)
async def test_what_may_be_an_opening_is_waited_after_a_little_longer(
    probability: float, eagerness: Eagerness, silence_ms: int
) -> None:
    short, settings = _LONG[1:], SemanticVAD(eagerness=eagerness)
    assert await _ends(_Judge(probability)).silence_after(short, AudioFormat.PCMU, settings) == silence_ms


async def test_a_judge_that_fails_is_told_of_once_and_the_eagerness_decides() -> None:
    ends = _ends(_Judge(error=SpeechError("hangs")))
    with capture_logs() as logs:
        waited = [await ends.silence_after(b"", AudioFormat.PCM16, SemanticVAD()) for _ in range(2)]
    assert waited == [_SILENCES[SemanticVAD().eagerness]] * 2
    assert [entry["event"] for entry in logs] == ["sandbox.end_of_turn.failed"]


def test_only_semantic_turns_are_judged_and_only_by_a_judge() -> None:
    assert _ends(_Judge()).judges(SemanticVAD())
    assert not _ends(_Judge()).judges(ServerVAD())
    assert not _ends(None).judges(SemanticVAD())


async def test_asking_about_turns_that_nobody_judges_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="settings"):
        await _ends(None).silence_after(b"", AudioFormat.PCM16, SemanticVAD())


def _after_silence(ends: TurnEnds, settings: Any, milliseconds: int) -> list[Any]:
    detector = ends.detector(settings, speaking=True)
    windows = [SpeechWindow(32, 1.0), *(SpeechWindow(32 * i, 0.0) for i in range(2, milliseconds // 32 + 2))]
    return [turn for window in windows if (turn := detector.hear(window)) is not None]


def test_pauses_are_told_of_where_somebody_judges_them() -> None:
    assert _after_silence(_ends(_Judge()), SemanticVAD(), 1_200) == [SpeechPaused(288)]
    assert _after_silence(_ends(None), SemanticVAD(), 1_200) == [SpeechStopped(1_056)]
    assert _after_silence(_ends(_Judge()), ServerVAD(silence_duration_ms=320), 640) == [SpeechStopped(352)]
