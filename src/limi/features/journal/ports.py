"""What the journal needs of a database.

The methods block: the writer calls them from its thread, the reader from another, so an implementation is safe for
two threads and may wait for the disk. None is ever called from the event loop.
"""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from limi.features.journal.model import Checkpoint, JournalEntry, Link, LiveTokens, Selection, WriterEnd
from limi.kernel.facts import Fact

__all__ = [
    "Delivery",
    "JournalStore",
    "MakeCheckpoint",
    "Outbox",
    "SealStore",
    "Wanted",
    "unlinked",
    "wanted_by_nobody",
]

MakeCheckpoint = Callable[[Checkpoint | None, int], Checkpoint]
"""Makes a checkpoint, given the one before and the journal's last `seq`."""

Delivery = tuple[str, str]
"""The id of a fact, and that of an endpoint which is to be told of it."""

Wanted = Callable[[Fact], Sequence[str]]
"""Tells the ids of the endpoints which are to be told of a fact."""


def unlinked(_facts: Sequence[Fact]) -> Sequence[Link]:
    """Return no links: rows written without a chain, as those of before there were chains."""
    return ()


def wanted_by_nobody(_fact: Fact) -> Sequence[str]:
    """Return no endpoints: nobody is told."""
    return ()


class Outbox(Protocol):
    """Knows who is to be told of what. It is called on the writer's thread."""

    def wanted(self, fact: Fact) -> Sequence[str]:
        """Return the ids of the endpoints which are to be told of `fact`, from memory and at once."""

    def written(self, count: int) -> None:
        """Take note that a transaction with `count` deliveries was committed. It never raises."""


class SealStore(Protocol):
    """Keeps checkpoints, and knows where chains end. Its methods raise what those of `JournalStore` raise."""

    def add(self, make: MakeCheckpoint) -> Checkpoint:
        """Append `make(last checkpoint, last seq)`, and return it.

        Both are one step that excludes every other writer's, so each number is given once.
        """

    def page(self, *, after: int, limit: int, from_seq: int, up_to_seq: int) -> list[Checkpoint]:
        """Return up to `limit` checkpoints whose number is above `after`, in order.

        Args:
            after: the number.
            limit: how many at most.
            from_seq: leave out those that were written when the journal had not come this far.
            up_to_seq: leave out those that were written when it had come further than this.
        """

    def last(self) -> Checkpoint | None:
        """Return the last checkpoint."""

    def latest_start(self) -> Checkpoint | None:
        """Return the last checkpoint of the kind `start`."""

    def last_before(self, at: float) -> Checkpoint | None:
        """Return the last checkpoint that was written before the Unix second `at`."""

    def ends_at(self, number: int) -> list[WriterEnd]:
        """Return, for each writer with checkpoints up to `number`, what the last of these signs."""

    def writers_after(self, number: int) -> set[str]:
        """Return the writers that still have a lease, and those with checkpoints after `number`."""

    def unsealed(self, *, now: float) -> list[WriterEnd]:
        """Return where the chains end of writers whose lease has ended and which `mark_sealed` does not know."""

    def seal_dead(self, head: Callable[[WriterEnd], MakeCheckpoint], *, now: float) -> list[Checkpoint]:
        """Append a checkpoint for each chain that `unsealed` tells of, and mark its writer as sealed.

        One step for all: a writer that is only slow must not append between the look and its checkpoint.
        """

    def mark_sealed(self, writer: str) -> None:
        """Take note that a checkpoint covers all rows of `writer`, until it renews its lease."""

    def remove_rows(self, *, after: int, up_to: int, ends: Sequence[WriterEnd]) -> None:
        """Remove the rows with `seq` in (`after`, `up_to`] which one of `ends` covers or which have no chain."""

    def remove_checkpoints(self, *, below: int, limit: int) -> int:
        """Remove up to `limit` checkpoints whose number is below `below`; return how many there were."""


class JournalStore(Protocol):
    """Keeps facts in the order they were appended.

    Every method raises `JournalUnavailableError` when the database cannot be reached or does not fit this version.
    """

    @property
    def seals(self) -> SealStore:
        """Return the checkpoints of this journal."""

    def append(
        self,
        facts: Sequence[Fact],
        *,
        writer: str,
        links: Sequence[Link] = (),
        deliveries: Sequence[Delivery] = (),
    ) -> None:
        """Write all of `facts` in one transaction, or none; return when they are on disk.

        A fact whose id is there already is skipped. That breaks a chain, so whoever repeats an attempt of unknown
        end asks `known` first.

        Args:
            facts: what is written, in order.
            writer: whose rows they are.
            links: one for each fact; without them the rows stand outside of every chain.
            deliveries: of facts among `facts`; they are made in the same transaction, each at most once. One to an
                endpoint that is disabled or removed by then is not made.

        Raises:
            FactRefusedError: when a fact has a value the store cannot hold.
        """

    def known(self, ids: Sequence[str]) -> set[str]:
        """Return those of `ids` that are the ids of rows."""

    def chain_end(self, writer: str) -> Link | None:
        """Return the last link of `writer`, None where it has no chain here."""

    def renew_lease(self, writer: str, *, until: float, settled: int | None, end: Link | None = None) -> int:
        """Hold the lease of `writer` until the Unix second `until`, and return the journal's last `seq`.

        Args:
            writer: who holds it.
            until: when it ends unless it is renewed.
            settled: no intent of the writer up to this `seq` is open; None says it has written nothing yet.
            end: the writer's last link; None says it does not know.
        """

    def release_lease(self, writer: str, *, now: float) -> None:
        """End the lease of `writer` now."""

    def end_abandoned(
        self,
        ending: Callable[[JournalEntry], Fact],
        *,
        now: float,
        writer: str,
        link: Callable[[Sequence[Fact]], Sequence[Link]] = unlinked,
        wanted: Wanted = wanted_by_nobody,
    ) -> int:
        """Append `ending(intent)` for each intent without an outcome whose writer's lease ended before `now`.

        Finding and appending is one step that excludes every other writer's, so each intent is ended once.

        Args:
            ending: makes the fact that ends an intent.
            now: Unix seconds.
            writer: who appends.
            link: makes the links of what is appended.
            wanted: who is told of it.

        Returns:
            How many there were.
        """

    def live_tokens(
        self, *, now: float, limit: int, tenant: str | None = None, hidden: Collection[str] = ()
    ) -> LiveTokens:
        """Return the keys handed out that expire after `now`, newest first.

        Args:
            now: Unix seconds.
            limit: most keys to list.
            tenant: only keys of this one; None for all keys.
            hidden: tenants whose keys are left out.
        """

    def entries(self, *, after: int, limit: int, selection: Selection) -> list[JournalEntry]:
        """Return up to `limit` selected entries whose `seq` is above `after`, in order."""

    def newest(self, *, limit: int, selection: Selection) -> list[JournalEntry]:
        """Return the last `limit` selected entries, in order."""

    def ping(self) -> None:
        """Return when the database answers and its schema is new enough."""

    def close(self) -> None:
        """Let go of the database."""
