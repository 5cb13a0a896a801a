"""JSON in, JSON out: the one place where text becomes values and values become text.

Incoming members are checked strictly, and the first broken rule becomes a `ProtocolError` with the path of the
member, spelt as upstream spells it: `session.tools[0].name`.
"""

import re
from typing import Any, Final, TypeVar

import msgspec

from limi.protocol.encoded import read_encoded
from limi.protocol.errors import (
    ArrayTooLongError,
    InvalidJSONError,
    InvalidValueError,
    MissingParameterError,
    ProtocolError,
    StringTooLongError,
    TooManyPropertiesError,
    UnknownParameterError,
)

__all__ = ["MAXIMUM_SIGNS", "Strict", "check_depth", "convert", "decode_object", "encode", "parse_object"]

_T = TypeVar("_T")

# msgspec tells what is wrong only in words; tests pin each of these sentences.
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
_TOO_LONG: Final = re.compile(r"Expected `(str|array|object)` of length <= (\d+)")
_TOO_LONG_ERRORS: Final = {"str": StringTooLongError, "array": ArrayTooLongError, "object": TooManyPropertiesError}
_OFF_PATTERN: Final = re.compile(r"Expected `str` matching regex (.*)", re.DOTALL)
_BAD_CHOICE: Final = re.compile(r"Invalid (?:enum )?value (.*)", re.DOTALL)


MAXIMUM_DEPTH: Final = 100
"""What can be read at this depth can also be written later, from deeper in Python's stack. JSON schemas of tools
are the deepest things clients send; they stay far below."""


MAXIMUM_SIGNS: Final = 20_000
"""Commas and brackets of one message, which bound the values that Python has to make: four milliseconds' work.
128 tools with large schemas have half of them."""
_LITTLE: Final = 32 * 1024
"""A text this short is read within three milliseconds even if it is all brackets."""


class Strict(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A value as a client may send it: members it does not define are refused, absent ones are `UNSET`."""


encode = msgspec.json.Encoder().encode
"""Turn builtins into JSON text."""


def decode_object(text: str | bytes) -> dict[str, Any]:
    """Read text that must be one JSON object.

    Raises:
        InvalidJSONError: It is no JSON, not decodable as text, nested too deeply, or made of too many values.
        InvalidValueError: It is JSON, but no object.
    """
    if len(text) > _LITTLE and _signs_in(text) > MAXIMUM_SIGNS:
        message = f"We could not parse the JSON of your message: more than {MAXIMUM_SIGNS} commas and brackets."
        raise InvalidJSONError(message)
    value = parse_object(text)
    check_depth(value)
    return value


def parse_object(text: str | bytes) -> dict[str, Any]:
    """Do the first half of `decode_object`, for who has to let others work before the second, `check_depth`.

    Raises:
        InvalidJSONError: It is no JSON, or not decodable as text.
        InvalidValueError: It is JSON, but no object.
    """
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise InvalidJSONError("We could not parse the JSON of your message.") from error
    if not isinstance(value, dict):
        raise InvalidValueError(None, "Invalid value: expected a JSON object.")
    return value


def check_depth(value: dict[str, Any]) -> None:
    """Refuse an object that is nested too deeply.

    Raises:
        InvalidJSONError: It is.
    """
    if _is_deeper_than(value, MAXIMUM_DEPTH):
        raise InvalidJSONError(f"We could not parse the JSON of your message: nested deeper than {MAXIMUM_DEPTH}.")


def convert(value: object, type_: type[_T], *, at: str = "") -> _T:
    """Check builtins against a type.

    Args:
        value: What `decode_object` returned, or a part of it.
        type_: The type it must have.
        at: Path of `value` in the client's message, for error messages.

    Raises:
        ProtocolError: The first rule that `value` breaks.
    """
    try:
        return msgspec.convert(value, type_, dec_hook=read_encoded)
    except msgspec.ValidationError as error:
        raise _translated(str(error), at) from error


def _signs_in(text: str | bytes) -> int:
    if isinstance(text, bytes):
        return sum(map(text.count, (b",", b"[", b"{")))
    return sum(map(text.count, ",[{"))


def _is_deeper_than(value: object, depth: int) -> bool:
    level = [value]
    for _ in range(depth):
        containers = [
            node.values() if isinstance(node, dict) else node for node in level if isinstance(node, dict | list)
        ]
        level = [child for children in containers for child in children]
        if not level:
            return False
    return True


def _translated(complaint: str, at: str) -> ProtocolError:
    what, separator, where = complaint.rpartition(" - at `")
    if not separator:
        what, where = complaint, "$`"
    # A path into a mapping ends in `[...]`, which names nothing.
    path = at + where.removesuffix("`").removeprefix("$").replace("[...]", "")
    path = path.lstrip(".")
    if unknown := _UNKNOWN.fullmatch(what):
        return UnknownParameterError(_joined(path, unknown[1]))
    if missing := _MISSING.fullmatch(what):
        return MissingParameterError(_joined(path, missing[1]))
    if longest := _TOO_LONG.fullmatch(what):
        return _TOO_LONG_ERRORS[longest[1]](path, int(longest[2]))
    if pattern := _OFF_PATTERN.fullmatch(what):
        rule = f"string does not match pattern. Expected a string that matches the pattern {pattern[1]}."
        return InvalidValueError(path or None, f"Invalid '{path}': {rule}")
    if choice := _BAD_CHOICE.fullmatch(what):
        return InvalidValueError(path or None, f"Invalid value: {choice[1]} is not supported for '{path}'.")
    rule = what[:1].lower() + what[1:]
    return InvalidValueError(path or None, f"Invalid value for '{path}': {rule}.")


def _joined(path: str, member: str) -> str:
    return f"{path}.{member}" if path else member
