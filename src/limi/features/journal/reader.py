"""Reading the journal from the event loop, in a thread of its own so that no reader delays a commit."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from typing import TypeVar

from limi.features.journal.errors import JournalFullError, JournalStoppedError, JournalTimeoutError
from limi.features.journal.model import JournalEntry, LiveTokens, Selection
from limi.features.journal.ports import JournalStore
from limi.features.journal.thread import StoreThread
from limi.kernel.clock import Clock

__all__ = ["JournalReader"]

_Result = TypeVar("_Result")


async def _nobody() -> Collection[str]:
    return ()


class JournalReader:
    """Asks a store, one question at a time; each raises `JournalUnavailableError` without an answer."""

    def __init__(
        self,
        *,
        store: JournalStore,
        clock: Clock,
        hidden_tenants: Callable[[], Awaitable[Collection[str]]] | None = None,
        timeout_seconds: float = 5.0,
        max_waiting: int = 64,
    ) -> None:
        """Keep the parts; nothing runs before `start`.

        Args:
            store: what is asked.
            clock: says which keys are live.
            hidden_tenants: whose live keys are not shown: those of suspended tenants. None for nobody's.
            timeout_seconds: longest wait for an answer. Reads are for people and probes, which do not wait longer.
            max_waiting: questions at once; past it they are refused, so that a flood of them holds nothing.
        """
        self._store = store
        self._clock = clock
        self._hidden_tenants = hidden_tenants or _nobody
        self._timeout_seconds = timeout_seconds
        self._max_waiting = max_waiting
        self._waiting = 0
        self._thread: StoreThread | None = None

    async def start(self) -> None:
        """Begin to answer."""
        self._thread = StoreThread(name="limi-journal-reader")

    async def stop(self) -> None:
        """Refuse new questions; those under way are answered."""
        if self._thread is not None:
            self._thread.close()

    async def live_tokens(self, *, limit: int, tenant: str | None = None) -> LiveTokens:
        """Return the keys handed out that have not expired, newest first, of one tenant or of all.

        Raises:
            AccessUnavailableError: it cannot be found out whose keys are hidden.
        """
        hidden, now = await self._hidden_tenants(), self._clock.now()
        return await self._ask(
            partial(self._store.live_tokens, now=now, limit=limit, tenant=tenant, hidden=hidden)
        )

    async def entries(
        self, *, after: int = 0, limit: int = 1000, selection: Selection | None = None
    ) -> list[JournalEntry]:
        """Return up to `limit` selected entries whose `seq` is above `after`, in order."""
        return await self._ask(
            partial(self._store.entries, after=after, limit=limit, selection=selection or Selection())
        )

    async def ping(self) -> None:
        """Return when the database answers and its schema is new enough."""
        await self._ask(self._store.ping)

    async def _ask(self, question: Callable[[], _Result]) -> _Result:
        if self._thread is None:
            raise JournalStoppedError
        if self._waiting >= self._max_waiting:
            raise JournalFullError(limit=self._max_waiting)
        self._waiting += 1
        answer = self._thread.run(question)
        answer.add_done_callback(self._answered)
        # Not cancelled when its time is over: the thread may be busy with it, so it still counts as waiting.
        if not (await asyncio.wait({answer}, timeout=self._timeout_seconds))[0]:
            raise JournalTimeoutError(seconds=self._timeout_seconds)
        return answer.result()

    def _answered(self, _: "asyncio.Future[_Result]") -> None:
        self._waiting -= 1
