"""How writing to the journal, or reading it, fails.

JournalUnavailableError (kernel)   the facts are not durable, for now
├── JournalFullError               too much is waiting already
├── JournalTimeoutError            the store did not answer in time
└── JournalStoppedError            the writer or reader is not running
FactRefusedError                   the store will never take these facts; only stores raise it
"""

from limi.kernel.journal import JournalUnavailableError

__all__ = ["FactRefusedError", "JournalFullError", "JournalStoppedError", "JournalTimeoutError"]


class JournalFullError(JournalUnavailableError):
    """As much is waiting as may wait."""

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"the journal has {limit} entries waiting already, which is its limit")
        self.limit = limit


class JournalTimeoutError(JournalUnavailableError):
    """The store took longer than it may. What it was doing can still succeed later, unannounced."""

    def __init__(self, *, seconds: float) -> None:
        super().__init__(f"the journal's store did not answer within {seconds:g} s")
        self.seconds = seconds


class JournalStoppedError(JournalUnavailableError):
    """The writer or reader was not started, or has been stopped."""

    def __init__(self) -> None:
        super().__init__("the journal is not running")


class FactRefusedError(Exception):
    """A fact in the batch has a value that the store cannot hold, so trying again is pointless."""
