"""The buffer counts whole milliseconds from the first sample ever written."""

import time

import pytest

from limi.protocol import AudioFormat, Limits
from limi.protocol.errors import RefusedError
from limi.protocol.input_buffer import InputBuffer


def buffer(audio_format: AudioFormat = AudioFormat.PCM16, **limits: int) -> InputBuffer:
    return InputBuffer(audio_format=audio_format, limits=Limits(**limits))


def test_positions_survive_taking_and_clearing() -> None:
    audio = buffer()
    audio.append(b"\1" * 4800)
    assert (audio.start_ms, audio.end_ms) == (0, 100)
    assert audio.take_until(20, 60) == b"\1" * (40 * 48)
    assert (audio.start_ms, audio.end_ms) == (60, 100)
    audio.clear()
    assert (audio.start_ms, audio.end_ms) == (100, 100)


def test_ranges_outside_the_buffer_are_cut_to_it() -> None:
    audio = buffer()
    audio.append(b"\1" * 480)
    assert audio.take_until(-5, 999) == b"\1" * 480
    assert audio.take_until(0, 5) == b""


def test_the_end_of_what_was_taken_can_be_taken_again_until_anything_else_is() -> None:
    audio = buffer()
    audio.append(b"\1" * 4800 + b"\2" * 4800)
    assert audio.take_until(0, 100, overlap_ms=20) == b"\1" * 4800
    assert (audio.reach_ms, audio.start_ms) == (80, 100)
    assert audio.take_until(90, 150, overlap_ms=10) == b"\1" * 480 + b"\2" * 2400
    assert (audio.reach_ms, audio.start_ms) == (140, 150)
    audio.forget_before(160)
    assert (audio.reach_ms, audio.start_ms) == (160, 160)
    assert audio.take_until(160, 180, overlap_ms=10) == b"\2" * 960
    assert audio.take_all() == b"\2" * 960
    assert audio.reach_ms == audio.end_ms == 200


def test_half_a_sample_waits_for_its_other_half() -> None:
    audio = buffer()
    audio.append(b"\1\2\3")
    assert audio.take_unheard() == (b"\1\2", 0)
    assert audio.take_all() == b"\1\2"
    audio.append(b"\4")
    assert audio.take_unheard() == (b"\3\4", 0)
    assert audio.take_all() == b"\3\4"
    audio.append(b"\5")
    audio.clear()
    audio.append(b"\6\7\7")
    assert audio.take_all() == b"\5\6\7\7"


def test_unheard_audio_can_be_skipped_to_a_whole_sample() -> None:
    audio = buffer()
    audio.append(b"\0" * 4801)
    audio.skip_unheard()
    audio.append(b"\1" * 3)
    assert audio.take_unheard() == (b"\0\1\1\1", 100)


def test_g711_has_eight_bytes_a_millisecond() -> None:
    audio = buffer(AudioFormat.PCMA)
    audio.append(b"\1" * 801)
    assert audio.end_ms == 100
    audio.check_commit()


def test_another_format_begins_afresh_where_the_last_one_ended() -> None:
    audio = buffer()
    audio.append(b"\1" * 4800)
    audio.change_format(AudioFormat.PCMU)
    assert (audio.start_ms, audio.end_ms) == (100, 100)
    audio.append(b"\1" * 80)
    assert (audio.end_ms, audio.take_unheard()) == (110, (b"\1" * 80, 100))
    audio.change_format(AudioFormat.PCMU)
    assert audio.take_all() == b"\1" * 80


def test_a_full_buffer_takes_nothing() -> None:
    audio = buffer(buffer_bytes=100)
    audio.append(b"\1" * 100)
    with pytest.raises(RefusedError):
        audio.append(b"\1")
    assert audio.take_all() == b"\1" * 100


def test_its_room_shrinks_and_comes_back() -> None:
    buffer = InputBuffer(audio_format=AudioFormat.PCM16, limits=Limits(buffer_bytes=100))
    buffer.append(bytes(60))
    assert buffer.room_bytes == 40
    buffer.take_all()
    assert buffer.room_bytes == 100


def test_ten_minutes_in_small_pieces_take_no_quadratic_time() -> None:
    audio = buffer(buffer_bytes=1 << 30)
    piece = b"\1" * 960
    begin = time.process_time()
    for _ in range(30_000):
        audio.append(piece)
        audio.take_unheard()
        audio.forget_before(audio.end_ms - 300_000)
    assert audio.end_ms == 600_000
    assert time.process_time() - begin < 2, "a quadratic buffer needs minutes for this"
