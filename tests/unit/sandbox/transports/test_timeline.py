"""Late packets are no silence, and silence that was not sent is heard."""

import pytest

from limi.sandbox.transports.playback import FRAME_SAMPLES
from limi.sandbox.transports.timeline import Timeline

_SECOND = 50
"""Frames of 20 ms."""


def _sent(timeline: Timeline, *numbers: int) -> list[int]:
    """Let packets of 20 ms come, by their place in the stream; returns the frames of silence before each."""
    silences = [timeline.silence_before(number * FRAME_SAMPLES, FRAME_SAMPLES) for number in numbers]
    return [len(silence) // (2 * FRAME_SAMPLES) for silence in silences]


def _passed(timeline: Timeline, frames: int) -> int:
    """Let time pass without packets; returns the frames of silence that were heard."""
    return sum(len(timeline.frame_passed()) for _ in range(frames)) // (2 * FRAME_SAMPLES)


@pytest.mark.parametrize("late", [1, 11, 30, _SECOND - 1])
def test_packets_that_come_late_and_all_at_once_are_no_silence(late: int) -> None:
    timeline = Timeline()
    assert _sent(timeline, 0, 1, 2) == [0, 0, 0]
    assert _passed(timeline, late) == 0
    assert _sent(timeline, *range(3, 3 + late)) == [0] * late


def test_silence_that_was_not_sent_is_heard_when_the_next_packet_tells_of_it() -> None:
    """A codec may send one packet in 400 ms of silence."""
    timeline = Timeline()
    _sent(timeline, 0)
    assert _passed(timeline, 19) == 0
    assert _sent(timeline, 20, 21, 41) == [19, 0, 19]


def test_a_packet_that_is_lost_leaves_a_silence_of_its_length() -> None:
    assert _sent(Timeline(), 0, 1, 3, 4) == [0, 0, 1, 0]


def test_a_microphone_that_stops_is_silent_after_a_second_and_from_then_on() -> None:
    timeline = Timeline()
    _sent(timeline, 0)
    assert _passed(timeline, _SECOND - 1) == 0
    assert _passed(timeline, 1) == _SECOND
    assert _passed(timeline, 10) == 10


def test_silence_that_was_heard_already_is_not_heard_again() -> None:
    timeline = Timeline()
    _sent(timeline, 0)
    assert _passed(timeline, _SECOND + 10) == _SECOND + 10
    assert _sent(timeline, 1 + _SECOND + 10 + 2) == [2]
    assert _sent(timeline, 1 + _SECOND + 10 + 3) == [0]


def test_a_packet_that_comes_later_than_anybody_waits_for_is_heard_all_the_same() -> None:
    timeline = Timeline()
    _sent(timeline, 0)
    assert _passed(timeline, _SECOND + 20) == _SECOND + 20
    assert _sent(timeline, 1, 2, 4) == [0, 0, 1]


def test_nobody_is_silent_before_the_first_packet() -> None:
    timeline = Timeline()
    assert _passed(timeline, 2 * _SECOND) == 0
    assert _sent(timeline, 1_000) == [0]


@pytest.mark.parametrize("next_packet", [6 * _SECOND, 2**30, -5])
def test_a_stream_that_begins_anew_leaves_no_silence(next_packet: int) -> None:
    assert _sent(Timeline(), 0, next_packet, next_packet + 1) == [0, 0, 0]
