"""Medians, spread and ratios of interleaved rounds."""

import statistics
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

__all__ = ["Summary", "has_quartiles", "ratios", "summarize"]

_ENOUGH: Final = 8
"""From so many rounds on quartiles say more than the extremes, each of which is one round's chance."""


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The rounds of one figure. The spread is from quartile to quartile; of few rounds, from least to greatest."""

    median: float
    low: float
    high: float


def has_quartiles(rounds: int) -> bool:
    """Say whether the spread of so many rounds is from quartile to quartile."""
    return rounds >= _ENOUGH


def summarize(values: Sequence[float]) -> Summary:
    """Return the median and spread of at least one value.

    Raises:
        ValueError: there is none.
    """
    if not values:
        raise ValueError("a summary needs at least one value")
    low, high = min(values), max(values)
    if has_quartiles(len(values)):
        low, _, high = statistics.quantiles(values, method="inclusive")
    return Summary(median=statistics.median(values), low=low, high=high)


def ratios(rounds: Mapping[str, Mapping[int, float]]) -> dict[str, dict[str, Summary]]:
    """Return how many times each contender's figure is each other's: `ratios(…)[a][b]` is a divided by b.

    Each ratio is taken within one round, so that a neighbour on the machine who slows a whole round cancels out.
    A pair of which one has rounds the other lacks is compared over those that both have.

    Args:
        rounds: each one's figures, by the number of the round.
    """
    return {
        one: {
            other: summarize([mine[number] / theirs[number] for number in sorted(mine.keys() & theirs.keys())])
            for other, theirs in rounds.items()
            if other != one and mine.keys() & theirs.keys() and all(theirs.values())
        }
        for one, mine in rounds.items()
    }
