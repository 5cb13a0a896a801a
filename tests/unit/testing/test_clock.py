from limi.kernel.clock import Clock
from limi.kernel.ids import Ids
from limi.testing import CountingIds, ManualClock


def test_a_manual_clock_moves_only_when_told() -> None:
    manual = ManualClock()
    clock: Clock = manual
    before = clock.now(), clock.monotonic()
    assert (clock.now(), clock.monotonic()) == before
    manual.advance(2.5)
    assert (clock.now(), clock.monotonic()) == (before[0] + 2.5, before[1] + 2.5)


def test_setting_the_wall_clock_is_no_time_passing() -> None:
    clock = ManualClock(1000.0)
    before = clock.monotonic()
    clock.set_now(5.0)
    assert (clock.now(), clock.monotonic()) == (5.0, before)


def test_counting_ids_repeat_from_run_to_run_and_never_within_one() -> None:
    one: Ids = CountingIds()
    other = CountingIds()
    made = [one.hex(20) for _ in range(1000)]
    assert made == [other.hex(20) for _ in range(1000)]
    assert len(set(made)) == 1000


def test_counting_ids_have_the_length_asked_for() -> None:
    ids = CountingIds()
    assert [len(ids.hex(length)) for length in (1, 2, 7, 20, 33)] == [1, 2, 7, 20, 33]
    assert set(ids.hex(200)) <= set("0123456789abcdef")
