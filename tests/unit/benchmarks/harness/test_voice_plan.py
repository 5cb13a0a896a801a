"""When calls count as held, and what a percentile of a few values is."""

import pytest

from benchmarks.harness.voice_plan import holds, percentile


@pytest.mark.parametrize(
    ("turns", "held"),
    [
        ([0.1, 0.2, 0.9], True),
        ([0.1, 0.6, 0.9], False),
        ([0.1, 0.1], False),
        ([], False),
    ],
)
def test_calls_are_held_while_most_are_answered_and_half_of_them_in_time(
    turns: list[float], *, held: bool
) -> None:
    assert holds(turns, calls=4, bound_seconds=0.5) is held


@pytest.mark.parametrize(("percent", "value"), [(1, 1), (50, 5), (51, 6), (99, 10), (100, 10)])
def test_a_percentile_is_one_of_the_values(percent: int, value: float) -> None:
    assert percentile([10, 9, 8, 7, 6, 5, 4, 3, 2, 1], percent) == value


def test_a_percentile_of_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        percentile([], 50)
