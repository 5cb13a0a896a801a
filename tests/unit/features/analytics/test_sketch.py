import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limi.features.analytics.sketch import MAX_DURATION_MS, DurationSketch

durations = st.lists(st.integers(0, MAX_DURATION_MS * 2), max_size=60)


@given(durations, durations, durations)
def test_the_order_in_which_parts_are_added_does_not_matter(
    one: list[int], two: list[int], three: list[int]
) -> None:
    """So a rollup that is made anew is the same, however its events were cut the first time."""
    whole = DurationSketch([*one, *two, *three])
    for first, second, third in ((one, two, three), (three, one, two)):
        parts = DurationSketch(first)
        parts.add(DurationSketch(second).encoded())
        parts.add(DurationSketch(third).encoded())
        assert parts == whole
        assert len(parts) == len(one) + len(two) + len(three)


@given(st.lists(st.integers(1, MAX_DURATION_MS), min_size=1, max_size=200), st.sampled_from([50, 90, 95, 99]))
def test_a_percentile_is_right_to_one_in_a_hundred(values: list[int], percentile: int) -> None:
    found = DurationSketch(values).percentile_ms(percentile)
    ranked = sorted(values)
    # The value at that rank, counted as the library does: the smallest that so many percent do not exceed.
    rank = max(0, -(-len(ranked) * percentile // 100) - 1)
    nearby = ranked[max(0, rank - 1) : rank + 2]
    assert min(nearby) <= found <= max(nearby) * 1.01 + 1


def test_a_median_is_about_what_it_should_be() -> None:
    values = [100 + number * 3 for number in range(999)]
    assert DurationSketch(values).percentile_ms(50) == pytest.approx(statistics.median(values), rel=0.01)


def test_what_is_out_of_range_counts_at_its_end() -> None:
    sketch = DurationSketch([0, 10 * MAX_DURATION_MS])
    assert len(sketch) == 2
    assert sketch.percentile_ms(100) == pytest.approx(MAX_DURATION_MS, rel=0.01)


def test_it_is_small() -> None:
    assert len(DurationSketch([640]).encoded()) < 64
    assert len(DurationSketch(range(1, 3000)).encoded()) < 1500


@pytest.mark.parametrize("nonsense", [b"", b"nonsense", b"\x1c\x84\x93\x14\x00\x00\x00\x00", bytes(40)])
def test_what_is_no_histogram_is_refused(nonsense: bytes) -> None:
    with pytest.raises(ValueError, match="histogram"):
        DurationSketch().add(nonsense)


def test_it_is_not_equal_to_anything_else() -> None:
    assert DurationSketch() != 0
    assert DurationSketch([1]) != DurationSketch([2])
