"""What a type is, and what is wrong with a value, in words: msgspec's own speak of Python's types."""

import re
from collections.abc import Callable
from typing import Any, Final

from msgspec import inspect

__all__ = ["in_words", "type_in_words"]

_NAMES: Final = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
_LONGEST_NAME: Final = 100
"""Characters of a member's name that are repeated to whoever sent it."""


def type_in_words(kind: inspect.Type) -> str:
    """Return what a value of `kind` is, such as `a number from 1 to 10`; empty where no words are known."""
    if isinstance(kind, inspect.Metadata):
        return type_in_words(kind.type)
    if isinstance(kind, inspect.UnionType):
        words = list(filter(None, map(type_in_words, kind.types)))
        return ", or ".join(words)
    say = _WORDS.get(type(kind))
    return say(kind) if say else ""


def in_words(problem: str) -> str:
    """Return what msgspec said of a value, without the value; empty where no words are known."""
    words = problem.partition(" - at ")[0]
    for pattern, say in _PROBLEMS:
        if found := pattern.match(words):
            return say(found)
    return ""


def _number(kind: inspect.IntType | inspect.FloatType) -> str:
    name = _NAMES["int" if isinstance(kind, inspect.IntType) else "float"]
    if kind.ge is not None and kind.le is not None:
        return f"{name} from {_figure(kind.ge)} to {_figure(kind.le)}"
    if kind.gt is not None:
        most = "" if kind.le is None else f" and at most {_figure(kind.le)}"
        return f"{name} above {_figure(kind.gt)}{most}"
    if kind.ge is not None:
        return f"{name} of at least {_figure(kind.ge)}"
    return name if kind.le is None else f"{name} of at most {_figure(kind.le)}"


def _figure(bound: float) -> str:
    return str(int(bound) if bound == int(bound) else bound)


def _text(kind: inspect.StrType) -> str:
    if kind.min_length and kind.max_length:
        return f"a text of {kind.min_length}–{kind.max_length} characters"
    if kind.max_length:
        return f"a text of at most {kind.max_length} characters"
    return "a text that is not empty" if kind.min_length else "a text"


def _choices(kind: inspect.EnumType | inspect.LiteralType) -> str:
    values = kind.values if isinstance(kind, inspect.LiteralType) else [each.value for each in kind.cls]
    return ", ".join(map(str, values))


def _array(kind: inspect.ListType | inspect.VarTupleType) -> str:
    item = kind.item_type
    if isinstance(item, (inspect.EnumType, inspect.LiteralType)):
        return f"an array of {_choices(item)}"
    return f"an array of {_SEVERAL.get(type(item), 'values')}"


def _object(kind: inspect.DictType) -> str:
    several = _SEVERAL.get(type(kind.value_type))
    return f"an object of {several}" if several else "an object"


def _members(kind: inspect.StructType) -> str:
    return f"an object with {', '.join(field.encode_name for field in kind.fields)}"


_SEVERAL: Final[dict[type, str]] = {
    inspect.StrType: "texts",
    inspect.IntType: "whole numbers",
    inspect.DictType: "objects",
    inspect.StructType: "objects",
}
_WORDS: Final[dict[type, Callable[[Any], str]]] = {
    inspect.NoneType: lambda _: "null",
    inspect.BoolType: lambda _: _NAMES["bool"],
    inspect.IntType: _number,
    inspect.FloatType: _number,
    inspect.StrType: _text,
    inspect.EnumType: lambda kind: f"one of {_choices(kind)}",
    inspect.LiteralType: lambda kind: f"one of {_choices(kind)}",
    inspect.ListType: _array,
    inspect.VarTupleType: _array,
    inspect.DictType: _object,
    inspect.StructType: _members,
}
"""What is said of each of msgspec's kinds of types."""


def _misplaced(found: re.Match[str]) -> str:
    wanted = [_NAMES.get(name, "") for name in found["wanted"].split(" | ")]
    there = _NAMES.get(found["found"], "")
    return f"{there} stands where {' or '.join(wanted)} belongs" if there and all(wanted) else ""


_Say = Callable[[re.Match[str]], str]
_PROBLEMS: Final[tuple[tuple[re.Pattern[str], _Say], ...]] = (
    (
        re.compile(r"Object missing required field `(?P<name>[^`]*)`"),
        lambda found: f"`{found['name']}` is missing",
    ),
    (
        re.compile(r"Object contains unknown field `(?P<name>.*)`", re.DOTALL),
        lambda found: f"`{found['name'][:_LONGEST_NAME]}` is not known",
    ),
    (re.compile(r"Expected `(?P<wanted>[^`]*)`, got `(?P<found>[^`]*)`"), _misplaced),
    (re.compile(r"Expected `str` of length >="), lambda _: "a text is too short"),
    (re.compile(r"Expected `str` of length <="), lambda _: "a text is too long"),
    (re.compile(r"Expected `str` matching regex"), lambda _: "a text has not the right form"),
    (re.compile(r"Expected `array` of length"), lambda _: "an array is too short or too long"),
    (re.compile(r"Expected `(int|float)` [<>]"), lambda _: "a number is too small or too large"),
    (re.compile(r"Invalid enum value"), lambda _: "one is none of these"),
)
"""What msgspec says, and what is said instead."""
