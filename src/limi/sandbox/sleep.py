"""Waiting as an argument, so that nobody waits in a test: who is given it does not know which clock it goes by."""

from collections.abc import Awaitable, Callable

__all__ = ["Sleep"]

Sleep = Callable[[float], Awaitable[None]]
"""Waits for so many seconds."""
