"""The two clients as one, so that each behaviour is tested of both."""

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from limi_client import AsyncLimiAIClient, EphemeralKey, Health, LimiAIClient
from limi_client._ports import Ports

__all__ = ["CHANCE", "SHELLS", "Shell"]

CHANCE = 0.5


class Shell(Protocol):
    """A client, with the waits that it wanted."""

    waits: list[float]

    async def key(self, *arguments: Any, **options: Any) -> EphemeralKey: ...

    async def health(self, **options: Any) -> Health: ...

    async def close(self) -> None: ...


class _Waiting:
    def __init__(self, *, max_retries: int = 2, **options: Any) -> None:
        self.waits: list[float] = []
        self.options = {"max_retries": max_retries, "ports": Ports(chance=lambda: CHANCE), **options}


class SyncShell(_Waiting):
    """The client without `await`, in a thread as a web framework would have it."""

    def __init__(self, url: str, api_key: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.client = LimiAIClient(url, api_key, sleep=self.waits.append, **self.options)

    async def key(self, *arguments: Any, **options: Any) -> EphemeralKey:
        return await asyncio.to_thread(self.client.generate_ephemeral_key, *arguments, **options)

    async def health(self, **options: Any) -> Health:
        return await asyncio.to_thread(self.client.check_health, **options)

    async def close(self) -> None:
        self.client.close()


class AsyncShell(_Waiting):
    """The client with `await`."""

    def __init__(self, url: str, api_key: str | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.client = AsyncLimiAIClient(url, api_key, sleep=self._sleep, **self.options)

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)

    async def key(self, *arguments: Any, **options: Any) -> EphemeralKey:
        return await self.client.generate_ephemeral_key(*arguments, **options)

    async def health(self, **options: Any) -> Health:
        return await self.client.check_health(**options)

    async def close(self) -> None:
        await self.client.close()


SHELLS: dict[str, Callable[..., Shell]] = {"sync": SyncShell, "async": AsyncShell}
