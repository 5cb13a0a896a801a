"""Deliveries in memory: a working store for tests and for those who build on Limi."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count

from limi.features.webhooks.memory import InMemoryEndpointStore
from limi.features.webhooks.model import (
    AllFailed,
    Attempt,
    Backlog,
    Claimed,
    DeliveryId,
    DeliveryQuery,
    DeliveryState,
    DeliverySummary,
    EndpointId,
    Message,
    OneDelivery,
    Replay,
    Settlement,
)
from limi.kernel.facts import Fact

__all__ = ["InMemoryDeliveryStore"]


@dataclass(slots=True, kw_only=True)
class _Row:
    """A delivery, as the table has it."""

    id: DeliveryId
    endpoint_id: EndpointId
    owner: str | None
    """The endpoint's tenant."""
    message: Message
    free_at: float
    first_due: float
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    claims: int = 0
    claimed_by: str | None = None
    last_status: int | None = None
    last_error: str | None = None
    log: dict[int, Attempt] = field(default_factory=dict)

    @property
    def pending(self) -> bool:
        return self.state is DeliveryState.PENDING

    def idle(self, now: float) -> bool:
        return self.claimed_by is None or self.free_at <= now

    def cancel(self, why: str) -> None:
        self.state, self.claimed_by, self.last_error = DeliveryState.CANCELLED, None, why


class InMemoryDeliveryStore:
    """Implements `DeliveryStore`. `InMemoryJournalStore(deliver=store.deliver)` makes its deliveries."""

    def __init__(self, *, endpoints: InMemoryEndpointStore) -> None:
        self._lock = threading.Lock()
        self._endpoints = endpoints
        self._numbers = count(1)
        self._rows: dict[DeliveryId, _Row] = {}
        self._made: set[tuple[str, EndpointId]] = set()
        self._gone: set[str] = set()
        endpoints.on_remove = lambda endpoint: self._cancel(endpoint, "endpoint_removed")

    def deliver(self, fact: Fact, endpoint_id: str) -> None:
        """Make the delivery of `fact` to an endpoint, once; on any thread."""
        endpoint = self._endpoints.find(EndpointId(endpoint_id))
        if endpoint is None or not endpoint.enabled:
            return
        with self._lock:
            if (fact.id, endpoint.id) in self._made:
                return
            self._made.add((fact.id, endpoint.id))
            number = DeliveryId(next(self._numbers))
            self._rows[number] = _Row(
                id=number,
                endpoint_id=endpoint.id,
                owner=endpoint.tenant,
                message=_message(fact),
                free_at=fact.at,
                first_due=fact.at,
            )

    def forget(self, message_id: str) -> None:
        """Lose the row of the journal that deliveries tell of, as retention does."""
        self._gone.add(message_id)

    async def claim(
        self,
        *,
        worker: str,
        now: float,
        lease_seconds: float,
        limit: int,
        per_endpoint: int,
        busy: Mapping[EndpointId, int],
    ) -> list[Claimed]:
        """Return deliveries that are due, which nobody else is given for `lease_seconds`."""
        with self._lock:
            self._cancel_orphans(now)
            due = sorted((row for row in self._pending() if row.free_at <= now), key=lambda row: row.free_at)
            claimed: list[Claimed] = []
            for row in _fairly(due, limit=limit, most=per_endpoint, held=busy):
                if row.message.id in self._gone:
                    row.cancel("message_gone")
                    continue
                row.claims += 1
                row.claimed_by, row.free_at = worker, now + lease_seconds
                claimed.append(_claimed(row))
            return claimed

    async def settle(self, settlements: Sequence[Settlement], *, worker: str) -> dict[EndpointId, float]:
        """Log attempts and move their deliveries on."""
        with self._lock:
            for each in settlements:
                row = self._rows.get(each.claimed.delivery_id)
                if row is not None:
                    row.log.setdefault(each.claimed.lease, each.attempt)
                    if (row.claims, row.claimed_by) == (each.claimed.lease, worker):
                        _move(row, each)
            return self._note_standing(settlements)

    async def release(self, claims: Sequence[Claimed], *, now: float) -> None:
        """Let go of deliveries that were claimed and not attempted to the end: they are due at once."""
        with self._lock:
            for each in claims:
                row = self._rows.get(each.delivery_id)
                if row is not None and row.pending and row.claimed_by and row.claims == each.lease:
                    row.claimed_by, row.free_at = None, now

    async def next_due(self, now: float) -> float | None:
        """Return the first moment after `now` at which something is due or a lease ends."""
        with self._lock:
            return min((row.free_at for row in self._pending() if row.free_at > now), default=None)

    async def deliveries(
        self, query: DeliveryQuery, *, before: DeliveryId | None, limit: int
    ) -> Sequence[DeliverySummary]:
        """Return up to `limit` deliveries, the newest first, that were made before the delivery `before`."""
        with self._lock:
            last = self._rows.get(before) if before is not None else None
            if before is not None and (last is None or last.endpoint_id != query.endpoint):
                return []
            chosen = [row for row in self._rows.values() if _matches(row, query)]
            rest = [row for row in chosen if last is None or row.message.id < last.message.id]
            rest.sort(key=lambda row: row.message.id, reverse=True)
            return [self._summary(row) for row in rest[:limit]]

    async def attempts(self, delivery_id: DeliveryId, *, endpoint: EndpointId) -> Sequence[Attempt]:
        """Return the logged attempts of a delivery to `endpoint` in order; of one to another endpoint none."""
        with self._lock:
            row = self._rows.get(delivery_id)
            if row is None or row.endpoint_id != endpoint:
                return []
            return [row.log[lease] for lease in sorted(row.log)]

    async def replay(self, selection: Replay, *, now: float) -> int:
        """Make deliveries due now, with a schedule that begins anew; return how many."""
        with self._lock:
            there = [row for row in self._rows.values() if row.message.id not in self._gone]
            chosen = [row for row in there if _replayed(row, selection, now)]
            for row in chosen:
                row.state, row.claimed_by = DeliveryState.PENDING, None
                row.attempts, row.free_at, row.first_due = 0, now, now
            return len(chosen)

    async def cancel(self, endpoint_id: EndpointId) -> int:
        """Cancel what waits for an endpoint that is disabled or removed; return how much."""
        return self._cancel(endpoint_id, "endpoint_disabled")

    async def prune(self, before: float) -> int:
        """Remove ended deliveries of what happened before the Unix second `before`, with their attempts."""
        with self._lock:
            old = [row for row in self._rows.values() if not row.pending and row.message.at < before]
            for row in old:
                del self._rows[row.id]
                self._made.discard((row.message.id, row.endpoint_id))
            return len(old)

    async def backlog(self) -> Backlog:
        """Return what waits."""
        with self._lock:
            due = [row.free_at for row in self._pending()]
            return Backlog(pending=len(due), oldest_due=min(due, default=None))

    def _pending(self) -> list[_Row]:
        return [row for row in self._rows.values() if row.pending]

    def _cancel(self, endpoint_id: EndpointId, why: str) -> int:
        with self._lock:
            waiting = [row for row in self._pending() if row.endpoint_id == endpoint_id and row.claimed_by is None]
            for row in waiting:
                row.cancel(why)
            return len(waiting)

    def _cancel_orphans(self, now: float) -> None:
        for row in self._pending():
            endpoint = self._endpoints.find(row.endpoint_id)
            if (endpoint is None or not endpoint.enabled) and row.idle(now):
                row.cancel("endpoint_removed" if endpoint is None else "endpoint_disabled")

    def _note_standing(self, settlements: Sequence[Settlement]) -> dict[EndpointId, float]:
        failing: dict[EndpointId, float] = {}
        for each in sorted(settlements, key=lambda one: one.attempt.at):
            endpoint = self._endpoints.find(each.claimed.endpoint_id)
            if endpoint is None:
                continue
            if each.state is DeliveryState.DELIVERED:
                failing.pop(endpoint.id, None)
                self._endpoints.note_standing(endpoint.id, failing_since=None)
            else:
                since = each.attempt.at if endpoint.failing_since is None else endpoint.failing_since
                failing[endpoint.id] = since
                self._endpoints.note_standing(endpoint.id, failing_since=since)
        return failing

    def _summary(self, row: _Row) -> DeliverySummary:
        gone = row.message.id in self._gone
        return DeliverySummary(
            id=row.id,
            endpoint_id=row.endpoint_id,
            message_id=row.message.id,
            event=None if gone else row.message.event,
            tenant=None if gone else row.message.tenant,
            state=row.state,
            attempts=row.attempts,
            due_at=row.free_at if row.pending else None,
            last_status=row.last_status,
            last_error=row.last_error,
            created_at=row.message.at,
        )


def _fairly(due: Iterable[_Row], *, limit: int, most: int, held: Mapping[EndpointId, int]) -> list[_Row]:
    """Return up to `limit` of `due`: of every endpoint one, then of every endpoint a second."""
    ranks: dict[EndpointId, int] = {}
    ranked: list[tuple[int, _Row]] = []
    for row in due:
        rank = ranks[row.endpoint_id] = ranks.get(row.endpoint_id, 0) + 1
        if rank + held.get(row.endpoint_id, 0) <= most:
            ranked.append((rank, row))
    return [row for _, row in sorted(ranked, key=lambda each: each[0])][:limit]


def _move(row: _Row, settlement: Settlement) -> None:
    row.state, row.attempts, row.claimed_by = settlement.state, settlement.attempt.number, None
    row.last_status, row.last_error = settlement.attempt.status, settlement.attempt.error
    if settlement.due_at is not None:
        row.free_at = settlement.due_at


def _matches(row: _Row, query: DeliveryQuery) -> bool:
    return (
        query.endpoint == row.endpoint_id
        and query.tenant in (None, row.owner)
        and query.state in (None, row.state)
        and query.message in (None, row.message.id)
    )


def _replayed(row: _Row, selection: Replay, now: float) -> bool:
    if row.endpoint_id != selection.endpoint:
        return False
    if isinstance(selection, OneDelivery):
        return row.id == selection.delivery and (not row.pending or row.idle(now))
    if isinstance(selection, AllFailed):
        return row.state is DeliveryState.FAILED
    return not row.pending and selection.since <= row.message.at < selection.until


def _claimed(row: _Row) -> Claimed:
    return Claimed(
        delivery_id=row.id,
        endpoint_id=row.endpoint_id,
        message=row.message,
        attempt=row.attempts + 1,
        first_due=row.first_due,
        lease=row.claims,
    )


def _message(fact: Fact) -> Message:
    return Message(
        id=fact.id,
        event=fact.event.value,
        at=round(fact.at * 1_000_000) / 1_000_000,
        tenant=fact.origin.tenant,
        session_id=fact.session_id,
        model=fact.model,
        expires_at=fact.expires_at,
        duration_ms=fact.duration_ms,
        code=fact.code,
        subject=fact.subject,
        detail=fact.detail,
    )
