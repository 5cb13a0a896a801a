"""A mint repeated with the same `Idempotency-Key` gets the same key, and no second one is made.

What is kept must not become a store of usable keys. So the entry's name is a keyed hash of who asked and of the
header's value, and the answer in it is sealed with a key that only that value gives: whoever reads the store finds
neither. It ends with the ephemeral key in it. The header's meaning follows
https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/.
"""

import asyncio
import hashlib
import heapq
import hmac
from collections import deque
from dataclasses import dataclass, field
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from limi.features.client_secrets.errors import IdempotencyConflictError
from limi.features.client_secrets.model import Minted
from limi.features.client_secrets.ports import SealedAnswer
from limi.kernel.clock import Clock
from limi.kernel.secret import Secret

__all__ = ["InMemoryIdempotencyStore", "Repeat", "Sealer"]

# Each sealing key is used for one message only, so a fixed nonce is safe (NIST SP 800-38D §8).
_NONCE: Final = b"\0" * 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """What makes two mints the same: who asks (`scope`), the header's value, and the body."""

    scope: str
    key: Secret
    body: bytes


class Sealer:
    """Names, seals and opens kept answers."""

    def __init__(self, root: bytes) -> None:
        self._root = root

    def name(self, repeat: Repeat) -> bytes:
        """Return the entry's name: 32 bytes that tell neither caller nor header."""
        # The scope's length comes first, so that no scope and key run together into another pair.
        scope = repeat.scope.encode()
        return self._mac(b"name", len(scope).to_bytes(4) + scope + repeat.key.reveal().encode())

    def seal(self, repeat: Repeat, minted: Minted) -> SealedAnswer:
        """Return what is kept of `minted`."""
        plain = msgspec.json.encode(minted, enc_hook=_reveal)
        sealed = AESGCM(self._sealing_key(repeat)).encrypt(_NONCE, plain, None)
        return SealedAnswer(body_hash=self.body_hash(repeat), sealed=sealed, expires_at=minted.expires_at)

    def open(self, repeat: Repeat, answer: SealedAnswer) -> Minted:
        """Return the key that was kept.

        Raises:
            IdempotencyConflictError: the entry was sealed under another header value.
        """
        try:
            plain = AESGCM(self._sealing_key(repeat)).decrypt(_NONCE, answer.sealed, None)
        except InvalidTag:
            raise IdempotencyConflictError from None
        kept = msgspec.json.decode(plain, type=Minted, dec_hook=lambda _, value: Secret(value))
        return msgspec.structs.replace(kept, replayed=True)

    def body_hash(self, repeat: Repeat) -> bytes:
        """Return a hash of the request's exact bytes."""
        return hashlib.sha256(repeat.body).digest()

    def _sealing_key(self, repeat: Repeat) -> bytes:
        # The entry's name goes in as well: two callers who send the same value must not share a key and nonce.
        return self._mac(b"seal", self.name(repeat) + repeat.key.reveal().encode())

    def _mac(self, purpose: bytes, data: bytes) -> bytes:
        return hmac.digest(self._root, purpose + b"\0" + data, "sha256")


def _reveal(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise NotImplementedError


@dataclass(slots=True)
class _Pending:
    """A claimed name: who waits for it, in order of arrival."""

    body_hash: bytes
    waiters: deque[asyncio.Future[SealedAnswer | None]] = field(default_factory=deque)


class InMemoryIdempotencyStore:
    """Keeps at most `max_entries` answers in this process; past that, the one that expires first is dropped."""

    def __init__(self, *, clock: Clock, max_entries: int) -> None:
        self._clock = clock
        self._max_entries = max_entries
        self._kept: dict[bytes, SealedAnswer] = {}
        self._by_expiry: list[tuple[int, bytes]] = []
        self._pending: dict[bytes, _Pending] = {}

    def __len__(self) -> int:
        """Return how many answers are kept."""
        return len(self._kept)

    async def claim(self, name: bytes, body_hash: bytes) -> SealedAnswer | None:
        """Return the kept answer, or None to the one caller who must now `keep` or `release` the name."""
        self._forget_expired()
        kept, pending = self._kept.get(name), self._pending.get(name)
        known = kept or pending
        if known and known.body_hash != body_hash:
            raise IdempotencyConflictError
        if kept:
            return kept
        if pending is None:
            self._pending[name] = _Pending(body_hash)
            return None
        return await self._wait(name, pending)

    async def keep(self, name: bytes, answer: SealedAnswer) -> None:
        """Store the answer of a claimed name and hand it to those who wait."""
        pending = self._pending.pop(name)
        self._kept[name] = answer
        heapq.heappush(self._by_expiry, (answer.expires_at, name))
        while len(self._kept) > self._max_entries:
            self._forget(heapq.heappop(self._by_expiry)[1])
        for waiter in pending.waiters:
            if not waiter.done():
                waiter.set_result(answer)

    async def release(self, name: bytes) -> None:
        """Give a claimed name up without an answer; the first of those who wait claims it."""
        waiters = self._pending[name].waiters
        while waiters:
            waiter = waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        del self._pending[name]

    async def _wait(self, name: bytes, pending: _Pending) -> SealedAnswer | None:
        waiter: asyncio.Future[SealedAnswer | None] = asyncio.get_running_loop().create_future()
        pending.waiters.append(waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            # The claim may have been handed over in the same turn of the loop; it must not be lost with us.
            if waiter.done() and not waiter.cancelled() and waiter.result() is None:
                await self.release(name)
            raise

    def _forget_expired(self) -> None:
        now = self._clock.now()
        while self._by_expiry and self._by_expiry[0][0] <= now:
            self._forget(heapq.heappop(self._by_expiry)[1])

    def _forget(self, name: bytes) -> None:
        self._kept.pop(name, None)
