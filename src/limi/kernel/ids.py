"""Identifiers and randomness as an argument, so that a test or a deterministic sandbox can repeat itself."""

import os
from typing import Protocol

__all__ = ["Ids", "RandomIds", "sortable_id"]


class Ids(Protocol):
    """Makes identifiers nobody can guess."""

    def hex(self, length: int) -> str:
        """Return `length` random lowercase hexadecimal characters."""


class RandomIds:
    """Identifiers from the operating system's source of randomness."""

    def hex(self, length: int) -> str:
        """Return `length` random lowercase hexadecimal characters."""
        return os.urandom((length + 1) // 2).hex()[:length]


def sortable_id(ids: Ids, now: float) -> str:
    """Return 32 hexadecimal characters that sort by time: milliseconds first, then 80 random bits.

    The layout is UUIDv7's without its version bits (RFC 9562 §5.7): rows inserted together lie together in an
    index, which keeps inserts cheap.
    """
    return f"{int(now * 1000):012x}{ids.hex(20)}"
