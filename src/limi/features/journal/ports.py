"""What the journal needs of a database.

The methods block: the writer calls them from its thread, the reader from another, so an implementation is safe for
two threads and may wait for the disk. None is ever called from the event loop.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from limi.features.journal.model import JournalEntry, LiveTokens, Selection
from limi.kernel.facts import Fact

__all__ = ["JournalStore"]


class JournalStore(Protocol):
    """Keeps facts in the order they were appended.

    Every method raises `JournalUnavailableError` when the database cannot be reached or does not fit this version.
    """

    def append(self, facts: Sequence[Fact], *, writer: str) -> None:
        """Write all of `facts` in one transaction, or none; return when they are on disk.

        A fact whose id is there already is skipped, so that an attempt of unknown end can be repeated.

        Raises:
            FactRefusedError: when a fact has a value the store cannot hold.
        """

    def renew_lease(self, writer: str, *, until: float, settled: int | None) -> int:
        """Hold the lease of `writer` until the Unix second `until`, and return the journal's last `seq`.

        Args:
            writer: who holds it.
            until: when it ends unless it is renewed.
            settled: no intent of the writer up to this `seq` is open; None says it has written nothing yet.
        """

    def release_lease(self, writer: str, *, now: float) -> None:
        """End the lease of `writer` now."""

    def end_abandoned(self, ending: Callable[[JournalEntry], Fact], *, now: float, writer: str) -> int:
        """Append `ending(intent)` for each intent without an outcome whose writer's lease ended before `now`.

        Finding and appending is one step that excludes every other writer's, so each intent is ended once.

        Returns:
            How many there were.
        """

    def live_tokens(self, *, now: float, limit: int, tenant: str | None = None) -> LiveTokens:
        """Return the keys handed out that expire after `now`, newest first, of one tenant or of all."""

    def entries(self, *, after: int, limit: int, selection: Selection) -> list[JournalEntry]:
        """Return up to `limit` selected entries whose `seq` is above `after`, in order."""

    def ping(self) -> None:
        """Return when the database answers and its schema is new enough."""

    def close(self) -> None:
        """Let go of the database."""
