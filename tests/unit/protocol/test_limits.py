"""The default limits are those upstream has, or fit what its clients bear."""

from limi.protocol import Limits


def test_the_largest_append_fits_into_the_largest_frame_and_the_buffer() -> None:
    limits = Limits()
    assert limits.append_bytes * 4 // 3 < limits.frame_characters
    assert limits.append_bytes < limits.buffer_bytes


def test_retrieved_audio_stays_below_eight_mebibytes_a_frame() -> None:
    assert Limits().retrieved_audio_bytes * 4 // 3 < 8 * 1024 * 1024 - 64 * 1024


def test_a_session_lasts_sixty_minutes() -> None:
    assert Limits().session_seconds == 3600
