"""One connection to Redis or Valkey: opened when needed, one exchange at a time, every failure one class.

It stands on redis-py's connection and not on its client, because a pool, retries and response callbacks around one
script call cost more than the call itself (docs/decisions/0018-limits-in-redis.md). Redis 6 is the oldest server
that speaks RESP3.
"""

import asyncio
import hashlib
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import hiredis
from redis.asyncio.connection import AbstractConnection, Connection, parse_url
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError, ResponseError

from limi.kernel.secret import Secret

__all__ = ["RedisConnection", "RedisUnavailableError", "Script"]

_RESP_VERSION: Final = 3
_CLIENT_NAME: Final = "limi"
_RUN_ID: Final = re.compile(rb"run_id:(?P<id>[0-9a-f]+)")
_LAST_LOOK_SECONDS: Final = 0.005
"""A few turns of the event loop. Without them a process that stood still for a moment would blame Redis for it."""
_ERROR_CODE: Final = re.compile(r"[A-Z]{2,20}\b")
_IN_WORDS: Final = {
    "AuthenticationError": "it refuses the user name or the password",
    "AuthenticationWrongNumberOfArgsError": "it refuses the user name or the password",
    "BusyLoadingError": "it is loading its data still",
    "ConnectionRefusedError": "nothing listens there",
    "NoPermissionError": "its user may not do what is needed",
    "OutOfMemoryError": "its memory is full",
    "ReadOnlyError": "it is a replica, which cannot be written",
    "TimeoutError": "no answer in time",
    "gaierror": "its name cannot be looked up",
}
"""The commonest failures, for those who do not speak Python."""


class RedisUnavailableError(Exception):
    """Redis gave no answer in time, or none that can be used; `reason` says why and quotes no value."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"Redis cannot be used: {reason}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Script:
    """A Lua script, which the server runs as one step."""

    text: str
    sha: str
    """What the server calls it once it has seen it."""

    @classmethod
    def of(cls, text: str) -> "Script":
        """Name a script as Redis does."""
        return cls(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


class RedisConnection:
    """Runs scripts on one server, one after the other; it comes back by itself after a loss."""

    def __init__(self, *, url: Secret, timeout_seconds: float) -> None:
        """Prepare, without connecting.

        Args:
            url: `redis://`, `rediss://` or `unix://`, with the password in it.
            timeout_seconds: longest wait for one answer, with connecting where that is needed.

        Raises:
            ValueError: it is no such URL.
        """
        arguments: dict[str, Any] = dict(parse_url(url.reveal()))
        kind: type[AbstractConnection] = arguments.pop("connection_class", Connection)
        # One time-out is put around a whole exchange below, so the library's own around each step are left out. So
        # is its introduction of itself, which old servers and narrow users refuse.
        arguments |= {"socket_timeout": None, "socket_connect_timeout": None, "driver_info": None}
        self._make = partial(kind, **arguments, protocol=_RESP_VERSION, client_name=_CLIENT_NAME)
        try:
            self._make()
        except (TypeError, RedisError) as exc:
            raise ValueError("an option that redis-py does not have") from exc
        self._timeout_seconds = timeout_seconds
        self._connection: AbstractConnection | None = None
        self._run_id = b""
        self._lock = asyncio.Lock()

    async def run(
        self,
        script: Script,
        keys: Sequence[bytes],
        arguments: Sequence[bytes] = (),
        *,
        timeout_seconds: float | None = None,
    ) -> Any:  # noqa: ANN401 - what a script returns is known where the script is
        """Run a script and return its answer, bytes as bytes.

        The script's first argument is the server's run id, `arguments` follow: it names one life of one server, so
        a script can tell a restart, or another server in the old one's place, from what it knew.

        A connection that was kept and turns out to be closed is opened again and the script sent once more, as
        servers close idle connections at any moment. It may have run before, so scripts must bear that.

        Args:
            script: what to run.
            keys: every key it touches.
            arguments: its further arguments.
            timeout_seconds: longest wait, instead of the usual one.

        Raises:
            RedisUnavailableError: there is no answer, or an error.
        """
        async with self._lock:
            loop = asyncio.get_running_loop()
            try:
                async with asyncio.timeout(None) as patience:
                    timer = loop.call_later(timeout_seconds or self._timeout_seconds, _end, patience, loop)
                    try:
                        return await self._try(script, keys, arguments)
                    finally:
                        timer.cancel()
            except BaseException as exc:
                # Whatever ended an exchange before its answer, the answer may still come: to nobody's question.
                await self._drop()
                if isinstance(exc, RedisError | OSError):
                    raise RedisUnavailableError(_reason(exc)) from exc
                raise

    async def close(self) -> None:
        """Close the connection; a later `run` would open another."""
        await self._drop()

    async def _try(self, script: Script, keys: Sequence[bytes], arguments: Sequence[bytes]) -> object:
        kept = self._connection is not None
        try:
            return await self._run(script, keys, arguments)
        except (RedisConnectionError, OSError):
            await self._drop()
            if not kept:
                raise
            return await self._run(script, keys, arguments)

    async def _run(self, script: Script, keys: Sequence[bytes], arguments: Sequence[bytes]) -> object:
        connection = self._connection or await self._open()
        words = (str(len(keys)).encode(), *keys, self._run_id, *arguments)
        try:
            return await _exchange(connection, b"EVALSHA", script.sha.encode(), *words)
        except NoScriptError:
            return await _exchange(connection, b"EVAL", script.text.encode(), *words)

    async def _open(self) -> AbstractConnection:
        connection = self._connection = self._make()
        await connection.connect()  # type: ignore[no-untyped-call]  # the library lacks it
        try:
            found = _RUN_ID.search(await _exchange(connection, b"INFO", b"server"))
        except ResponseError:
            # Some hosts forbid INFO. A restart is then noticed only when the data went with it.
            found = None
        self._run_id = found["id"] if found else b""
        return connection

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(RedisError, OSError):
                await connection.disconnect(nowait=True)


def _end(patience: asyncio.Timeout, loop: asyncio.AbstractEventLoop) -> None:
    """End the wait in a moment: after a pause of this process the answer may lie there, waiting to be read."""
    patience.reschedule(loop.time() + _LAST_LOOK_SECONDS)


async def _exchange(connection: AbstractConnection, *words: bytes) -> Any:  # noqa: ANN401 - as `run`
    # The connection's own packing is Python and costs 7 µs more.
    packed = hiredis.pack_command(words)  # type: ignore[arg-type]  # its stub has a tuple of one
    await connection.send_packed_command(packed, check_health=False)
    return await connection.read_response()


def _reason(exc: BaseException) -> str:
    """Say what failed by its class and Redis's error code; messages may quote arguments and addresses."""
    name = type(exc).__name__
    code = _ERROR_CODE.match(str(exc)) if isinstance(exc, RedisError) else None
    kind = f"{name} {code[0]}" if code else name
    # The library has one error for whatever keeps it from connecting, and what it was behind it.
    words = _IN_WORDS.get(name) or _IN_WORDS.get(type(exc.__context__).__name__)
    return f"{words} ({kind})" if words else kind
