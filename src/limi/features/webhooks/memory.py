"""Endpoints in memory: a working store for tests and for those who build on Limi."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from limi.features.webhooks.model import Endpoint, EndpointId

__all__ = ["InMemoryEndpointStore"]


class InMemoryEndpointStore:
    """Implements `EndpointStore`; nothing outlives the process."""

    def __init__(self, *, moved: Callable[[], None] = lambda: None) -> None:
        """Begin empty.

        Args:
            moved: called with each change, where the revision moves.
        """
        self._moved = moved
        self._endpoints: dict[EndpointId, Endpoint] = {}
        self.on_remove: Callable[[EndpointId], object] = lambda _: None
        """Called with the id of an endpoint that was removed, for what waits for it to go."""

    async def add(self, endpoint: Endpoint) -> bool:
        """Keep a new endpoint; return False where there is one of its id."""
        if endpoint.id in self._endpoints:
            return False
        self._endpoints[endpoint.id] = endpoint
        self._moved()
        return True

    async def get(self, endpoint_id: EndpointId) -> Endpoint | None:
        """Return an endpoint."""
        return self._endpoints.get(endpoint_id)

    async def list(self, *, tenant: str | None, after: EndpointId | None, limit: int) -> Sequence[Endpoint]:
        """Return up to `limit` endpoints, the oldest first, that were made after the endpoint `after`."""
        there = [endpoint for endpoint in self._endpoints.values() if tenant in (None, endpoint.tenant)]
        places = {endpoint.id: (endpoint.created_at, endpoint.id) for endpoint in there}
        if after is not None and after not in places:
            return []
        rest = [one for one in there if after is None or places[one.id] > places[after]]
        return sorted(rest, key=lambda endpoint: places[endpoint.id])[:limit]

    async def count(self, *, tenant: str | None) -> int:
        """Return how many endpoints there are of exactly this tenant; None counts those of no tenant."""
        return sum(endpoint.tenant == tenant for endpoint in self._endpoints.values())

    async def update(self, endpoint: Endpoint, *, before: Endpoint) -> bool:
        """Keep `endpoint` in place of `before`; return False where that is not what is there any more."""
        there = self._endpoints.get(endpoint.id)
        if there is None or replace(there, failing_since=None) != replace(before, failing_since=None):
            return False
        since = there.failing_since if endpoint.status is before.status else None
        self._endpoints[endpoint.id] = replace(endpoint, failing_since=since)
        self._moved()
        return True

    async def remove(self, endpoint_id: EndpointId) -> bool:
        """Remove an endpoint and cancel what waits for it; return False where there is none."""
        if self._endpoints.pop(endpoint_id, None) is None:
            return False
        self._moved()
        self.on_remove(endpoint_id)
        return True

    def drop_all(self, tenant: str) -> None:
        """Let go of a tenant's endpoints; what waits for them is cancelled by whoever claims next."""
        self._endpoints = {each.id: each for each in self._endpoints.values() if each.tenant != tenant}

    def find(self, endpoint_id: EndpointId) -> Endpoint | None:
        """Return an endpoint at once; for the deliveries beside it."""
        return self._endpoints.get(endpoint_id)

    def note_standing(self, endpoint_id: EndpointId, *, failing_since: float | None) -> None:
        """Keep since when nothing was delivered, which moves no revision."""
        endpoint = self._endpoints.get(endpoint_id)
        if endpoint is not None:
            self._endpoints[endpoint_id] = replace(endpoint, failing_since=failing_since)
