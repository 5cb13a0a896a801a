"""What the journal keeps of who asked: addresses as they are, as a keyed hash, or not at all.

A keyed hash still tells whether two rows come from one address, and whoever has the server's root can find the
rows of an address they know. That is all it tells: without the root nobody can try addresses out.
"""

import hmac
from collections.abc import Callable
from enum import StrEnum
from functools import lru_cache
from typing import Final

from limi.kernel.facts import Origin

__all__ = ["OriginPrivacy", "Privacy"]

_LENGTH: Final = 24
"""Hexadecimal characters of a hash: 96 bits, so two addresses never share one."""
_BY_ADDRESS: Final = "ip:"


class Privacy(StrEnum):
    """How addresses are kept."""

    FULL = "full"
    HMAC = "hmac"
    NONE = "none"


class OriginPrivacy:
    """Applies one choice to the address of an origin, and to a caller who is named by their address."""

    def __init__(self, *, choice: Privacy, key: bytes) -> None:
        """Keep the choice.

        Args:
            choice: how addresses are kept.
            key: the root's child for `privacy-hmac`.
        """
        self._choice = choice
        # Callers come back, and a cached one costs a tenth of a hash.
        self._hashed: Callable[[str], str] = lru_cache(maxsize=4096)(
            lambda text: f"hmac-{hmac.digest(key, b'address:' + text.encode(), 'sha256').hex()[:_LENGTH]}"
        )

    @property
    def keeps_all(self) -> bool:
        """Whether `apply` changes nothing."""
        return self._choice is Privacy.FULL

    def apply(self, origin: Origin) -> Origin:
        """Return the origin as the journal may keep it."""
        if self._choice is Privacy.FULL:
            return origin
        return Origin(
            request_id=origin.request_id,
            caller=self.caller(origin.caller),
            tenant=origin.tenant,
            ip=self._address(origin.ip) if origin.ip is not None else None,
            user_agent=origin.user_agent,
            frontend=origin.frontend,
        )

    def caller(self, caller: str) -> str:
        """Return a caller's name as the journal keeps it, which is what a query has to ask for."""
        if self._choice is Privacy.FULL or not caller.startswith(_BY_ADDRESS):
            return caller
        return f"{_BY_ADDRESS}{self._address(caller.removeprefix(_BY_ADDRESS)) or 'withheld'}"

    def _address(self, address: str) -> str | None:
        return self._hashed(address) if self._choice is Privacy.HMAC else None
