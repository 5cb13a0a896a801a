"""Medians, spread and ratios of interleaved rounds."""

import statistics
from collections.abc import Mapping, Sequence

import msgspec

__all__ = ["Summary", "ratios", "summarize"]


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The rounds of one figure. The spread is from the least to the greatest: rounds are too few for quartiles."""

    median: float
    low: float
    high: float


def summarize(values: Sequence[float]) -> Summary:
    """Return the median and spread of at least one value.

    Raises:
        ValueError: there is none.
    """
    if not values:
        raise ValueError("a summary needs at least one value")
    return Summary(median=statistics.median(values), low=min(values), high=max(values))


def ratios(rounds: Mapping[str, Sequence[float]]) -> dict[str, dict[str, Summary]]:
    """Return how many times each contender's figure is each other's: `ratios(…)[a][b]` is a divided by b.

    Each ratio is taken within one round, so that a neighbour on the machine who slows a whole round cancels out.
    A pair of which one has rounds the other lacks is compared over those that both have.
    """
    return {
        one: {
            other: summarize([x / y for x, y in zip(mine, theirs, strict=False)])
            for other, theirs in rounds.items()
            if other != one and mine and theirs and all(theirs)
        }
        for one, mine in rounds.items()
    }
