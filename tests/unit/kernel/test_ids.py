from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from limi.kernel.ids import RandomIds, first_sortable_id, sortable_id
from limi.testing import CountingIds

MOMENTS = st.floats(min_value=0, max_value=4_102_444_800)


@given(st.integers(min_value=1, max_value=64))
def test_random_ids_have_the_length_asked_for(length: int) -> None:
    made = RandomIds().hex(length)
    assert len(made) == length
    assert set(made) <= set("0123456789abcdef")


def test_random_ids_do_not_repeat() -> None:
    ids = RandomIds()
    assert len({ids.hex(20) for _ in range(10_000)}) == 10_000


def test_no_two_threads_get_the_same_randomness() -> None:
    ids = RandomIds()
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: [ids.hex(20) for _ in range(2000)], range(8)))
    assert len({one for each in made for one in each}) == 16_000


def test_an_id_longer_than_a_block_is_whole() -> None:
    ids = RandomIds()
    ids.hex(1)
    made = ids.hex(10_000)
    assert len(made) == 10_000
    assert len({made[start : start + 20] for start in range(0, 10_000, 20)}) == 500


@given(MOMENTS, MOMENTS)
def test_sortable_ids_are_in_the_order_of_their_milliseconds(one: float, other: float) -> None:
    ids = CountingIds()
    first, second = sortable_id(ids, one), sortable_id(ids, other)
    assert len(first) == len(second) == 32
    if int(one * 1000) != int(other * 1000):
        assert (first < second) == (one < other)


def test_ids_of_the_same_millisecond_differ() -> None:
    ids = CountingIds()
    assert len({sortable_id(ids, 1_790_000_000.0) for _ in range(100)}) == 100


@given(MOMENTS, MOMENTS)
def test_the_first_id_of_a_moment_is_before_those_made_then_and_after_those_made_before(
    one: float, other: float
) -> None:
    made = sortable_id(CountingIds(), one)
    if int(one * 1000) != int(other * 1000):
        assert (first_sortable_id(other) <= made) == (other <= one)
    assert first_sortable_id(one) < made


def test_moments_that_no_id_was_made_at_have_a_place_too() -> None:
    assert first_sortable_id(-1.0) == "0" * 12
    assert first_sortable_id(1e300) == "f" * 12
