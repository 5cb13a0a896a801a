"""The client secrets that were minted and have not expired.

Errors::

    TooManySecretsError     as many are kept as may be
"""

import heapq
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from limi.kernel.clock import Clock
from limi.kernel.ids import Ids
from limi.kernel.secret import Secret

__all__ = ["ClientSecret", "ClientSecrets", "TooManySecretsError", "is_client_secret"]

_PREFIX: Final = "ek_"
_HEX_CHARACTERS: Final = 32

Session = TypeVar("Session")


class TooManySecretsError(Exception):
    """No secret is made, because as many are valid as are kept."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The sandbox keeps {limit} client secrets that have not expired, and no more.")
        self.limit = limit


@dataclass(frozen=True, slots=True)
class ClientSecret(Generic[Session]):
    """A secret with what a socket that is opened with it begins with."""

    value: Secret
    expires_at: int
    """Unix seconds; from this second on the secret opens nothing, while what it opened goes on."""
    session: Session


class ClientSecrets(Generic[Session]):
    """Keeps secrets until they expire, in memory: a sandbox that restarts forgets them, as its calls end too."""

    def __init__(self, *, clock: Clock, ids: Ids, limit: int) -> None:
        """Make an empty store.

        Args:
            clock: Tells when secrets expire.
            ids: Makes their random part.
            limit: How many are kept, so that a flood of mints cannot fill the memory.
        """
        self._clock = clock
        self._ids = ids
        self._limit = limit
        self._secrets: dict[str, ClientSecret[Session]] = {}
        self._by_expiry: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._secrets)

    def mint(self, session: Session, *, seconds: int) -> ClientSecret[Session]:
        """Make a secret that opens any number of sessions like `session` for the given time.

        Raises:
            TooManySecretsError: The store is full; nobody's valid secret leaves for another's.
        """
        self._drop_expired()
        if len(self._secrets) >= self._limit:
            raise TooManySecretsError(self._limit)
        value = _PREFIX + self._ids.hex(_HEX_CHARACTERS)
        secret = ClientSecret(Secret(value), int(self._clock.now()) + seconds, session)
        self._secrets[value] = secret
        heapq.heappush(self._by_expiry, (secret.expires_at, value))
        return secret

    def find(self, value: str) -> ClientSecret[Session] | None:
        """Return the secret while it is valid."""
        secret = self._secrets.get(value)
        return secret if secret is not None and self._clock.now() < secret.expires_at else None

    def _drop_expired(self) -> None:
        now = self._clock.now()
        while self._by_expiry and self._by_expiry[0][0] <= now:
            del self._secrets[heapq.heappop(self._by_expiry)[1]]


def is_client_secret(value: str) -> bool:
    """Say whether a credential claims to be a client secret rather than a standard key."""
    return value.startswith(_PREFIX)
