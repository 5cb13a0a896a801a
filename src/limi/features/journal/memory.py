"""The journal in memory: a working store for tests and for those who build on Limi."""

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

from limi.features.journal.lines import microseconds
from limi.features.journal.memory_seals import InMemorySealStore
from limi.features.journal.model import (
    CHAIN_START,
    JournalEntry,
    Link,
    LiveToken,
    LiveTokens,
    Selection,
    WriterEnd,
)
from limi.features.journal.ports import Delivery, Wanted, unlinked, wanted_by_nobody
from limi.kernel.facts import EventName, Fact, Outcome

__all__ = ["InMemoryJournalStore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lease:
    until: float
    settled: int
    sealed: bool = False


class InMemoryJournalStore:
    """Implements `JournalStore`; nothing outlives the process."""

    def __init__(self, *, deliver: Callable[[Fact, str], None] | None = None) -> None:
        """Begin empty.

        Args:
            deliver: keeps the delivery of a fact to the endpoint of this id, once; on the thread that appends.
        """
        self._deliver = deliver
        self._lock = threading.Lock()
        self._entries: list[JournalEntry] = []
        self._ids: set[str] = set()
        self._resolved: set[str] = set()
        self._leases: dict[str, _Lease] = {}
        self._head = 0
        self.seals = InMemorySealStore(
            lock=self._lock,
            head=lambda: self._head,
            leased=lambda: set(self._leases),
            unsealed=self._unsealed,
            mark_sealed=self._mark_sealed,
            remove=self._remove,
        )

    def append(
        self,
        facts: Sequence[Fact],
        *,
        writer: str,
        links: Sequence[Link] = (),
        deliveries: Sequence[Delivery] = (),
    ) -> None:
        """Keep `facts` and `deliveries` of them; what is there already is skipped."""
        with self._lock:
            self._append(facts, writer, links)
            self._keep(facts, deliveries)

    def known(self, ids: Sequence[str]) -> set[str]:
        """Return those of `ids` that are the ids of entries."""
        with self._lock:
            return self._ids.intersection(ids)

    def chain_end(self, writer: str) -> Link | None:
        """Return the last link of `writer`, None where it has no chain here."""
        with self._lock:
            return self._chain_end(writer)

    def renew_lease(
        self,
        writer: str,
        *,
        until: float,
        settled: int | None,
        end: Link | None = None,  # noqa: ARG002 - it looks at the entries themselves
    ) -> int:
        """Hold the lease of `writer`, and return the last `seq`."""
        with self._lock:
            head = self._head
            self._leases[writer] = _Lease(until=until, settled=head if settled is None else settled)
            return head

    def release_lease(self, writer: str, *, now: float) -> None:
        """End the lease of `writer` now."""
        with self._lock:
            if writer in self._leases:
                self._leases[writer] = replace(self._leases[writer], until=now)

    def end_abandoned(
        self,
        ending: Callable[[JournalEntry], Fact],
        *,
        now: float,
        writer: str,
        link: Callable[[Sequence[Fact]], Sequence[Link]] = unlinked,
        wanted: Wanted = wanted_by_nobody,
    ) -> int:
        """Append `ending(intent)` for each intent that a dead writer left open."""
        with self._lock:
            open_intents = [entry for entry in self._entries if self._is_abandoned(entry, now)]
            endings = [ending(entry) for entry in open_intents]
            self._append(endings, writer, link(endings))
            self._keep(endings, [(fact.id, endpoint) for fact in endings for endpoint in wanted(fact)])
            return len(open_intents)

    def live_tokens(
        self, *, now: float, limit: int, tenant: str | None = None, hidden: Collection[str] = ()
    ) -> LiveTokens:
        """Return the keys handed out that expire after `now`, newest first."""
        with self._lock:
            live = [
                LiveToken(
                    session_id=entry.session_id,
                    model=entry.model,
                    expires_at=entry.expires_at,
                    minted_at=entry.at,
                )
                for entry in reversed(self._entries)
                if entry.event == EventName.TOKEN_GENERATED
                and entry.expires_at is not None
                and entry.expires_at > now
                and tenant in (None, entry.tenant)
                and entry.tenant not in hidden
            ]
        return LiveTokens(total=len(live), newest=tuple(live[:limit]))

    def entries(self, *, after: int, limit: int, selection: Selection) -> list[JournalEntry]:
        """Return up to `limit` selected entries whose `seq` is above `after`, in order."""
        with self._lock:
            return [entry for entry in self._entries if entry.seq > after and _selected(entry, selection)][:limit]

    def newest(self, *, limit: int, selection: Selection) -> list[JournalEntry]:
        """Return the last `limit` selected entries, in order."""
        with self._lock:
            selected = [entry for entry in self._entries if _selected(entry, selection)]
        return selected[-limit:] if limit else []

    def ping(self) -> None:
        """Memory always answers."""

    def close(self) -> None:
        """Let go of nothing: what was kept can still be read."""

    def _append(self, facts: Sequence[Fact], writer: str, links: Sequence[Link]) -> None:
        linked: Sequence[Link | None] = links or [None] * len(facts)
        for fact, link in zip(facts, linked, strict=True):
            if fact.id in self._ids:
                continue
            self._ids.add(fact.id)
            if fact.resolves is not None:
                self._resolved.add(fact.resolves)
            self._head += 1
            self._entries.append(_entry(self._head, fact, writer, link))

    def _keep(self, facts: Sequence[Fact], deliveries: Sequence[Delivery]) -> None:
        if self._deliver is None or not deliveries:
            return
        known = {fact.id: fact for fact in facts}
        for fact_id, endpoint in deliveries:
            self._deliver(known[fact_id], endpoint)

    def _chain_end(self, writer: str) -> Link | None:
        for entry in reversed(self._entries):
            if entry.writer == writer and entry.n is not None and entry.hash is not None:
                return Link(entry.n, entry.hash)
        return None

    def _unsealed(self, now: float) -> list[WriterEnd]:
        dead = [writer for writer, lease in self._leases.items() if lease.until < now and not lease.sealed]
        return [WriterEnd(writer, self._chain_end(writer) or CHAIN_START) for writer in dead]

    def _mark_sealed(self, writer: str) -> None:
        if writer in self._leases:
            self._leases[writer] = replace(self._leases[writer], sealed=True)

    def _remove(self, after: int, up_to: int, ends: Sequence[WriterEnd]) -> None:
        covered = {each.writer: each.end.n for each in ends}
        self._entries = [
            entry
            for entry in self._entries
            if not after < entry.seq <= up_to
            or (entry.n is not None and entry.n > covered.get(entry.writer or "", 0))
        ]

    def _is_abandoned(self, entry: JournalEntry, now: float) -> bool:
        lease = self._leases.get(entry.writer or "")
        return (
            entry.outcome == Outcome.REQUESTED
            and entry.id not in self._resolved
            and lease is not None
            and lease.until < now
            and lease.settled < entry.seq
        )


def _entry(seq: int, fact: Fact, writer: str, link: Link | None) -> JournalEntry:
    return JournalEntry(
        seq=seq,
        id=fact.id,
        at=microseconds(fact.at) / 1_000_000,
        event=fact.event.value,
        outcome=fact.outcome.value,
        request_id=fact.origin.request_id,
        caller=fact.origin.caller,
        tenant=fact.origin.tenant,
        ip=fact.origin.ip,
        user_agent=fact.origin.user_agent,
        session_id=fact.session_id,
        model=fact.model,
        duration_ms=fact.duration_ms,
        expires_at=fact.expires_at,
        code=fact.code,
        resolves=fact.resolves,
        subject=fact.subject,
        detail=fact.detail,
        frontend=fact.origin.frontend.value if fact.origin.frontend is not None else None,
        writer=writer,
        n=link.n if link else None,
        hash=link.hash if link else None,
    )


def _selected(entry: JournalEntry, selection: Selection) -> bool:
    return (
        (selection.since is None or entry.at >= selection.since.timestamp())
        and (selection.until is None or entry.at < selection.until.timestamp())
        and selection.event in (None, entry.event)
        and selection.tenant in (None, entry.tenant)
        and selection.caller in (None, entry.caller)
        and selection.subject in (None, entry.subject)
    )
