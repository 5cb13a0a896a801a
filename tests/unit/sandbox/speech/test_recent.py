from limi.sandbox.speech.recent import RecentSound


def _sound(milliseconds: range) -> bytes:
    return bytes(ms % 256 for ms in milliseconds)


def test_a_stretch_is_returned_across_pieces() -> None:
    recent = RecentSound(bytes_per_ms=1, limit_ms=100)
    recent.add(_sound(range(30)))
    recent.add(_sound(range(30, 60)))
    assert recent.between(20, 40) == _sound(range(20, 40))


def test_past_the_limit_the_oldest_falls_out_and_places_stay_what_they_were() -> None:
    recent = RecentSound(bytes_per_ms=1, limit_ms=50)
    for start in range(0, 200, 10):
        recent.add(_sound(range(start, start + 10)))
    assert recent.between(160, 170) == _sound(range(160, 170))
    assert recent.between(0, 160) == _sound(range(150, 160))
    assert recent.between(0, 100) == b""


def test_of_a_piece_longer_than_the_limit_the_end_is_kept() -> None:
    recent = RecentSound(bytes_per_ms=1, limit_ms=50)
    recent.add(_sound(range(10)))
    recent.add(_sound(range(10, 200)))
    assert recent.between(0, 200) == _sound(range(150, 200))


def test_nothing_is_beyond_the_end() -> None:
    recent = RecentSound(bytes_per_ms=2, limit_ms=50)
    recent.add(bytes(20))
    assert len(recent.between(5, 100)) == 10
