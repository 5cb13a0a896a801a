import pytest

from limi.features.analytics.model import Counts, Grain
from tests.unit.features.analytics.harness import NOON


@pytest.mark.parametrize(
    ("grain", "at", "start", "end"),
    [
        (Grain.MINUTE, NOON + 61.5, NOON + 60, NOON + 120),
        (Grain.MINUTE, NOON, NOON, NOON),
        (Grain.HOUR, NOON + 3599.999999, NOON, NOON + 3600),
        (Grain.DAY, NOON, NOON - 8 * 3600, NOON + 16 * 3600),
        (Grain.DAY, 0, 0, 0),
    ],
)
def test_a_stretch_begins_at_a_whole_one(grain: Grain, at: float, start: float, end: float) -> None:
    assert (grain.start(at), grain.end(at)) == (start, end)


def test_counts_are_added_by_name() -> None:
    assert Counts(minted=1, errors=2).plus(Counts(errors=3)) == Counts(minted=1, errors=5)


def test_what_happened_several_times_counts_as_often() -> None:
    assert Counts(not_connected=1, errors=2).times(3) == Counts(not_connected=3, errors=6)
