import random

from hypothesis import given
from hypothesis import strategies as st

from limi.features.analytics.model import Counts, Grain, RollupKey, SourceRow
from limi.features.analytics.rollups import Tally, summarise
from tests.unit.features.analytics.harness import ALL, NOON

rows = st.lists(
    st.builds(
        SourceRow,
        seq=st.integers(1, 100),
        at=st.floats(NOON - 90_000, NOON + 90_000, allow_nan=False),
        counts=st.one_of(st.none(), st.builds(Counts, minted=st.integers(0, 3), errors=st.integers(0, 3))),
        tenant=st.sampled_from(["", "acme"]),
        model=st.sampled_from(["", "m"]),
        duration_ms=st.one_of(st.none(), st.integers(0, 99)),
    ),
    max_size=40,
)


def merged(parts: list[dict[RollupKey, Tally]]) -> dict[RollupKey, tuple[Counts, list[int]]]:
    whole: dict[RollupKey, Tally] = {}
    for part in parts:
        for key, tally in part.items():
            whole.setdefault(key, Tally()).add(tally.counts, tally.durations_ms)
    return {key: (tally.counts, sorted(tally.durations_ms)) for key, tally in whole.items()}


@given(rows, st.integers(0, 40), st.randoms(use_true_random=False))
def test_order_and_cuts_do_not_matter(given_rows: list[SourceRow], cut: int, chance: random.Random) -> None:
    shuffled = chance.sample(given_rows, len(given_rows))
    parts = [summarise(shuffled[:cut], oldest=ALL), summarise(shuffled[cut:], oldest=ALL)]
    assert merged(parts) == merged([summarise(given_rows, oldest=ALL)])


@given(rows)
def test_every_grain_counts_everything_once(given_rows: list[SourceRow]) -> None:
    tallies = summarise(given_rows, oldest=ALL)
    for grain in Grain:
        minted = sum(tally.counts.minted for key, tally in tallies.items() if key.grain is grain)
        assert minted == sum(row.counts.minted for row in given_rows if row.counts)


def test_stretches_from_before_the_oldest_are_left_out() -> None:
    row = SourceRow(1, NOON + 59, Counts(minted=1))
    assert summarise([row], oldest={Grain.MINUTE: int(NOON)}).keys()
    assert not summarise([row], oldest={Grain.MINUTE: int(NOON) + 60}).keys()
    assert [key.grain for key in summarise([row], oldest={Grain.DAY: 0})] == [Grain.DAY]
