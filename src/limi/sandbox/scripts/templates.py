"""Texts of a script with gaps in braces, filled with the user's words and the results of functions.

`{city}` is what a regular expression's group found, `{1}` the same by number, `{text}` everything the user said,
`{result.sky}` a member of the newest result, `{results.get_weather.sky}` one of a certain function's. `{1:number}`
makes a number of it. Braces that are meant are doubled.

Errors::

    TemplateError          a text is no template, or names what there is not
    └── UnfilledError      a gap cannot be filled this time
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

__all__ = ["ArgumentTemplate", "Filling", "Template", "TemplateError", "UnfilledError"]

_PIECE: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
_GAP: Final = re.compile(r"(?P<name>\w+)(?P<path>(?:\.[^.:{}\s]+)*)(?P<number>:number)?")
_SHOWN: Final = 120
"""Characters of a result that a message quotes: enough to see what it is, and a response's error stays short."""


class TemplateError(Exception):
    """A template breaks a rule; the message is the rule."""


class UnfilledError(TemplateError):
    """There is nothing this time to fill a gap with; the message says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What gaps are filled with."""

    words: str
    taken: Mapping[str, str]
    results: Sequence[tuple[str, str]]
    """Names of the functions called since the user spoke, and what each of them returned, oldest first."""

    def root(self, gap: "_Gap") -> Any:  # noqa: ANN401 - a result may be any JSON
        """Return what the gap's name, without its path, stands for."""
        match gap.name:
            case "text":
                return self.words
            case "result":
                if not self.results:
                    raise UnfilledError(f"{gap}: no function has returned anything yet")
                return self.results[-1][1]
            case "results":
                return self._result_of(gap)
        return self.taken[gap.name]

    def _result_of(self, gap: "_Gap") -> str:
        for name, output in reversed(self.results):
            if name == gap.path[0]:
                return output
        raise UnfilledError(f"{gap}: {gap.path[0]} has returned nothing yet")


@dataclass(frozen=True, slots=True)
class _Gap:
    name: str
    path: tuple[str, ...]
    is_number: bool

    def __str__(self) -> str:
        return "{" + ".".join((self.name, *self.path)) + (":number" if self.is_number else "") + "}"

    def value(self, filling: Filling) -> Any:  # noqa: ANN401 - a result may be any JSON
        value = filling.root(self)
        path = self.path[1:] if self.name == "results" else self.path
        if self.name in {"result", "results"} and path:
            value = self._member(_from_json(value), path)
        return _number(self, value) if self.is_number else value

    def _member(self, value: Any, path: tuple[str, ...]) -> Any:  # noqa: ANN401 - as above
        found = value
        for step in path:
            if isinstance(found, Mapping) and step in found:
                found = found[step]
            elif isinstance(found, list) and step.isdecimal() and int(step) < len(found):
                found = found[int(step)]
            else:
                raise UnfilledError(f'{self}: there is no "{step}" in the result {_as_text(value)[:_SHOWN]}')
        return found


class Template:
    """A text with gaps."""

    __slots__ = ("_pieces", "text")

    def __init__(self, text: str) -> None:
        """Read a template.

        Raises:
            TemplateError: When a brace stands alone, or a gap is not written as gaps are.
        """
        self.text = text
        self._pieces = tuple(_pieces(text))

    def check(self, names: Collection[str], *, has_result: bool) -> None:
        """Make sure that every gap can be filled in principle.

        Args:
            names: What the turn takes over from the user's words.
            has_result: Whether a function has been called before this text comes.

        Raises:
            TemplateError: When a gap's name is none of these.
        """
        for gap in self._gaps():
            if gap.name in {"result", "results"}:
                if not has_result:
                    raise TemplateError(f"{gap}: no step before this one calls a function")
                if gap.name == "results" and not gap.path:
                    raise TemplateError("{results} needs the function's name, as in {results.get_weather}")
                continue
            if gap.name not in {"text", *names}:
                known = ", ".join("{" + name + "}" for name in ("text", *sorted(names)))
                raise TemplateError(f"{gap}: there is nothing of this name here, only {known}")
            if gap.path:
                raise TemplateError(f"{gap}: only results have members")

    def fill(self, filling: Filling) -> str:
        """Return the text with its gaps filled.

        Raises:
            UnfilledError: When a result lacks what a gap asks for.
        """
        return "".join(p if isinstance(p, str) else _as_text(p.value(filling)) for p in self._pieces)

    def value(self, filling: Filling) -> Any:  # noqa: ANN401 - a result may be any JSON
        """Return as `fill` does, but keep the type of a gap that is the whole text.

        Raises:
            UnfilledError: When a result lacks what a gap asks for.
        """
        match self._pieces:
            case (_Gap() as gap,):
                return gap.value(filling)
        return self.fill(filling)

    def _gaps(self) -> Iterator[_Gap]:
        return (piece for piece in self._pieces if isinstance(piece, _Gap))


class ArgumentTemplate:
    """A function's arguments: JSON in which every text is a template."""

    __slots__ = ("_tree",)

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        """Take the arguments, their texts being `Template` already."""
        self._tree = arguments

    def fill(self, filling: Filling) -> str:
        """Return the arguments as JSON text.

        Raises:
            UnfilledError: When a result lacks what a gap asks for.
        """
        return msgspec.json.encode(_filled(self._tree, filling)).decode()


def _pieces(text: str) -> Iterator[str | _Gap]:
    end = 0
    for found in _PIECE.finditer(text):
        if found.start() > end:
            yield text[end : found.start()]
        end = found.end()
        if found[0] in {"{{", "}}"}:
            yield found[0][0]
        elif found[1] is not None and (gap := _GAP.fullmatch(found[1].strip())):
            yield _Gap(gap["name"], tuple(gap["path"].split(".")[1:]), is_number=bool(gap["number"]))
        else:
            raise TemplateError(f"{found[0]!r} is no gap such as {{text}}; double a brace that is meant")
    if end < len(text):
        yield text[end:]


def _filled(tree: Any, filling: Filling) -> Any:  # noqa: ANN401 - JSON has many types
    match tree:
        case Template():
            return tree.value(filling)
        case Mapping():
            return {name: _filled(value, filling) for name, value in tree.items()}
        case list():
            return [_filled(value, filling) for value in tree]
    return tree


def _from_json(output: str) -> Any:  # noqa: ANN401 - as above
    try:
        return msgspec.json.decode(output)
    except msgspec.DecodeError:
        return output


def _as_text(value: Any) -> str:  # noqa: ANN401 - as above
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def _number(gap: _Gap, value: Any) -> int | float:  # noqa: ANN401 - as above
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise UnfilledError(f"{gap}: {_as_text(value)[:_SHOWN]!r} is not a number")
    return int(number) if number.is_integer() else number
