"""The journal in memory: a working store for tests and for those who build on Limi."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from limi.features.journal.model import JournalEntry, LiveToken, LiveTokens, Selection
from limi.kernel.facts import EventName, Fact, Outcome

__all__ = ["InMemoryJournalStore"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lease:
    until: float
    settled: int


class InMemoryJournalStore:
    """Implements `JournalStore`; nothing outlives the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: list[JournalEntry] = []
        self._writers: list[str] = []
        self._ids: set[str] = set()
        self._resolved: set[str] = set()
        self._leases: dict[str, _Lease] = {}

    def append(self, facts: Sequence[Fact], *, writer: str) -> None:
        """Keep `facts`; one whose id is there already is skipped."""
        with self._lock:
            self._append(facts, writer)

    def renew_lease(self, writer: str, *, until: float, settled: int | None) -> int:
        """Hold the lease of `writer`, and return the last `seq`."""
        with self._lock:
            head = len(self._entries)
            self._leases[writer] = _Lease(until=until, settled=head if settled is None else settled)
            return head

    def release_lease(self, writer: str, *, now: float) -> None:
        """End the lease of `writer` now."""
        with self._lock:
            if writer in self._leases:
                self._leases[writer] = replace(self._leases[writer], until=now)

    def end_abandoned(self, ending: Callable[[JournalEntry], Fact], *, now: float, writer: str) -> int:
        """Append `ending(intent)` for each intent that a dead writer left open."""
        with self._lock:
            open_intents = [entry for entry in self._entries if self._is_abandoned(entry, now)]
            self._append([ending(entry) for entry in open_intents], writer)
            return len(open_intents)

    def live_tokens(self, *, now: float, limit: int, tenant: str | None = None) -> LiveTokens:
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
            ]
        return LiveTokens(total=len(live), newest=tuple(live[:limit]))

    def entries(self, *, after: int, limit: int, selection: Selection) -> list[JournalEntry]:
        """Return up to `limit` selected entries whose `seq` is above `after`, in order."""
        with self._lock:
            return [entry for entry in self._entries[after:] if _selected(entry, selection)][:limit]

    def ping(self) -> None:
        """Memory always answers."""

    def close(self) -> None:
        """Let go of nothing: what was kept can still be read."""

    def _append(self, facts: Sequence[Fact], writer: str) -> None:
        for fact in facts:
            if fact.id in self._ids:
                continue
            self._ids.add(fact.id)
            if fact.resolves is not None:
                self._resolved.add(fact.resolves)
            self._writers.append(writer)
            self._entries.append(_entry(len(self._entries) + 1, fact))

    def _is_abandoned(self, entry: JournalEntry, now: float) -> bool:
        lease = self._leases.get(self._writers[entry.seq - 1])
        return (
            entry.outcome == Outcome.REQUESTED
            and entry.id not in self._resolved
            and lease is not None
            and lease.until < now
            and lease.settled < entry.seq
        )


def _entry(seq: int, fact: Fact) -> JournalEntry:
    return JournalEntry(
        seq=seq,
        id=fact.id,
        at=round(fact.at, 6),
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
    )


def _selected(entry: JournalEntry, selection: Selection) -> bool:
    return (
        (selection.since is None or entry.at >= selection.since.timestamp())
        and (selection.until is None or entry.at < selection.until.timestamp())
        and selection.event in (None, entry.event)
    )
