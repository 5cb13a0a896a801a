"""Kept answers that all processes share: the same `Idempotency-Key` at two servers is one mint.

Within a process the in-memory store goes first: it queues repeats in the order they came, and one of them at a
time asks Redis. There a claim is a lease with a random token, so the claim of a process that died ends by itself.
What is stored is what the memory stores: a name that tells nothing and an answer nobody can open without the
client's key.

Failing open: while Redis cannot be used, each process keeps its own. The same key at two servers may then be two
mints, which is what happens without the header; a mint refused because of a convenience would be worse.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

import msgspec
import structlog

from limi.adapters.redis.connection import RedisUnavailableError, Script
from limi.adapters.redis.window_store import ScriptRunner
from limi.features.client_secrets.errors import IdempotencyConflictError
from limi.features.client_secrets.idempotency import InMemoryIdempotencyStore
from limi.features.client_secrets.ports import SealedAnswer
from limi.kernel.clock import Clock
from limi.kernel.ids import Ids

__all__ = ["RedisIdempotencyStore"]

_log = structlog.get_logger()

_PREFIX: Final = b"{limi}:repeat:"
_TOKEN_DIGITS: Final = 32
_FIRST_PAUSE_SECONDS: Final = 0.02
_LONGEST_PAUSE_SECONDS: Final = 0.25
"""Between two looks whether another server has made the answer; a mint takes some 0.2 s."""
_REST_SECONDS: Final = 1.0
"""How long Redis is left alone after it failed, so that not every repeat waits for a time-out."""

_CLAIM: Final = Script.of("""
local kept = redis.call('HMGET', KEYS[1], 'body', 'token', 'sealed', 'until')
local body, token, sealed, ends = kept[1], kept[2], kept[3], kept[4]
if sealed and tonumber(ends) <= tonumber(ARGV[5]) then
  body, sealed = false, false
end
if body and body ~= ARGV[2] then
  return {'conflict'}
elseif sealed then
  return {'kept', sealed, ends}
elseif body and token ~= ARGV[3] then
  return {'wait'}
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'body', ARGV[2], 'token', ARGV[3])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {'claimed'}
""")
"""Arguments: run id, body hash, token, lease in ms, now in Unix seconds. A token may claim twice."""

_KEEP: Final = Script.of("""
if redis.call('HEXISTS', KEYS[1], 'sealed') == 1 then
  return 0
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'body', ARGV[2], 'sealed', ARGV[3], 'until', ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
return 1
""")
"""Arguments: run id, body hash, sealed answer, its end in Unix seconds, milliseconds until then.

The first answer stays, also where the lease ran out before it came and another process is making a second one.
"""

_RELEASE: Final = Script.of("""
if redis.call('HGET', KEYS[1], 'token') == ARGV[2] then
  return redis.call('DEL', KEYS[1])
end
return 0
""")
"""Arguments: run id, token."""


class RedisIdempotencyStore:
    """Implements the mint's store of answers over one connection of its own."""

    def __init__(
        self,
        *,
        connection: ScriptRunner,
        clock: Clock,
        ids: Ids,
        max_entries: int,
        lease_seconds: float,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Prepare, without connecting.

        Args:
            connection: where Redis is.
            clock: time.
            ids: randomness.
            max_entries: answers that this process remembers itself; Redis keeps each until it ends.
            lease_seconds: how long a claim lives without an answer; more than the longest mint takes.
            sleep: waits between two looks at what another server is making.
        """
        self._connection = connection
        self._clock = clock
        self._ids = ids
        self._local = InMemoryIdempotencyStore(clock=clock, max_entries=max_entries)
        self._lease_ms = b"%d" % round(lease_seconds * 1000)
        self._sleep = sleep
        self._tokens: dict[bytes, bytes] = {}
        self._rests_until = clock.monotonic()
        self._said = False

    async def claim(self, name: bytes, body_hash: bytes) -> SealedAnswer | None:
        """Return the kept answer, or None to the one caller who must now `keep` or `release` the name."""
        kept = await self._local.claim(name, body_hash)
        if kept is not None:
            return kept
        # Set before Redis hears of it: whatever happens then, the claim can be given up.
        self._tokens[name] = self._ids.hex(_TOKEN_DIGITS).encode()
        try:
            kept = await self._claim_shared(name, body_hash)
        except BaseException:
            await self.release(name)
            raise
        if kept is not None:
            del self._tokens[name]
            await self._local.keep(name, kept)
        return kept

    async def keep(self, name: bytes, answer: SealedAnswer) -> None:
        """Store the answer of a claimed name and hand it to those who wait."""
        token = self._tokens.pop(name, b"")
        left_ms = round((answer.expires_at - self._clock.now()) * 1000)
        try:
            with suppress(RedisUnavailableError):
                if left_ms > 0:
                    ends = b"%d" % answer.expires_at
                    await self._run(_KEEP, name, answer.body_hash, answer.sealed, ends, b"%d" % left_ms)
                else:
                    # Nothing can be kept of it; whoever waits elsewhere should not wait for the lease to end.
                    await self._run(_RELEASE, name, token)
        finally:
            await self._local.keep(name, answer)

    async def release(self, name: bytes) -> None:
        """Give a claimed name up without an answer; the first of those who wait claims it."""
        token = self._tokens.pop(name, b"")
        try:
            with suppress(RedisUnavailableError):
                await self._run(_RELEASE, name, token)
        finally:
            await self._local.release(name)

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def _claim_shared(self, name: bytes, body_hash: bytes) -> SealedAnswer | None:
        """Return the answer in Redis, or None once this process may make it; waits while another one does."""
        pause = _FIRST_PAUSE_SECONDS
        while True:
            now = b"%.3f" % self._clock.now()
            try:
                outcome = _decode(
                    await self._run(_CLAIM, name, body_hash, self._tokens[name], self._lease_ms, now)
                )
            except RedisUnavailableError:
                return None
            if outcome[0] == b"conflict":
                raise IdempotencyConflictError
            if outcome[0] == b"kept":
                return SealedAnswer(body_hash=body_hash, sealed=outcome[1], expires_at=int(outcome[2]))
            if outcome[0] == b"claimed":
                return None
            await self._sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _run(self, script: Script, name: bytes, *arguments: bytes) -> object:
        if self._clock.monotonic() < self._rests_until:
            raise RedisUnavailableError("it failed a moment ago")
        try:
            answer = await self._connection.run(script, [_PREFIX + name.hex().encode()], arguments)
        except RedisUnavailableError as exc:
            self._rests_until = self._clock.monotonic() + _REST_SECONDS
            if not self._said:
                _log.warning("repeats.alone", reason=exc.reason)
            self._said = True
            raise
        if self._said:
            _log.info("repeats.shared")
        self._said = False
        return answer


def _decode(answer: object) -> list[bytes]:
    try:
        outcome = msgspec.convert(answer, list[bytes])
    except msgspec.ValidationError as exc:
        raise RedisUnavailableError("an answer that is none") from exc
    if not outcome or (outcome[0] == b"kept" and len(outcome) != 3):  # noqa: PLR2004 - as the script writes it
        raise RedisUnavailableError("an answer that is none")
    return outcome
