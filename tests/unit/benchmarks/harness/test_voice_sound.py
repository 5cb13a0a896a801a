"""What a caller says, and when each piece of it left."""

import pytest

from benchmarks.harness.voice_sound import RATE, Microphone, cut, recorded_speech


def _microphone() -> Microphone[str]:
    return Microphone(speech=["a", "b"], silence="-", piece_ms=20)


def test_the_recording_is_four_seconds_or_its_beginning() -> None:
    whole = recorded_speech()
    assert 3.5 < len(whole) / 2 / RATE < 4.5
    assert recorded_speech(0.5) == whole[:RATE]


def test_the_last_piece_is_filled_up_with_silence() -> None:
    assert cut(b"ab" * 30, 1) == [b"ab" * 24, b"ab" * 6 + bytes(36)]


def test_a_microphone_is_silent_before_and_after_it_speaks() -> None:
    microphone = _microphone()
    pieces = [microphone.next_piece(0.0)]
    microphone.speak()
    pieces += [microphone.next_piece(0.0) for _ in range(3)]
    microphone.speak()
    pieces.append(microphone.next_piece(0.0))
    assert pieces == ["-", "a", "b", "-", "a"]
    assert microphone.speaking_from_ms == 80


def test_a_moment_of_the_sound_is_when_the_piece_that_holds_it_left() -> None:
    microphone = _microphone()
    for second in (1.0, 2.0, 3.0):
        microphone.next_piece(second)
    assert [microphone.sent_at(ms) for ms in (1, 20, 21, 60)] == [1.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize("position_ms", [0, 21])
def test_a_moment_that_was_not_sent_is_an_error(position_ms: int) -> None:
    microphone = _microphone()
    microphone.next_piece(1.0)
    with pytest.raises(ValueError, match=f"20 ms were sent, not {position_ms}"):
        microphone.sent_at(position_ms)
