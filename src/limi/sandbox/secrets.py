"""The client secrets that were minted and have not expired."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from limi.kernel.clock import Clock
from limi.kernel.ids import Ids
from limi.kernel.secret import Secret

__all__ = ["ClientSecret", "ClientSecrets", "is_client_secret"]

_PREFIX: Final = "ek_"
_HEX_CHARACTERS: Final = 32

Session = TypeVar("Session")


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
            limit: How many are kept; past it the oldest leaves, so that a flood of mints cannot fill the memory.
        """
        self._clock = clock
        self._ids = ids
        self._limit = limit
        self._secrets: OrderedDict[str, ClientSecret[Session]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._secrets)

    def mint(self, session: Session, *, seconds: int) -> ClientSecret[Session]:
        """Make a secret that opens any number of sessions like `session` for the given time."""
        self._drop_expired()
        value = _PREFIX + self._ids.hex(_HEX_CHARACTERS)
        secret = ClientSecret(Secret(value), int(self._clock.now()) + seconds, session)
        self._secrets[value] = secret
        if len(self._secrets) > self._limit:
            self._secrets.popitem(last=False)
        return secret

    def find(self, value: str) -> ClientSecret[Session] | None:
        """Return the secret while it is valid."""
        secret = self._secrets.get(value)
        if secret is None or self._clock.now() < secret.expires_at:
            return secret
        del self._secrets[value]
        return None

    def _drop_expired(self) -> None:
        # Lives differ, so that an expired one may hide behind a long-lived one; the limit bounds these.
        now = self._clock.now()
        while self._secrets:
            oldest = next(iter(self._secrets.values()))
            if now < oldest.expires_at:
                return
            self._secrets.popitem(last=False)


def is_client_secret(value: str) -> bool:
    """Say whether a credential claims to be a client secret rather than a standard key."""
    return value.startswith(_PREFIX)
