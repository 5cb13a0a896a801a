"""The issuer's keys, kept and renewed: they change while we run, and the issuer may be away when they do.

Keys are renewed at half their time, in the background, so that nobody waits for it; past their time they are
waited for. A token that names an unknown key may have been signed after a rotation, so it asks for a renewal,
too, at most once in `refetch_seconds`: whoever makes names up cannot have us hammer the issuer. While the issuer
cannot be reached, the keys at hand go on for `stale_seconds`; after that no token is accepted, because a key
that was withdrawn in the meantime could not be told from a good one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Final

import msgspec
import structlog

from limi.adapters.oidc.signing_keys import PublicKey, SigningKeys
from limi.kernel.clock import Clock
from limi.kernel.revision import AccessUnavailableError
from limi.kernel.settings import OIDCSettings

__all__ = ["Fetch", "FetchError", "KeySource"]

Fetch = Callable[[str], Awaitable[bytes]]
"""Returns what an https URL answers, or raises a FetchError."""

_log = structlog.get_logger()

_RETRY_SECONDS: Final = 5.0
"""Shortest time between two tries where there are no usable keys: callers wait at the door meanwhile."""
_DISCOVERY: Final = "/.well-known/openid-configuration"


class FetchError(Exception):
    """A URL did not answer as it should; `reason` is for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Discovery(msgspec.Struct, frozen=True):
    """What is needed of https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata."""

    issuer: str
    jwks_uri: Annotated[str, msgspec.Meta(pattern=r"^https://[!-~]+\Z")]


class KeySource:
    """Finds the keys that may have signed a token."""

    def __init__(self, *, settings: OIDCSettings, fetch: Fetch, clock: Clock) -> None:
        """Prepare, without asking anybody.

        Args:
            settings: whose keys, and for how long.
            fetch: how a URL is read.
            clock: time.
        """
        self._settings = settings
        self._fetch = fetch
        self._clock = clock
        self._keys: SigningKeys | None = None
        self._renewed_at = 0.0
        self._tried_at: float | None = None
        self._failing = False
        self._jwks_url: str | None = None
        self._renewal: asyncio.Task[None] | None = None
        self.generation = 0
        """Moves whenever a key was withdrawn: what was checked with older keys must be checked again."""

    def are_fresh(self) -> bool:
        """Say whether keys are at hand and not past their time; renew them in the background when it is near."""
        if self._keys is None:
            return False
        age = self._age()
        if age > self._settings.keys_seconds / 2:
            self._renew()
        return age <= self._settings.keys_seconds

    async def matching(self, kid: str | None, algorithm: str) -> Sequence[PublicKey]:
        """Return the keys that may have made a signature; none for a name that the issuer does not know.

        Raises:
            AccessUnavailableError: there are no keys that may be used.
        """
        if not self.are_fresh() and (task := self._renew()) and not (self._failing and self._is_usable()):
            await asyncio.shield(task)
        found = self._usable().matching(kid, algorithm)
        if found or kid is None or self._usable().knows(kid):
            return found
        if task := self._renew():
            await asyncio.shield(task)
        return self._usable().matching(kid, algorithm)

    async def close(self) -> None:
        """Give up a renewal under way; may be called twice."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)

    def _usable(self) -> SigningKeys:
        if self._keys is None or not self._is_usable():
            raise AccessUnavailableError("the issuer's keys cannot be fetched")
        return self._keys

    def _is_usable(self) -> bool:
        longest = self._settings.keys_seconds + self._settings.stale_seconds
        return self._keys is not None and self._age() <= longest

    def _age(self) -> float:
        return self._clock.monotonic() - self._renewed_at

    def _renew(self) -> asyncio.Task[None] | None:
        """Return the renewal under way, or begin one; None while it is too soon for another."""
        if self._renewal is not None:
            return self._renewal
        now = self._clock.monotonic()
        pause = self._settings.refetch_seconds if self._is_usable() else _RETRY_SECONDS
        if self._tried_at is not None and now - self._tried_at < pause:
            return None
        self._tried_at = now
        self._renewal = asyncio.create_task(self._load_and_keep(), name="oidc keys")
        return self._renewal

    async def _load_and_keep(self) -> None:
        try:
            keys = await self._load()
        except (FetchError, ValueError) as exc:
            self._failing = True
            # The discovery document may have been what led astray.
            self._jwks_url = None
            _log.warning("oidc.keys.unavailable", issuer=self._settings.issuer, reason=str(exc))
        else:
            self._failing = False
            self._keep(keys)
        finally:
            self._renewal = None

    def _keep(self, keys: SigningKeys) -> None:
        if self._keys is not None and not self._keys.thumbprints <= keys.thumbprints:
            self.generation += 1
            _log.info("oidc.keys.withdrawn", issuer=self._settings.issuer)
        self._keys = keys
        self._renewed_at = self._clock.monotonic()

    async def _load(self) -> SigningKeys:
        if self._jwks_url is None:
            self._jwks_url = self._settings.jwks_url or await self._discover()
        body = await self._fetch(self._jwks_url)
        return SigningKeys.parse(body, algorithms=self._settings.algorithms)

    async def _discover(self) -> str:
        issuer = self._settings.issuer or ""
        body = await self._fetch(issuer.rstrip("/") + _DISCOVERY)
        try:
            found = msgspec.json.decode(body, type=_Discovery)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            raise ValueError("the issuer's discovery document names no key set by https") from None
        if found.issuer != issuer:
            # Discovery §4.3: or one issuer could speak for another.
            raise ValueError("the issuer's discovery document is that of another issuer")
        return found.jwks_uri
