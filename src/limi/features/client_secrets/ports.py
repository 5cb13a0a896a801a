"""What a mint needs from outside."""

from collections.abc import Awaitable
from typing import Protocol

import msgspec

from limi.features.client_secrets.model import ClientSecret
from limi.kernel.profiles import NamedProfile

__all__ = ["IdempotencyStore", "Profiles", "SealedAnswer", "Upstream"]


class Profiles(Protocol):
    """Knows the session configs by name."""

    def resolve(self, name: str, tenant: str | None) -> Awaitable[NamedProfile | None]:
        """Return what `name` means for callers of `tenant`, None where it means nothing.

        Raises:
            AccessUnavailableError: it cannot be found out.
        """


class Upstream(Protocol):
    """The server that makes ephemeral keys."""

    async def mint(self, body: bytes, *, safety_identifier: str) -> ClientSecret:
        """Ask for a key with the JSON `body` of `POST /v1/realtime/client_secrets`.

        Raises:
            UpstreamError: with the class that says why there is none.
        """

    async def check(self) -> None:
        """Find out whether upstream is reachable and accepts the main key.

        Raises:
            UpstreamError: with the class that says what is wrong.
        """


class SealedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer kept for repeats. Without the client's idempotency key nobody can open it."""

    body_hash: bytes
    sealed: bytes
    expires_at: int


class IdempotencyStore(Protocol):
    """Keeps one answer per name until it expires, and lets one caller at a time make it."""

    async def claim(self, name: bytes, body_hash: bytes) -> SealedAnswer | None:
        """Return the kept answer, or None to the one caller who must now `keep` or `release` the name.

        Waits while another caller makes the answer.

        Raises:
            IdempotencyConflictError: when the name belongs to another body.
        """

    async def keep(self, name: bytes, answer: SealedAnswer) -> None:
        """Store the answer of a claimed name and hand it to those who wait."""

    async def release(self, name: bytes) -> None:
        """Give a claimed name up without an answer; the first of those who wait claims it."""
