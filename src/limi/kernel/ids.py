"""Identifiers and randomness as an argument, so that a test or a deterministic sandbox can repeat itself."""

import os
from typing import Final, Protocol

__all__ = ["Ids", "RandomIds", "first_sortable_id", "sortable_id"]

_BLOCK_BYTES: Final = 2048
_PIECE_CHARACTERS: Final = 32
"""Of a block's pieces, each for one id: as many as the longest that is made often has."""
_LAST_MILLISECOND: Final = 2**48 - 1


class Ids(Protocol):
    """Makes identifiers nobody can guess."""

    def hex(self, length: int) -> str:
        """Return `length` random lowercase hexadecimal characters."""


class RandomIds:
    """Identifiers from the operating system's source of randomness; safe for several threads.

    It is asked for many at a time, because the system call costs more than everything else about an id. A forked
    process would share the rest, so Limi never forks.
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def hex(self, length: int) -> str:
        """Return `length` random lowercase hexadecimal characters."""
        if length > _PIECE_CHARACTERS:
            return os.urandom(length).hex()[:length]
        try:
            # What is taken off a list one thread alone gets, so nobody needs a lock.
            piece = self._pieces.pop()
        except IndexError:
            piece, *others = os.urandom(_BLOCK_BYTES).hex(" ", _PIECE_CHARACTERS // 2).split()
            self._pieces.extend(others)
        return piece[:length]


def sortable_id(ids: Ids, now: float) -> str:
    """Return 32 hexadecimal characters that sort by time: milliseconds first, then 80 random bits.

    The layout is UUIDv7's without its version bits (RFC 9562 §5.7): rows inserted together lie together in an
    index, which keeps inserts cheap.
    """
    return f"{int(now * 1000):012x}{ids.hex(20)}"


def first_sortable_id(at: float) -> str:
    """Return a text that sorts before every id which `sortable_id` made at the Unix second `at` or later."""
    return f"{min(max(int(at * 1000), 0), _LAST_MILLISECOND):012x}"
