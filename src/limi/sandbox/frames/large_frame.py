"""Reads large frames a little at a time, because the event loop has other sessions to serve.

Upstream takes frames of 20 MiB, nearly all of which is sound or a picture in base64. To parse and decode these at
once takes some 20 ms. Here long texts are cut out of a frame first, and what is left is parsed; then sound and
pictures are decoded in slices, and other texts are put back. `large_append` beside it does the same for the one
event whose sound need not even be in one piece.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from limi.protocol.encoded import Picture, Sound, base64_begins
from limi.protocol.errors import InvalidEventError
from limi.protocol.wire import MAXIMUM_SIGNS, check_depth, parse_object
from limi.sandbox.frames.base64_slices import copy_base64, decode_joined

__all__ = ["LARGE_CHARACTERS", "read_large_frame"]

LARGE_CHARACTERS: Final = 32 * 1024
"""Longer frames are worth it; a shorter one is read within three milliseconds even if it is all brackets."""
_LONG_CHARACTERS: Final = 16 * 1024
"""Texts of this length are cut out."""
_STEP: Final = _LONG_CHARACTERS // 2
"""A long text has at least one place in it that is a multiple of this."""
_BREATH: Final = 64 * _STEP
_MOST_CHARACTERS: Final = 1024 * 1024
"""What may be left: many times a model's context."""
_SEARCHED_CHARACTERS: Final = 4 * 1024 * 1024
"""Looked through at once, within half a millisecond."""
_SIGNS: Final = ",[{"
_MOST_PUT_BACK: Final = 512 * 1024
"""More than any member may hold but sound and pictures. A longer text is refused as well when this much of it is
there, and need not be copied."""
_HEAD_CHARACTERS: Final = 64
"""Hold the type of a picture, and some of it."""
_TEXT: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_MARK: Final = "\x1a"
"""Stands before the number of a cut. A client that writes the same gets its own text in its place."""
_UNREADABLE: Final = "?"
"""In the place of what is no base64; the protocol says what is wrong with it, and where."""
_MOST_SPACE: Final = 4 * 1024
_NO_TEXT: Final = re.compile(r"[ \t\n\r]*(?:[,:\]}]|\Z)")
"""What follows a text in JSON, or nothing but space as far as that is looked at: behind a quotation mark it tells
that a text has ended there and not begun."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where a long text stands in a frame, without its quotation marks."""

    begin: int
    end: int


async def read_large_frame(frame: str) -> dict[str, Any]:
    """Return the object that a frame holds, letting others work between.

    Sound and pictures in it are decoded where an item or an append has them: `RealtimeSession.receive_object`
    takes them as they are.

    Raises:
        ProtocolError: It is no JSON object, or holds too much beside long texts.
    """
    cuts = await _find_long_texts(frame)
    rest = _without(frame, cuts)
    if len(rest) > _MOST_CHARACTERS:
        message = f"Invalid event: without its long texts it has more than {_MOST_CHARACTERS} characters."
        raise InvalidEventError(message)
    await _check_signs(rest)
    event = parse_object(rest)
    await asyncio.sleep(0)
    check_depth(event)
    await asyncio.sleep(0)
    for container, member in list(_encoded_places(event)):
        if (cut := _cut_of(container[member], cuts)) is not None:
            container[member] = await _decoded(frame, cut, member)
    await asyncio.sleep(0)
    if cuts:
        _put_back(event, frame, cuts)
        await asyncio.sleep(0)
    return event


async def _find_long_texts(frame: str) -> list[_Cut]:
    """Return the long texts that hold no escapes; base64 holds none."""
    cuts: list[_Cut] = []
    place = 0
    for number in range(_STEP, len(frame), _STEP):
        if number < place:
            continue
        # A text that began before the last place was judged there.
        begin = frame.rfind('"', max(place, number - _STEP), number) + 1
        end = frame.find('"', number)
        place = end if end >= 0 else len(frame)
        if begin and end - begin >= _LONG_CHARACTERS and await _is_plain_text(frame, begin, end):
            cuts.append(_Cut(begin, end))
            place = end + 1
        if number % _BREATH == 0:
            await asyncio.sleep(0)
    return cuts


async def _is_plain_text(frame: str, begin: int, end: int) -> bool:
    """Say whether a text begins behind a quotation mark, and holds no escape."""
    before = frame[begin - 2 : begin - 1]
    if before == "\\" or _NO_TEXT.match(frame, begin, min(begin + _MOST_SPACE, end)):
        return False
    for start in range(begin, end, _SEARCHED_CHARACTERS):
        await asyncio.sleep(0)
        if frame.find("\\", start, min(start + _SEARCHED_CHARACTERS, end)) >= 0:
            return False
    return True


def _without(frame: str, cuts: Sequence[_Cut]) -> str:
    pieces: list[str] = []
    place = 0
    for number, cut in enumerate(cuts):
        pieces += [frame[place : cut.begin], f"\\u001a{number}"]
        place = cut.end
    return "".join([*pieces, frame[place:]])


async def _check_signs(rest: str) -> None:
    signs = 0
    for sign in _SIGNS:
        signs += rest.count(sign)
        await asyncio.sleep(0)
    if signs > MAXIMUM_SIGNS and await _signs_outside_texts(rest) > MAXIMUM_SIGNS:
        message = f"Invalid event: it has more than {MAXIMUM_SIGNS} commas and brackets."
        raise InvalidEventError(message)


async def _signs_outside_texts(rest: str) -> int:
    signs = place = 0
    for number, text in enumerate(_TEXT.finditer(rest)):
        signs += _signs_in(rest[place : text.start()])
        place = text.end()
        if number % 1_000 == 0:
            await asyncio.sleep(0)
    return signs + _signs_in(rest[place:])


def _signs_in(part: str) -> int:
    return sum(part.count(sign) for sign in _SIGNS)


def _encoded_places(event: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield where sound or a picture may be: the object and the name of its member."""
    if isinstance(event.get("audio"), str):
        yield event, "audio"
    response = event.get("response")
    inputs = response.get("input") if isinstance(response, dict) else None
    for item in [event.get("item"), *(inputs if isinstance(inputs, list) else ())]:
        parts = item.get("content") if isinstance(item, dict) else None
        for part in parts if isinstance(parts, list) else ():
            if isinstance(part, dict):
                yield from ((part, member) for member in ("audio", "image_url") if member in part)


def _cut_of(value: object, cuts: Sequence[_Cut]) -> _Cut | None:
    if not isinstance(value, str) or not value.startswith(_MARK):
        return None
    number = value.removeprefix(_MARK)
    return cuts[int(number)] if number.isdecimal() and int(number) < len(cuts) else None


async def _decoded(frame: str, cut: _Cut, member: str) -> Sound | Picture | str:
    if member == "audio":
        sound = await decode_joined(frame, cut.begin, cut.end)
        return _UNREADABLE if sound is None else Sound(sound)
    begins = base64_begins(frame[cut.begin : cut.begin + _HEAD_CHARACTERS])
    if begins is None:
        return _UNREADABLE
    json = await copy_base64(frame, cut.begin - 1, cut.begin + begins, cut.end + 1)
    return _UNREADABLE if json is None else Picture(json)


def _put_back(value: Any, frame: str, cuts: Sequence[_Cut]) -> None:  # noqa: ANN401 - any JSON
    """Give every other text that was cut its place again."""
    for name, member in list(value.items() if isinstance(value, dict) else enumerate(value)):
        if isinstance(member, dict | list):
            _put_back(member, frame, cuts)
        elif (cut := _cut_of(member, cuts)) is not None:
            value[name] = _text_of(cut, frame)
        if (cut := _cut_of(name, cuts)) is not None:
            value[_text_of(cut, frame)] = value.pop(name)


def _text_of(cut: _Cut, frame: str) -> str:
    return frame[cut.begin : min(cut.end, cut.begin + _MOST_PUT_BACK)]
