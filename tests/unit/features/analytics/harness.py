"""What the tests of analytics share: facts and events with the members a test cares about, and a plain recount."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from limi.features.analytics.memory import InMemoryAnalyticsStore
from limi.features.analytics.model import (
    ClientEvent,
    Counts,
    Dimension,
    EventKey,
    EventType,
    Grain,
    Source,
    SourceRow,
    UsageQuery,
    UsageRow,
)
from limi.features.analytics.ports import RollupStore
from limi.features.analytics.sources import journal_row
from limi.features.journal.memory import InMemoryJournalStore
from limi.features.journal.model import Selection
from limi.kernel.facts import (
    AuthRefused,
    Fact,
    KeyMinted,
    KeyReplayed,
    MintFailed,
    MintRequested,
    MintUnresolved,
    Origin,
)
from limi.kernel.frontends import Frontend

__all__ = [
    "ALL",
    "NOON",
    "CountingObserver",
    "Facts",
    "connected",
    "count_all",
    "counted",
    "failed",
    "memory_store",
    "recounted",
]

NOON = 1_800_000_000.0
"""2027-01-15T08:00:00Z: the beginning of an hour."""
ALL = dict.fromkeys(Grain, 0)
"""Every stretch of time is kept."""


def connected(
    number: int = 1, *, tenant: str = "", at: float = NOON, ms: int = 640, **members: object
) -> ClientEvent:
    """Return a connection that a client reported."""
    given: dict[str, object] = {"frontend": Frontend.REACT, "session_id": "s1", "transport": "webrtc", **members}
    key, kind = EventKey(tenant, str(UUID(int=number))), EventType.CONNECTION_SUCCESSFUL
    return ClientEvent(key=key, type=kind, at=at, duration_ms=ms, **given)  # type: ignore[arg-type] # a test's members


def failed(
    number: int = 1, *, tenant: str = "", at: float = NOON, code: str = "network_error", **members: object
) -> ClientEvent:
    """Return an error that a client reported."""
    given: dict[str, object] = {"frontend": Frontend.VUE, "message": "Größe 🎙 <b>", **members}
    key, kind = EventKey(tenant, str(UUID(int=number))), EventType.ERROR_OCCURRED
    return ClientEvent(key=key, type=kind, at=at, code=code, **given)  # type: ignore[arg-type] # as above


@dataclass
class Facts:
    """Makes facts, each of an id of its own."""

    made: int = 0

    def origin(self, tenant: str | None, frontend: Frontend | None) -> Origin:
        """Return where a request came from."""
        return Origin(request_id="r", caller="key:k", tenant=tenant, ip="203.0.113.9", frontend=frontend)

    def make(
        self,
        kind: type[Fact] = KeyMinted,
        *,
        at: float = NOON,
        tenant: str | None = "acme",
        frontend: Frontend | None = Frontend.VUE,
        model: str | None = "gpt-realtime-2.1",
        code: str | None = None,
        detail: str | None = None,
        resolves: str | None = None,
    ) -> Fact:
        """Return a fact."""
        self.made += 1
        return kind(
            id=f"{self.made:032x}",
            at=at,
            origin=self.origin(tenant, frontend),
            session_id=f"acme_session-{self.made}",
            model=model,
            code=code,
            detail=detail,
            resolves=resolves,
        )


@dataclass
class CountingObserver:
    """Takes note of what the intake says."""

    seen: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    def analytics_events(self, type: str, outcome: str) -> None:  # noqa: A002 - the port's name
        self.seen[type, outcome] += 1


def memory_store(journal: InMemoryJournalStore | None = None) -> InMemoryAnalyticsStore:
    """Return a store that counts a journal in memory."""
    kept = journal or InMemoryJournalStore()

    async def read(after: int, limit: int) -> Sequence[SourceRow]:
        return [
            journal_row(
                seq=entry.seq,
                at=entry.at,
                event=entry.event,
                tenant=entry.tenant,
                frontend=entry.frontend,
                model=entry.model,
                code=entry.code,
                detail=entry.detail,
                ends=entry.resolves,
            )
            for entry in kept.entries(after=after, limit=limit, selection=Selection())
        ]

    return InMemoryAnalyticsStore(journal=read)


async def count_all(store: RollupStore, *, worker: str = "w", limit: int = 500, now: float = NOON) -> int:
    """Count all there is to count, and return how many rows that were."""
    total = 0
    for source in Source:
        while rows := await store.project(
            source, worker=worker, now=now, lease_seconds=10, limit=limit, oldest=ALL
        ):
            total += rows
    return total


async def counted(
    store: RollupStore,
    *group: Dimension,
    grain: Grain = Grain.DAY,
    since: float = 0.0,
    until: float = 4e9,
    series: bool = True,
    where: Mapping[Dimension, str] | None = None,
) -> list[UsageRow]:
    """Return what was counted."""
    query = UsageQuery(
        grain=grain,
        since=grain.start(since),
        until=grain.end(until),
        series=series,
        group=group,
        where=where or {},
    )
    return await store.usage(query, most=100_000)


Recount = dict[tuple[int, str, str, str, str], tuple[Counts, list[int]]]


def recounted(facts: Iterable[Fact], events: Iterable[ClientEvent], grain: Grain) -> Recount:
    """Count facts and events in the plainest way there is, by everything that can be told apart.

    Codes are taken as they are, so a test gives only such as the catalogue has.
    """
    facts = list(facts)
    found: Recount = {}
    ended = {fact.resolves for fact in facts if type(fact) is not MintUnresolved}

    def add(at: float, tenant: str, frontend: str, model: str, code: str, what: Counts, ms: int | None) -> None:
        start = int(at) - int(at) % grain.seconds
        counts, durations = found.setdefault((start, tenant, frontend, model, code), (Counts(), []))
        found[start, tenant, frontend, model, code] = (
            Counts(*map(sum, zip(counts, what, strict=True))),
            sorted([*durations, *([] if ms is None else [ms])]),
        )

    for fact in facts:
        what = _PLAIN.get(type(fact))
        if what is not None and not (type(fact) is MintUnresolved and fact.resolves in ended):
            origin = fact.origin
            frontend = origin.frontend.value if origin.frontend else "unknown"
            add(fact.at, origin.tenant or "", frontend, fact.model or "", fact.code or "", what, None)
    seen = set()
    for event in events:
        if event.key not in seen:
            seen.add(event.key)
            what = Counts(connected=1) if event.code is None else Counts(not_connected=1, errors=1)
            add(event.at, event.key.tenant, event.frontend.value, "", event.code or "", what, event.duration_ms)
    return found


_PLAIN = {
    KeyMinted: Counts(minted=1),
    KeyReplayed: Counts(replayed=1),
    MintFailed: Counts(failed=1),
    MintUnresolved: Counts(unresolved=1),
    AuthRefused: Counts(refused=1),
    MintRequested: None,
}
