"""JSON in, JSON out: the one place where text becomes values and values become text.

Incoming members are checked strictly, and the first broken rule becomes a `ProtocolError` with the path of the
member, spelt as upstream spells it: `session.tools[0].name`.
"""

import re
from typing import Any, Final, TypeVar

import msgspec

from limi.protocol.errors import (
    InvalidJSONError,
    InvalidValueError,
    MissingParameterError,
    ProtocolError,
    StringTooLongError,
    UnknownParameterError,
)

__all__ = ["Strict", "convert", "decode_object", "encode"]

_T = TypeVar("_T")

# msgspec tells what is wrong only in words; tests pin each of these sentences.
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(.*)`", re.DOTALL)
_TOO_LONG: Final = re.compile(r"Expected `str` of length <= (\d+)")
_OFF_PATTERN: Final = re.compile(r"Expected `str` matching regex (.*)", re.DOTALL)
_BAD_CHOICE: Final = re.compile(r"Invalid (?:enum )?value (.*)", re.DOTALL)


MAXIMUM_DEPTH: Final = 100
"""What can be read at this depth can also be written later, from deeper in Python's stack. JSON schemas of tools
are the deepest things clients send; they stay far below."""


class Strict(msgspec.Struct, forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A value as a client may send it: members it does not define are refused, absent ones are `UNSET`."""


encode = msgspec.json.Encoder().encode
"""Turn builtins into JSON text."""


def decode_object(text: str | bytes) -> dict[str, Any]:
    """Read text that must be one JSON object.

    Raises:
        InvalidJSONError: It is no JSON, not decodable as text, or nested too deeply.
        InvalidValueError: It is JSON, but no object.
    """
    try:
        value = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise InvalidJSONError("We could not parse the JSON of your message.") from error
    if not isinstance(value, dict):
        raise InvalidValueError(None, "Invalid value: expected a JSON object.")
    if _is_deeper_than(value, MAXIMUM_DEPTH):
        raise InvalidJSONError(f"We could not parse the JSON of your message: nested deeper than {MAXIMUM_DEPTH}.")
    return value


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
        return msgspec.convert(value, type_)
    except msgspec.ValidationError as error:
        raise _translated(str(error), at) from error


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
        return StringTooLongError(path, int(longest[1]))
    if pattern := _OFF_PATTERN.fullmatch(what):
        rule = f"string does not match pattern. Expected a string that matches the pattern {pattern[1]}."
        return InvalidValueError(path or None, f"Invalid '{path}': {rule}")
    if choice := _BAD_CHOICE.fullmatch(what):
        return InvalidValueError(path or None, f"Invalid value: {choice[1]} is not supported for '{path}'.")
    rule = what[:1].lower() + what[1:]
    return InvalidValueError(path or None, f"Invalid value for '{path}': {rule}.")


def _joined(path: str, member: str) -> str:
    return f"{path}.{member}" if path else member
