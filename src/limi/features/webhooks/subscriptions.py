"""Who wants to be told of what, in memory: the journal's writer asks for every fact, and cannot wait.

The snapshot is taken again as soon as the revision has moved, so an endpoint that another process made or changed
is known here within about half a second. Until then it misses events; a disabled one is left out by the store
itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import structlog

from limi.features.webhooks.model import Endpoint, EndpointId
from limi.features.webhooks.payload import DELIVERABLE, EVENT_TYPES
from limi.features.webhooks.ports import EndpointStore
from limi.kernel.facts import EventName, Fact
from limi.kernel.revision import AccessUnavailableError, Revision

__all__ = ["Subscriptions"]

_log = structlog.get_logger(__name__)

_RETRY_SECONDS: Final = 0.25
"""Between two attempts to read endpoints that cannot be read."""
_PAGE: Final = 500
_SUBJECT: Final = "webhook:"
_NOBODY: Final[tuple[str, ...]] = ()


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """Endpoints as they were at one moment. Nobody changes one; the next takes its place."""

    endpoints: Mapping[EndpointId, Endpoint] = field(default_factory=dict)
    to_all: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Enabled endpoints that see every tenant's events, by type."""
    to_tenants: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """The others, by tenant and type."""

    @classmethod
    def of(cls, endpoints: Sequence[Endpoint]) -> "_Snapshot":
        """Sort endpoints by what they want."""
        to_all: dict[str, tuple[str, ...]] = {}
        to_tenants: dict[tuple[str, str], tuple[str, ...]] = {}
        for endpoint in endpoints:
            for kind in _wanted_types(endpoint):
                if endpoint.tenant is None:
                    to_all[kind] = (*to_all.get(kind, ()), endpoint.id)
                else:
                    key = (endpoint.tenant, kind)
                    to_tenants[key] = (*to_tenants.get(key, ()), endpoint.id)
        return cls({endpoint.id: endpoint for endpoint in endpoints}, to_all, to_tenants)


class Subscriptions:
    """Implements the journal's `Outbox`, whose two methods are called on the writer's thread."""

    def __init__(self, *, store: EndpointStore, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Know nobody; nothing is read before `start` or `refresh`.

        Args:
            store: where endpoints are kept.
            sleep: how the pause is waited after endpoints could not be read.
        """
        self._store = store
        self._sleep = sleep
        self._revision: Revision | None = None
        self._snapshot = _Snapshot()
        self._number: int | None = None
        self._failing = False
        self._loading = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: Callable[[], None] | None = None

    async def start(self, *, revision: Revision) -> None:
        """Read all endpoints, and go on looking. A database that is away does not hinder the start.

        Args:
            revision: moves when an endpoint changes. It comes with the start only, because whoever watches it may
                need a journal, and that needs this outbox.
        """
        self._loop = asyncio.get_running_loop()
        self._revision = revision
        await self.refresh()
        self._task = asyncio.create_task(self._follow(revision), name="webhook subscriptions")

    async def stop(self) -> None:
        """Look no more; what is known stays. It may be called again."""
        self._wake = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def refresh(self) -> None:
        """Read all endpoints now. It never raises: where they cannot be read, what was known stays."""
        async with self._loading:
            await self._load()

    def subscribe(self, wake: Callable[[], None]) -> None:
        """Have `wake` called, in the event loop, whenever deliveries were written in this process."""
        self._wake = wake

    async def find(self, endpoint_id: EndpointId) -> Endpoint | None:
        """Return an endpoint, a disabled one too, as it was at the last look; of an unknown one look again."""
        snapshot = self._snapshot
        if endpoint_id not in snapshot.endpoints:
            async with self._loading:
                # Whoever waited for another's look need not look again.
                if self._snapshot is snapshot:
                    await self._load()
        return self._snapshot.endpoints.get(endpoint_id)

    def wanted(self, fact: Fact) -> Sequence[str]:
        """Return the ids of the endpoints that are to be told of `fact`."""
        snapshot = self._snapshot
        if not snapshot.endpoints:
            return _NOBODY
        known = DELIVERABLE.get(fact.event)
        if known is None:
            return _NOBODY
        about = (fact.subject or "").removeprefix(_SUBJECT)
        if not known.to_all:
            endpoint = snapshot.endpoints.get(EndpointId(about))
            return (endpoint.id,) if endpoint is not None and endpoint.enabled else _NOBODY
        found = snapshot.to_all.get(known.type, _NOBODY)
        if fact.origin.tenant is not None:
            found += snapshot.to_tenants.get((fact.origin.tenant, known.type), _NOBODY)
        if fact.event is EventName.WEBHOOK_DISABLED:
            # Who is told nothing more is not told that either.
            return tuple(one for one in found if one != about)
        return found

    def written(self, count: int) -> None:  # noqa: ARG002 - the port's; whoever claims finds out how many
        """Wake whoever delivers."""
        wake, loop = self._wake, self._loop
        if wake is not None and loop is not None:
            with suppress(RuntimeError):  # The loop is closed: the server has stopped.
                loop.call_soon_threadsafe(wake)

    async def _follow(self, revision: Revision) -> None:
        while True:
            await revision.moved_from(self._number)
            await self.refresh()
            if self._failing:
                await self._sleep(_RETRY_SECONDS)

    async def _load(self) -> None:
        number = None if self._revision is None else self._revision.number
        try:
            endpoints = await self._read()
        except Exception as exc:  # noqa: BLE001 - one row that cannot be read must not end the looks for good
            if not self._failing:
                self._failing = True
                expected = isinstance(exc, AccessUnavailableError)
                _log.error(
                    "webhooks.subscriptions_unavailable", error=str(exc), exc_info=None if expected else exc
                )
            return
        self._failing = False
        self._number = number
        self._snapshot = _Snapshot.of(endpoints)

    async def _read(self) -> list[Endpoint]:
        found: list[Endpoint] = []
        while True:
            after = found[-1].id if found else None
            page = await self._store.list(tenant=None, after=after, limit=_PAGE)
            found.extend(page)
            if len(page) < _PAGE:
                return found


def _wanted_types(endpoint: Endpoint) -> Iterable[str]:
    if not endpoint.enabled:
        return ()
    return endpoint.events or EVENT_TYPES
