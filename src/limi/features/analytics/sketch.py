"""How long connecting took, for percentiles that can be asked of any stretch of time and any group.

Percentiles cannot be added up, so each rollup keeps a histogram of durations instead, with one bin for what
differs by less than 1 %. Two of them are added bin by bin, which is exact: whatever the order, the sum is the
same, so rollups can be made anew from their events and be what they were. Why this library: docs/decisions/0022.
"""

import warnings
from collections.abc import Iterable
from typing import Final

with warnings.catch_warnings():
    # A ctypes structure of its encoding, which is not used; where warnings are errors it would fail every import.
    warnings.filterwarnings("ignore", "Due to '_pack_'", DeprecationWarning)
    from hdrh.histogram import HdrHistogram

__all__ = ["MAX_DURATION_MS", "DurationSketch"]

MAX_DURATION_MS: Final = 3_600_000
"""The longest duration told from longer ones: an hour. Nobody waits so long for a connection."""
_DIGITS: Final = 2
"""Significant digits, and so an error below 1 %."""


class DurationSketch:
    """A histogram of whole milliseconds; those beyond an hour count as an hour."""

    __slots__ = ("_bins",)

    def __init__(self, durations_ms: Iterable[int] = ()) -> None:
        self._bins: HdrHistogram = _empty()
        for duration in durations_ms:
            # The histogram begins at 1, and what took less took next to nothing.
            self._bins.record_value(min(max(duration, 1), MAX_DURATION_MS))

    def __eq__(self, other: object) -> bool:
        """Say whether both hold the same."""
        return isinstance(other, DurationSketch) and self.encoded() == other.encoded()

    __hash__ = None  # type: ignore[assignment]  # It can be added to.

    def __len__(self) -> int:
        """Return how many durations there are."""
        return int(self._bins.total_count)

    def add(self, encoded: bytes) -> None:
        """Add what another one's `encoded` returned.

        Raises:
            ValueError: when it is nothing of that kind.
        """
        try:
            self._bins.add(HdrHistogram.decode(encoded, b64_wrap=False))
        except Exception as exc:
            # The library raises whatever its decompressor, its reader of structures or its C code does.
            msg = f"these {len(encoded)} bytes are not a histogram of durations"
            raise ValueError(msg) from exc

    def encoded(self) -> bytes:
        """Return it as bytes: HdrHistogram's format V2, a few hundred bytes for a thousand durations."""
        encoded: bytes = self._bins.encode()
        return encoded

    def percentile_ms(self, percentile: float) -> int:
        """Return the duration, in milliseconds, that so many percent of all do not exceed."""
        return int(self._bins.get_value_at_percentile(percentile))


def _empty() -> HdrHistogram:
    return HdrHistogram(1, MAX_DURATION_MS, _DIGITS, b64_wrap=False)
