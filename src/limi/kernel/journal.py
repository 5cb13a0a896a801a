"""The journal's port: features append facts to it and never learn who reads them."""

from collections.abc import Awaitable
from typing import Protocol

from limi.kernel.facts import Fact

__all__ = ["Journal", "JournalUnavailableError"]


class JournalUnavailableError(Exception):
    """The facts could not be made durable; whatever depended on them must not happen."""


class Journal(Protocol):
    """Where facts become durable."""

    def record(self, *facts: Fact) -> Awaitable[None]:
        """Queue `facts` at once, in this order, and return what resolves when they are on disk.

        The call itself never waits, so a caller may do other work before awaiting. Facts are written whether or
        not anyone awaits them.

        Raises:
            JournalUnavailableError: from the awaitable, when the facts could not be written.
        """
