"""What the caller process is asked to do, and what it answers: each is one line of JSON."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec

__all__ = ["MARK", "Found", "Plan", "Transport", "holds", "percentile"]

MARK: Final = "RESULT "
"""How the line begins that the answer stands in; libraries may print others."""


class Transport(StrEnum):
    """How calls reach the sandbox."""

    SOCKET = "socket"
    WEBRTC = "webrtc"


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement."""

    transport: Transport
    port: int
    server_pid: int
    """Whose processor time, with all of its children, is counted."""
    key: str
    """An ephemeral key of the sandbox's."""
    speech_seconds: float | None
    """How much of the recording is said; all of it unless given."""
    warm_up_turns: int
    """Turns of the first call that are not counted: in the first one the sandbox starts its workers."""
    single_turns: int
    """Turns of one call alone."""
    steps: Sequence[int]
    """So many calls at once, rising, for one window each."""
    crowd: int
    """The step whose figures are kept, and whose processor time is counted."""
    crowd_windows: int
    """For how many windows more that step is kept up."""
    window_seconds: float
    """Longer than a turn, so that every call gets one answer in it."""
    bound_seconds: float
    """First sound of half of the turns may take as long, else there are too many calls."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller process measured. Turns are seconds from the end of speech to the first sound."""

    single: Sequence[float]
    crowd: Sequence[float]
    """Empty where as many calls as that were not held."""
    share_per_call: float
    """Of one core, by every process of the sandbox."""
    held: int
    """The most calls that were held."""
    load_share: float
    """The greatest share of its own core that the caller process used in a step."""
    ended_by: str
    """Why there was no further step."""


def holds(turns: Sequence[float], *, calls: int, bound_seconds: float) -> bool:
    """Return whether so many calls are held: most were answered in the window, and half of the turns in time."""
    return len(turns) > calls / 2 and percentile(turns, 50) <= bound_seconds


def percentile(values: Sequence[float], percent: int) -> float:
    """Return the least value that so many percent of them do not exceed; of a few values p99 is the greatest.

    Raises:
        ValueError: there are none.
    """
    if not values:
        raise ValueError("values: a percentile needs at least one")
    return sorted(values)[-(-len(values) * percent // 100) - 1]
