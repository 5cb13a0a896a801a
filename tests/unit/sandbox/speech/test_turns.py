from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from limi.sandbox.speech.ports import SpeechWindow
from limi.sandbox.speech.turns import SpeechPaused, SpeechStarted, SpeechStopped, TurnDetector

_Turn = SpeechStarted | SpeechPaused | SpeechStopped


def _heard(detector: TurnDetector, probabilities: Iterable[float]) -> list[_Turn]:
    windows = (SpeechWindow(32 * i, p) for i, p in enumerate(probabilities, start=1))
    return [turn for window in windows if (turn := detector.hear(window)) is not None]


def test_a_turn_begins_with_its_first_sound_and_ends_after_the_silence() -> None:
    detector = TurnDetector(threshold=0.5, silence_ms=96)
    assert _heard(detector, [0, 0, 1, 1, 1, 0, 0, 0, 0]) == [SpeechStarted(64), SpeechStopped(256)]


def test_a_click_is_no_turn() -> None:
    assert _heard(TurnDetector(threshold=0.5, silence_ms=96), [0, 1, 0, 1, 0, 0, 0, 0]) == []


def test_a_pause_shorter_than_the_silence_does_not_end_a_turn() -> None:
    assert _heard(TurnDetector(threshold=0.5, silence_ms=96), [1, 1, 0, 0, 1, 1]) == [SpeechStarted(0)]


def test_the_threshold_decides_what_speech_is() -> None:
    quiet = [0.6] * 4
    assert _heard(TurnDetector(threshold=0.7, silence_ms=96), quiet) == []
    assert _heard(TurnDetector(threshold=0.5, silence_ms=96), quiet) == [SpeechStarted(0)]


def test_speech_may_fade_a_little_without_ending() -> None:
    assert _heard(TurnDetector(threshold=0.5, silence_ms=64), [1, 1, 0.4, 0.4, 0.4]) == [SpeechStarted(0)]


def test_a_turn_that_was_open_ends_with_the_first_long_silence() -> None:
    assert _heard(TurnDetector(threshold=0.5, silence_ms=64, speaking=True), [0, 0]) == [SpeechStopped(64)]


def test_each_pause_in_a_turn_is_told_of_once() -> None:
    detector = TurnDetector(threshold=0.5, silence_ms=320, pause_ms=64)
    turns = _heard(detector, [1, 1, 0, 0, 0, 0, 1, 0, 0, 0])
    assert turns == [SpeechStarted(0), SpeechPaused(128), SpeechPaused(288)]


def test_a_turn_that_sounds_finished_ends_in_its_pause() -> None:
    detector = TurnDetector(threshold=0.5, silence_ms=320, pause_ms=64)
    assert _heard(detector, [1, 1, 0, 0])[-1] == SpeechPaused(128)
    assert detector.expect(64) == SpeechStopped(128)
    assert _heard(detector, [0, 0, 0]) == []


def test_a_turn_that_sounds_half_finished_ends_a_little_later() -> None:
    detector = TurnDetector(threshold=0.5, silence_ms=320, pause_ms=64)
    _heard(detector, [1, 1, 0, 0])
    assert detector.expect(96) is None
    assert detector.hear(SpeechWindow(160, 0.0)) == SpeechStopped(160)


def test_who_goes_on_speaking_gets_the_whole_silence_again() -> None:
    detector = TurnDetector(threshold=0.5, silence_ms=320, pause_ms=64)
    _heard(detector, [1, 1, 0, 0])
    detector.expect(96)
    windows = [SpeechWindow(160, 1.0), *(SpeechWindow(32 * i, 0.0) for i in range(6, 16))]
    turns = [turn for window in windows if (turn := detector.hear(window)) is not None]
    assert turns == [SpeechPaused(224), SpeechStopped(480)]


@given(st.lists(st.floats(0, 1), max_size=200), st.floats(0, 1), st.integers(0, 500))
def test_turns_begin_and_end_in_alternation_and_time_does_not_go_back(
    probabilities: list[float], threshold: float, silence_ms: int
) -> None:
    turns = _heard(TurnDetector(threshold=threshold, silence_ms=silence_ms), probabilities)
    assert all(isinstance(turn, SpeechStarted) for turn in turns[::2])
    assert all(isinstance(turn, SpeechStopped) for turn in turns[1::2])
    assert [turn.at_ms for turn in turns] == sorted(turn.at_ms for turn in turns)
