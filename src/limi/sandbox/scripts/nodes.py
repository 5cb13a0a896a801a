"""YAML with its line numbers: what a reader needs to refuse a script with the place of the mistake.

Of plain values `true`, `false`, `null` and numbers as JSON writes them are what they look like, and all others are
texts, as YAML 1.2 has it: in a script of conversations `no` and `12:30` are things that people say.
"""

import math
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any, Final

import yaml

from limi.sandbox.scripts.model import ScriptError

__all__ = ["Node", "read_yaml"]

_MOST_NODES: Final = 100_000
"""A script of a thousand turns has ten thousand. Aliases that multiply themselves would be endless work."""
_TAG: Final = "tag:yaml.org,2002:"
_PLAIN: Final = (
    ("bool", r"true|false", "tf"),
    ("null", r"null|~|", ("n", "~", "")),
    ("int", r"-?(?:0|[1-9]\d*)", "-0123456789"),
    ("float", r"-?(?:0|[1-9]\d*)?(?:\.\d+(?:[eE][-+]?\d+)?|[eE][-+]?\d+)", "-.0123456789"),
)
"""What plain values may be beside text: the tag, how they are written, and what they begin with."""


class Node:
    """One value of a YAML document: its place, and readers that check what it is."""

    def __init__(self, node: yaml.Node, *, source: str, field: str = "") -> None:
        self._node = node
        self._source = source
        self.field = field
        """The path of this value from the top, such as `turns[0].user`."""

    @property
    def line(self) -> int:
        """The line it begins at, the first being 1."""
        return int(self._node.start_mark.line) + 1

    @property
    def is_text(self) -> bool:
        """Whether it is a text."""
        return self._is("str")

    @property
    def is_mapping(self) -> bool:
        """Whether it has fields."""
        return isinstance(self._node, yaml.MappingNode)

    @property
    def is_list(self) -> bool:
        """Whether it has items."""
        return isinstance(self._node, yaml.SequenceNode)

    def error(self, rule: str) -> ScriptError:
        """Return the error that this value breaks a rule."""
        return ScriptError(source=self._source, line=self.line, field=self.field, rule=rule)

    def fields(self, known: Collection[str], *, required: Collection[str] = ()) -> "dict[str, Node]":
        """Return the fields by name.

        Raises:
            ScriptError: When it has no fields, or an unknown one, or lacks one that is required.
        """
        found = dict(self.members())
        for name, node in found.items():
            if name not in known:
                raise node.error(f"there is no such field; {self._hint(name, known)}")
        for name in required:
            if name not in found:
                raise self.error(f'the field "{name}" is missing')
        return found

    def members(self) -> "Iterator[tuple[str, Node]]":
        """Yield each field with its name.

        Raises:
            ScriptError: When it has no fields, or one of them twice.
        """
        if not isinstance(self._node, yaml.MappingNode):
            raise self.error(f"must have fields (`name: value`), but is {self._kind()}")
        names: set[str] = set()
        for key, value in self._node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            field = f"{self.field}.{name}" if self.field else name
            named = Node(key, source=self._source, field=field)
            if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                raise named.error("a field's name must be a plain word")
            if name in names:
                raise named.error("this field is here twice")
            names.add(name)
            yield name, Node(value, source=self._source, field=field)

    def items(self) -> "list[Node]":
        """Return the items of a list.

        Raises:
            ScriptError: When it is no list, or an empty one.
        """
        if not isinstance(self._node, yaml.SequenceNode):
            raise self.error(f"must be a list (`- item`), but is {self._kind()}")
        if not self._node.value:
            raise self.error("must not be empty")
        return [
            Node(item, source=self._source, field=f"{self.field}[{i}]") for i, item in enumerate(self._node.value)
        ]

    def text(self) -> str:
        """Return a text.

        Raises:
            ScriptError: When it is none, or is blank.
        """
        if not self.is_text:
            # A gap at the beginning of a text looks like a mapping to YAML.
            quotable = isinstance(self._node, yaml.ScalarNode) or self._is_braced
            hint = "; put it in quotes" if quotable else ""
            raise self.error(f"must be text, but is {self._kind()}{hint}")
        text = str(self._node.value)
        if not text.strip():
            raise self.error("must not be empty")
        return text

    def choice(self, choices: Sequence[str]) -> str:
        """Return a text that is one of `choices`.

        Raises:
            ScriptError: When it is another.
        """
        if self.is_text and self._node.value in choices:
            return str(self._node.value)
        raise self.error(f"must be {' or '.join(choices)}, but is {self._kind()}")

    def integer(self, *, at_least: int) -> int:
        """Return a whole number.

        Raises:
            ScriptError: When it is none, or too small.
        """
        value = self._scalar() if self._is("int") else None
        if not isinstance(value, int) or value < at_least:
            raise self.error(f"must be a whole number of at least {at_least}, but is {self._kind()}")
        return value

    def seconds(self, *, at_most: float) -> float:
        """Return a duration.

        Raises:
            ScriptError: When it is none, negative or too long.
        """
        value = self._scalar() if self._is("int") or self._is("float") else None
        if not isinstance(value, int | float) or not 0 <= value <= at_most:
            raise self.error(f"must be seconds from 0 to {at_most:g}, but is {self._kind()}")
        return float(value)

    def json(self, text: "Callable[[Node, str], Any]") -> Any:  # noqa: ANN401 - JSON has many types
        """Return the value as JSON's own types, with every text passed through `text`.

        Raises:
            ScriptError: When a part is something that JSON does not have, or breaks a rule of `text`.
        """
        if self.is_mapping:
            return {name: node.json(text) for name, node in self.members()}
        if isinstance(self._node, yaml.SequenceNode):
            return [node.json(text) for node in self.items()] if self._node.value else []
        if self.is_text:
            return text(self, str(self._node.value))
        value = self._scalar()
        if isinstance(value, float) and not math.isfinite(value):
            raise self.error(f"is {self._kind()}, which is too large")
        return value

    def _hint(self, name: str, known: Collection[str]) -> str:
        if near := get_close_matches(name, known, n=1):
            return f'did you mean "{near[0]}"?'
        quotes = "; a text that begins with a brace needs quotes" if self._is_braced else ""
        return f"known are {', '.join(known)}{quotes}"

    @property
    def _is_braced(self) -> bool:
        return isinstance(self._node, yaml.MappingNode) and bool(self._node.flow_style)

    def _is(self, tag: str) -> bool:
        return isinstance(self._node, yaml.ScalarNode) and self._node.tag == _TAG + tag

    def _scalar(self) -> Any:  # noqa: ANN401 - YAML has many types
        text = str(self._node.value)
        try:
            match self._node.tag.removeprefix(_TAG):
                case "bool":
                    return {"true": True, "false": False}[text]
                case "null":
                    return None
                case "int":
                    return int(text)
                case "float":
                    return float(text)
        except (KeyError, ValueError):
            pass
        raise self.error(f"{text!r} with the tag {self._node.tag} cannot be read")

    def _kind(self) -> str:
        if self.is_mapping:
            return "a mapping"
        if self.is_list:
            return "a list"
        if self._is("null"):
            return "empty"
        names = {"int": "a number", "float": "a number", "bool": "a truth value"}
        name = names.get(self._node.tag.removeprefix(_TAG))
        return f"{self._node.value!r}" + (f" ({name})" if name else "")


def read_yaml(text: str, *, source: str) -> Node:
    """Return the top of a YAML document.

    Raises:
        ScriptError: When the text is no YAML, or holds no document, several, or one that is too large.
    """
    try:
        top = yaml.compose(text, Loader=_loader())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = None if mark is None else mark.line + 1
        rule = f"this is not YAML: {error.problem}; does a text with signs such as {{ : # ? need quotes?"
        raise ScriptError(source=source, line=line, field="", rule=rule) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ScriptError(source=source, line=None, field="", rule="this is not YAML that can be read") from error
    if top is None:
        raise ScriptError(source=source, line=None, field="", rule="the script is empty")
    if _counted(top) > _MOST_NODES:
        rule = f"the script has more than {_MOST_NODES} values; is an alias (`*name`) within what it stands for?"
        raise ScriptError(source=source, line=None, field="", rule=rule)
    return Node(top, source=source)


@cache
def _loader() -> type[yaml.SafeLoader]:
    """Return PyYAML's loader with JSON's rules for plain values, in place of those of YAML 1.1."""

    class Loader(yaml.SafeLoader):
        pass

    Loader.yaml_implicit_resolvers = {}
    for tag, pattern, firsts in _PLAIN:
        Loader.add_implicit_resolver(_TAG + tag, re.compile(f"^(?:{pattern})$"), list(firsts))
    return Loader


def _counted(top: yaml.Node) -> int:
    """Return how many values there are, aliases followed, as far as it matters."""
    waiting, count = [top], 0
    while waiting and count <= _MOST_NODES:
        node = waiting.pop()
        count += 1
        if isinstance(node, yaml.SequenceNode):
            waiting += node.value
        elif isinstance(node, yaml.MappingNode):
            waiting += (value for _, value in node.value)
    return count
