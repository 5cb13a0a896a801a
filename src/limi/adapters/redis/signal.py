"""Wakes the other processes when keys, tenants or profiles changed, by Redis's publish and subscribe.

Messages may get lost, while a connection is away for example; every process looks at the database anyway.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from limi.adapters.redis.connection import RedisUnavailableError, Script
from limi.adapters.redis.window_store import ScriptRunner
from limi.kernel.secret import Secret

__all__ = ["RedisSignal"]

_log = structlog.get_logger()

_CHANNEL: Final = b"limi:revision"
_CONNECT_SECONDS: Final = 1.0
_PAUSE_SECONDS: Final = 1.0
"""Before another attempt to listen; meanwhile processes look for themselves twice as often."""
_QUIET_SECONDS: Final = 5.0
"""After this silence the server is asked for a sign of life, and after as much again it counts as gone."""
_PUBLISH: Final = Script.of("return redis.call('PUBLISH', ARGV[2], '')")


class RedisSignal:
    """Implements the signal over one connection that listens and one that publishes."""

    def __init__(
        self,
        *,
        url: Secret,
        publisher: ScriptRunner,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare, without connecting.

        Args:
            url: where to listen.
            publisher: the connection to publish by.
            sleep: waits before another attempt to listen.
        """
        self._url = url
        self._publisher = publisher
        self._sleep = sleep
        self._wakes: list[Callable[[], None]] = []
        self._task: asyncio.Task[None] | None = None
        self.listening = False
        """Whether a change elsewhere would be heard of now."""

    def subscribe(self, wake: Callable[[], None]) -> None:
        """Have `wake` called whenever a process published, this one too."""
        self._wakes.append(wake)

    async def publish(self) -> None:
        """Tell the other processes; where that fails, they find out by themselves."""
        with suppress(RedisUnavailableError):
            await self._publisher.run(_PUBLISH, (), (_CHANNEL,))

    async def start(self) -> None:
        """Listen from now on."""
        self._task = asyncio.create_task(self._run(), name="redis signal")

    async def stop(self) -> None:
        """Close both connections."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
        await self._publisher.close()

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except (RedisError, OSError) as exc:
                # Said once, and for those who look for it: a loss that matters is told by the limits.
                if self.listening:
                    _log.debug("signal.lost", reason=type(exc).__name__)
            finally:
                self.listening = False
            await self._sleep(_PAUSE_SECONDS)

    async def _listen(self) -> None:
        client: Redis = Redis.from_url(
            self._url.reveal(),
            protocol=3,
            client_name="limi",
            driver_info=None,
            socket_timeout=None,
            socket_connect_timeout=_CONNECT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        async with client, client.pubsub() as channel:
            await channel.subscribe(_CHANNEL)
            await self._hear(channel)

    async def _hear(self, channel: PubSub) -> None:
        asked = False
        while True:
            message = await channel.get_message(timeout=_QUIET_SECONDS)
            if message is None:
                if asked:
                    return
                await channel.ping()
                asked = True
                continue
            asked = False
            if message["type"] == "subscribe":
                self.listening = True
            if message["type"] in {"subscribe", "message"}:
                # Whatever was published while nobody listened here is heard of as well.
                self._wake_all()

    def _wake_all(self) -> None:
        for wake in self._wakes:
            wake()
