"""Decodes long base64 slice by slice, of which each takes a tenth of a millisecond."""

from asyncio import sleep
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Final

import msgspec

__all__ = ["copy_base64", "decode_joined", "decode_slices"]

_SLICE_CHARACTERS: Final = 256 * 1024
"""A multiple of four, so that each slice is base64 by itself, and of what 16-bit samples need."""


async def decode_slices(text: str, begin: int, end: int) -> list[bytes] | None:
    """Return what part of a text is the base64 of, in pieces of whole samples, letting others work between.

    Returns:
        None when it is no base64.
    """
    pieces = [piece async for piece in _pieces(text, begin, end)]
    return None if None in pieces else [piece for piece in pieces if piece is not None]


async def decode_joined(text: str, begin: int, end: int) -> bytes | None:
    """Return what part of a text is the base64 of, in one piece; None when it is no base64."""
    # It grows with each piece and is handed out as it is. To join pieces takes as long as it takes the system to
    # find so much memory, which may be 50 ms for the largest.
    joined = BytesIO()
    async for piece in _pieces(text, begin, end):
        if piece is None:
            return None
        joined.write(piece)
    return joined.getvalue()


async def copy_base64(text: str, begin: int, base64_begin: int, end: int) -> bytes | None:
    """Return part of a text as ASCII, whose last sign stands behind base64; None when that is no base64.

    Args:
        text: Holds the part.
        begin: Where the part begins.
        base64_begin: Where its base64 begins.
        end: Where the part ends, one sign behind the base64.
    """
    copy = BytesIO()
    copy.write(text[begin:base64_begin].encode())
    place = base64_begin
    async for piece in _pieces(text, base64_begin, end - 1):
        if piece is None:
            return None
        following = min(place + _SLICE_CHARACTERS, end - 1)
        copy.write(text[place:following].encode())
        place = following
    copy.write(text[end - 1 : end].encode())
    return copy.getvalue()


async def _pieces(text: str, begin: int, end: int) -> AsyncIterator[bytes | None]:
    """Yield the pieces; None in the place of the first that is none, and nothing after it."""
    for start in range(begin, end, _SLICE_CHARACTERS):
        part = text[start : min(start + _SLICE_CHARACTERS, end)]
        piece = _decoded(part)
        # Padding belongs at the very end; in the middle it is a fault that only the whole shows.
        if piece is None or (start + _SLICE_CHARACTERS < end and len(piece) * 4 != len(part) * 3):
            yield None
            return
        yield piece
        await sleep(0)


def _decoded(text: str) -> bytes | None:
    try:
        return msgspec.convert(text, bytes)
    except msgspec.ValidationError:
        return None
