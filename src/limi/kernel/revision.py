"""The number that moves with every change of keys, tenants and profiles, and caches that end when it does.

Each process looks at the number twice a second (`limi.features.revision`). A cache asks what it was at the last
look: moved, everything cached goes. So a change is seen by all processes within that time, and between changes
nobody reads the database for what it already knows.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, Protocol, TypeVar

__all__ = ["AccessUnavailableError", "Revision", "RevisionCache"]

_Key = TypeVar("_Key", bound=Hashable)
_Value = TypeVar("_Value")


class AccessUnavailableError(Exception):
    """Keys, tenants or profiles can be neither read nor changed, so nobody is let in by what was known of them."""


class Revision(Protocol):
    """What is known of the number."""

    @property
    def number(self) -> int:
        """Return it as it was at the last look."""

    @property
    def fresh(self) -> bool:
        """Say whether the last look is so recent that what is cached may still be believed."""

    async def refresh(self) -> None:
        """Look now.

        Raises:
            AccessUnavailableError: the number cannot be read.
        """

    async def announce(self) -> None:
        """Look now because this process made a change, and have the others look. It never raises."""

    async def moved_from(self, number: int | None) -> None:
        """Return when the number is another than `number`, be it at once or after any look to come."""


class RevisionCache(Generic[_Key, _Value]):
    """Keeps what was loaded until the number moves; requests that want the same thing load it once.

    Nothing absent is kept, because whoever asks for things that are not there could fill the cache with them.
    """

    def __init__(
        self,
        *,
        load: Callable[[_Key], Awaitable[_Value | None]],
        revision: Revision,
        max_entries: int,
        strict: bool,
    ) -> None:
        """Begin empty.

        Args:
            load: finds what is under a key, None where there is nothing.
            revision: the number.
            max_entries: past it what was loaded first is dropped.
            strict: whether entries are refused while the number has not been seen for too long. Otherwise they are
                believed meanwhile, which fits what decides about nobody's access.
        """
        self._load_one = load
        self._revision = revision
        self._max_entries = max_entries
        self._strict = strict
        self._number = revision.number
        self._entries: dict[_Key, _Value] = {}
        self._loading: dict[tuple[int, _Key], asyncio.Future[_Value | None]] = {}

    def __len__(self) -> int:
        """Return how many entries are kept."""
        return len(self._entries)

    def __contains__(self, key: _Key) -> bool:
        """Say whether an entry is kept, be it fresh or not."""
        return key in self._entries

    def peek(self, key: _Key) -> _Value | None:
        """Return what is kept under `key` where that may be believed without a look, else None."""
        revision = self._revision
        if revision.number != self._number or (self._strict and not revision.fresh):
            return None
        return self._entries.get(key)

    async def get(self, key: _Key) -> _Value | None:
        """Return what is kept under `key` or can be loaded, None where there is nothing.

        Raises:
            AccessUnavailableError: it is neither known nor can it be read.
        """
        revision = self._revision
        if self._strict and not revision.fresh:
            await revision.refresh()
        if revision.number != self._number:
            self._number = revision.number
            self._entries.clear()
        found = self._entries.get(key)
        return found if found is not None else await self._load(key)

    async def _load(self, key: _Key) -> _Value | None:
        # The number is part of the name: who comes after a change must not be given what was read before it.
        name = (self._number, key)
        while pending := self._loading.get(name):
            await asyncio.wait({pending})
            if not pending.cancelled():
                return pending.result()
        pending = self._loading[name] = asyncio.get_running_loop().create_future()
        try:
            value = await self._load_one(key)
        except Exception as exc:
            pending.set_exception(exc)
            pending.exception()  # Looked at, so that nobody hears of it where nobody else waits.
            raise
        else:
            pending.set_result(value)
            self._keep(name, value)
            return value
        finally:
            del self._loading[name]
            pending.cancel()  # Does nothing unless whoever loaded was cancelled; then the next one loads.

    def _keep(self, name: tuple[int, _Key], value: _Value | None) -> None:
        number, key = name
        if value is None or number != self._revision.number or number != self._number:
            return
        self._entries[key] = value
        if len(self._entries) > self._max_entries:
            del self._entries[next(iter(self._entries))]
