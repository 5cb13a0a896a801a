"""Windows and what they say."""

from typing import Final

import msgspec

__all__ = ["WINDOW_SECONDS", "Decision", "Window"]

WINDOW_SECONDS: Final = 60.0
"""The length of every window; limits are per minute by contract."""


class Window(msgspec.Struct, frozen=True):
    """At most `limit` admissions of `key` within any 60 seconds."""

    key: str
    limit: int


class Decision(msgspec.Struct, frozen=True):
    """Whether a request may pass, and how the window that decides stands.

    That window is the first full one, or, when the request passes, the one with the least room.
    """

    admitted: bool
    limit: int
    remaining: int
    reset_seconds: float
    """Until the window has room for one more than now."""
