"""Medians, spread and ratios of interleaved rounds."""

import pytest

from benchmarks.harness.statistics import has_quartiles, ratios, summarize


def test_summary_of_few_rounds_is_the_median_between_least_and_greatest() -> None:
    assert not has_quartiles(3)
    found = summarize([5.0, 1.0, 3.0])
    assert (found.median, found.low, found.high) == (3.0, 1.0, 5.0)


def test_of_many_rounds_the_spread_is_from_quartile_to_quartile() -> None:
    values = [2.0, 1.0, 3.0, 4.0, 5.0, 7.0, 6.0, 8.0, 100.0]
    assert has_quartiles(len(values))
    found = summarize(values)
    assert (found.median, found.low, found.high) == (5.0, 3.0, 7.0)


def test_nothing_cannot_be_summarized() -> None:
    with pytest.raises(ValueError, match="at least one"):
        summarize([])


def test_ratio_is_taken_within_each_round_so_that_a_slow_round_cancels_out() -> None:
    found = ratios({"one": {1: 4.0, 2: 40.0, 3: 4.0}, "other": {1: 1.0, 2: 10.0, 3: 1.0}})
    assert found["one"]["other"].median == found["one"]["other"].high == 4.0
    assert found["other"]["one"].median == 0.25
    assert "one" not in found["one"]


def test_who_lacks_rounds_is_compared_over_those_both_have() -> None:
    found = ratios({"one": {1: 2.0, 2: 6.0}, "other": {2: 1.0}, "absent": {}, "never-with-other": {1: 1.0}})
    assert found["one"]["other"].median == 6.0
    assert "absent" not in found["one"]
    assert "never-with-other" not in found["other"]


def test_a_figure_of_zero_has_no_ratio_to_it() -> None:
    assert ratios({"one": {1: 2.0}, "other": {1: 0.0}})["one"] == {}
