"""What the HTTP layer tells, and to whom it may not care."""

from typing import Protocol

__all__ = ["MintObserver"]


class MintObserver(Protocol):
    """Counts what happens at the mint."""

    def mint_ended(self, outcome: str, code: str, seconds: float) -> None:
        """Take note of one answered request; `code` is the error's, or empty."""

    def limit_decided(self, window: str, *, admitted: bool) -> None:
        """Take note of one decision of the limiter over `mint` or `connect`."""
