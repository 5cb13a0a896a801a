"""What webhooks need from outside: places that keep endpoints and deliveries, and somebody who sends.

Deliveries are made by the journal's writer in the transaction that makes an event durable, so nothing here makes
one. Every method of a store raises `AccessUnavailableError` when it cannot be read or written.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec

from limi.features.webhooks.model import (
    Attempt,
    Backlog,
    Claimed,
    DeliveryId,
    DeliveryQuery,
    DeliverySummary,
    Endpoint,
    EndpointId,
    Replay,
    Settlement,
)

__all__ = ["Answer", "DeliveryObserver", "DeliveryStore", "EndpointStore", "KnownTenants", "SendFailure", "Sender"]


class SendFailure(StrEnum):
    """Why there was no answer."""

    TIMEOUT = "timeout"
    NAME_NOT_FOUND = "name_not_found"
    ADDRESS_REFUSED = "address_refused"
    """The name has an address that no endpoint may be at."""
    CONNECTION_FAILED = "connection_failed"
    CERTIFICATE_REFUSED = "certificate_refused"
    NOT_HTTP = "not_http"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """How one request ended: with a status, or with a failure."""

    status: int | None = None
    failure: SendFailure | None = None
    retry_after: float | None = None
    """Seconds for which the receiver asks to be left alone."""


class Sender(Protocol):
    """Sends requests, each within a time of its own."""

    async def send(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post `body` to `url` and return how that ended. Redirects are not followed. It raises nothing."""

    async def close(self) -> None:
        """Cut every connection."""


class KnownTenants(Protocol):
    """Says which tenants are there."""

    async def exists(self, tenant_id: str) -> bool:
        """Say whether there is a tenant of that id, active or suspended.

        Raises:
            AccessUnavailableError: it cannot be found out.
        """


class DeliveryObserver(Protocol):
    """Counts attempts."""

    def webhook_attempted(self, outcome: str, seconds: float) -> None:
        """Count an attempt that took `seconds`; `outcome` is `delivered`, `retry` or `failed`."""


class EndpointStore(Protocol):
    """Keeps endpoints. Each change moves the revision in the same transaction."""

    async def add(self, endpoint: Endpoint) -> bool:
        """Keep a new endpoint; return False where there is one of its id."""

    async def get(self, endpoint_id: EndpointId) -> Endpoint | None:
        """Return an endpoint."""

    async def list(self, *, tenant: str | None, after: EndpointId | None, limit: int) -> Sequence[Endpoint]:
        """Return up to `limit` endpoints, the oldest first, that were made after the endpoint `after`.

        Args:
            tenant: only those of this tenant; None for all.
            after: the last one of the page before; None for the first page.
            limit: how many at most.
        """

    async def count(self, *, tenant: str | None) -> int:
        """Return how many endpoints there are of exactly this tenant; None counts those of no tenant."""

    async def update(self, endpoint: Endpoint, *, before: Endpoint) -> bool:
        """Keep `endpoint` in place of `before`; return False where that is not what is there any more.

        `failing_since` is neither compared nor taken over: with a change of the status it becomes None, otherwise
        it stays what it is.
        """

    async def remove(self, endpoint_id: EndpointId) -> bool:
        """Remove an endpoint and cancel what waits for it; return False where there is none."""


class DeliveryStore(Protocol):
    """Keeps deliveries and the log of attempts. Any number of workers may share it."""

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
        """Return deliveries that are due, which nobody else is given for `lease_seconds`.

        It is fair: every endpoint gets one before any gets a second, and the longest due goes first. What waits
        for an endpoint that is disabled or gone, or whose row of the journal is gone, is cancelled instead.

        Args:
            worker: who claims; for those who look at the rows.
            now: Unix seconds.
            lease_seconds: from `now` on; then anybody may claim them again.
            limit: how many at most; an implementation may return fewer than that.
            per_endpoint: how many of one endpoint a worker may hold at a time.
            busy: how many of each endpoint it holds.
        """

    async def settle(self, settlements: Sequence[Settlement], *, worker: str) -> dict[EndpointId, float]:
        """Log attempts and move their deliveries on, in one transaction.

        The result of an attempt whose delivery was claimed by another, replayed, cancelled or settled meanwhile is
        logged and changes nothing else.

        Returns:
            Since when nothing was delivered to those endpoints of `settlements` whose last attempt has failed, in
            Unix seconds.
        """

    async def release(self, claims: Sequence[Claimed], *, now: float) -> None:
        """Let go of deliveries that were claimed and not attempted to the end: they are due at once.

        Nothing is logged or counted. What was claimed by another, replayed or settled meanwhile stays as it is.
        """

    async def next_due(self, now: float) -> float | None:
        """Return the first moment after `now` at which something is due or a lease ends, None if nothing waits."""

    async def deliveries(
        self, query: DeliveryQuery, *, before: DeliveryId | None, limit: int
    ) -> Sequence[DeliverySummary]:
        """Return up to `limit` deliveries, the newest first, that were made before the delivery `before`."""

    async def attempts(self, delivery_id: DeliveryId, *, endpoint: EndpointId) -> Sequence[Attempt]:
        """Return the logged attempts of a delivery to `endpoint` in order; of one to another endpoint none."""

    async def replay(self, selection: Replay, *, now: float) -> int:
        """Make deliveries due now, with the same message and a schedule that begins anew; return how many.

        What is being attempted, and what has no row in the journal any more, is left as it is.
        """

    async def cancel(self, endpoint_id: EndpointId) -> int:
        """Cancel what waits for an endpoint that is disabled or removed; return how much."""

    async def prune(self, before: float) -> int:
        """Remove ended deliveries of what happened before the Unix second `before`, with their attempts.

        Returns:
            How many deliveries.
        """

    async def backlog(self) -> Backlog:
        """Return what waits."""
