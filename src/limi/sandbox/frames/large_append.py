"""Decodes a large piece of the client's speech a little at a time, into pieces that need not be one again.

Upstream takes 15 MiB of audio in one event. The text around the audio is parsed, and the audio itself decoded in
slices; a session may take these one after the other, and let others work between. `large_frame` beside it reads
every other large frame, and each append that something is wrong with.
"""

import re
from typing import Final, Literal

import msgspec

from limi.protocol.client_events import EventId
from limi.sandbox.frames.base64_slices import decode_slices

__all__ = ["decode_large_append"]

_AROUND_CHARACTERS: Final = 4096
"""How much an append says besides its audio: a type, and an id of at most 512 characters."""
_AUDIO_BEGINS: Final = re.compile(r'"audio"\s*:\s*"')


class _Append(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["input_audio_buffer.append"]
    audio: str
    event_id: EventId | None = None


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
    return await decode_slices(frame, start, end)


def _is_append(event: str) -> bool:
    try:
        return not msgspec.json.decode(event, type=_Append).audio
    except (msgspec.MsgspecError, ValueError):
        return False
