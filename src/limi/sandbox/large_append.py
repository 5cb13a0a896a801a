"""Decodes large pieces of audio a little at a time, because the event loop has other sessions to serve.

Upstream takes 15 MiB of audio in one event. To parse and decode these at once takes some 20 ms; here the text
around the audio is parsed, and the audio itself decoded in slices of which each takes a tenth of a millisecond.
"""

import asyncio
import re
from typing import Final, Literal

import msgspec

__all__ = ["LARGE_CHARACTERS", "decode_large_append"]

LARGE_CHARACTERS: Final = 512 * 1024
"""Longer frames are worth it; a shorter one is parsed and decoded within half a millisecond."""
_SLICE_CHARACTERS: Final = 256 * 1024
"""A multiple of four, so that each slice is base64 by itself, and of what 16-bit samples need."""
_AROUND_CHARACTERS: Final = 4096
"""How much an append says besides its audio: a type, and an id of at most 512 characters."""
_AUDIO_BEGINS: Final = re.compile(r'"audio"\s*:\s*"')


class _Append(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["input_audio_buffer.append"]
    audio: str
    event_id: str | None = None


async def decode_large_append(frame: str) -> list[bytes] | None:
    """Return the audio of an `input_audio_buffer.append` in pieces of whole samples, letting others work between.

    Returns:
        None when the frame is anything but a plain, faultless append: whoever can say what is wrong with it has to
        parse it whole.
    """
    begins = _AUDIO_BEGINS.search(frame, 0, _AROUND_CHARACTERS)
    if begins is None:
        return None
    start, end = begins.end(), frame.find('"', begins.end())
    if end < 0 or len(frame) - end > _AROUND_CHARACTERS or not _is_append(frame[:start] + frame[end:]):
        return None
    pieces: list[bytes] = []
    for begin in range(start, end, _SLICE_CHARACTERS):
        text = frame[begin : min(begin + _SLICE_CHARACTERS, end)]
        piece = _decoded(text)
        # Padding belongs at the very end; in the middle it is a fault that only the whole shows.
        if piece is None or (begin + _SLICE_CHARACTERS < end and len(piece) * 4 != len(text) * 3):
            return None
        pieces.append(piece)
        await asyncio.sleep(0)
    return pieces


def _is_append(event: str) -> bool:
    try:
        return not msgspec.json.decode(event, type=_Append).audio
    except (msgspec.MsgspecError, ValueError):
        return False


def _decoded(text: str) -> bytes | None:
    try:
        return msgspec.convert(text, bytes)
    except msgspec.ValidationError:
        return None
