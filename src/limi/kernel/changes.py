"""How keys, tenants and profiles are changed: the fact becomes durable, then comes the change, then its news.

A crash in between leaves a fact without its change, never a change that nobody can be asked about. The journal is
written by a thread of its own and cannot share the change's transaction. So a change that then fails gets a second
fact, which names the first in `resolves` and says that it may not have been made.
"""

from collections.abc import Awaitable, Callable

import msgspec

from limi.kernel.clock import Clock
from limi.kernel.facts import MAX_DETAIL, Fact, Origin
from limi.kernel.ids import Ids, sortable_id
from limi.kernel.journal import Journal
from limi.kernel.revision import Revision

__all__ = ["Changes"]


class Changes:
    """Makes changes that are to be audited."""

    def __init__(self, *, journal: Journal, revision: Revision, clock: Clock, ids: Ids) -> None:
        self._journal = journal
        self._revision = revision
        self._clock = clock
        self._ids = ids

    async def make(
        self,
        kind: type[Fact],
        change: Callable[[], Awaitable[bool]],
        *,
        origin: Origin,
        tenant: str | None,
        subject: str,
        detail: str = "",
    ) -> bool:
        """Record a fact of `kind`, then await `change`, and return what it returns: whether it was made.

        Args:
            kind: what happens.
            change: makes it, and moves the revision with it.
            origin: where the request came from.
            tenant: whom it concerns; the fact is that tenant's.
            subject: what is changed, as `Fact.subject`.
            detail: what is different then, cut to what a fact may hold.

        Raises:
            JournalUnavailableError: the fact could not be made durable, so nothing was changed.
            AccessUnavailableError: the change may not have been made.
        """
        where = msgspec.structs.replace(origin, tenant=tenant)
        fact = self._fact(kind, where, subject, detail)
        await self._journal.record(fact)
        try:
            made = await change()
        except BaseException as exc:
            said = f"perhaps not made: {type(exc).__name__}"
            self._journal.record(self._fact(kind, where, subject, said, "access_unavailable", fact.id))
            raise
        if not made:
            said = "not made: another change came first"
            self._journal.record(self._fact(kind, where, subject, said, "invalid_request", fact.id))
            return False
        await self._revision.announce()
        return True

    def _fact(
        self,
        kind: type[Fact],
        origin: Origin,
        subject: str,
        detail: str,
        code: str | None = None,
        resolves: str | None = None,
    ) -> Fact:
        now = self._clock.now()
        return kind(
            id=sortable_id(self._ids, now),
            at=now,
            origin=origin,
            subject=subject,
            detail=detail[:MAX_DETAIL] or None,
            code=code,
            resolves=resolves,
        )
