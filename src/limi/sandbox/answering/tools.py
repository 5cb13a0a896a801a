"""Which tool fits what was said, and arguments its JSON schema accepts."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from limi.protocol import FunctionTool
from limi.sandbox.answering.words import content_words

__all__ = ["arguments_for", "fitting_tool"]

_NAME_WEIGHT: Final = 2
_ENOUGH: Final = 2
"""One word of the name, or two of the description."""
_DEPTH: Final = 8
"""Schemas may refer to themselves; nobody calls a function with objects this deep."""
_PLACE: Final = re.compile(r"\b(?:in|at|for|to|from|of)\s+((?:[A-Z][\w'-]*)(?:\s+[A-Z][\w'-]*)*)")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")
_EXAMPLES: Final = {
    "city": "Berlin",
    "country": "Germany",
    "date": "2026-01-31",
    "email": "ada@example.com",
    "language": "English",
    "location": "Berlin",
    "name": "Ada",
    "phone": "+49 30 1234567",
    "place": "Berlin",
    "time": "12:00",
    "unit": "celsius",
    "units": "celsius",
    "url": "https://example.com/",
}
_FORMATS: Final = {
    "date": "2026-01-31",
    "date-time": "2026-01-31T12:00:00Z",
    "email": "ada@example.com",
    "time": "12:00:00Z",
    "uri": "https://example.com/",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
}


def fitting_tool(tools: Iterable[FunctionTool], words: str) -> FunctionTool | None:
    """Return the tool whose name or description shares most with `words`, the first of equals, or None."""
    said = content_words(words)
    scored = [(_score(tool, said), tool) for tool in tools]
    best, tool = max(scored, key=lambda pair: pair[0], default=(0, None))
    return tool if best >= _ENOUGH else None


def arguments_for(tool: FunctionTool, words: str) -> str:
    """Return JSON text of an object with a sensible value for each parameter that `tool` requires."""
    schema = {"type": "object", **tool.parameters}
    return msgspec.json.encode(_Example(schema, words).value(schema)).decode()


def _score(tool: FunctionTool, said: frozenset[str]) -> int:
    in_name = said & content_words(tool.name)
    in_description = (said & content_words(tool.description)) - in_name
    return _NAME_WEIGHT * len(in_name) + len(in_description)


class _Example:
    """Makes up values for the parts of one schema, taking from the user's words what fits."""

    def __init__(self, root: Mapping[str, Any], words: str) -> None:
        self._root = root
        self._words = words

    def value(self, schema: Any, name: str = "", depth: int = 0) -> Any:  # noqa: ANN401 - JSON has many types
        """Return a value for `schema`, which a client wrote and which may therefore be anything."""
        if not isinstance(schema, Mapping) or depth > _DEPTH:
            return None
        schema = self._resolved(schema)
        for key in ("const", "default"):
            if schema.get(key) is not None:
                return schema[key]
        for key in ("enum", "examples"):
            if isinstance(schema.get(key), list) and schema[key]:
                return self._mentioned(schema[key])
        for key in ("anyOf", "oneOf", "allOf"):
            if isinstance(schema.get(key), list):
                return self._first_real(schema[key], name, depth)
        return self._of_type(schema, name, depth)

    def _of_type(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:  # noqa: ANN401 - as above
        kind = schema.get("type")
        makers: dict[Any, Callable[[], Any]] = {
            "object": lambda: self._object(schema, depth),
            "array": lambda: [self.value(schema.get("items", {"type": "string"}), name, depth + 1)],
            "integer": lambda: int(self._number(schema)),
            "number": lambda: self._number(schema),
            "boolean": lambda: True,
            "null": lambda: None,
        }
        maker = makers.get(kind[0] if isinstance(kind, list) and kind else str(kind))
        return maker() if maker is not None else self._string(schema, name)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties")
        required = schema.get("required")
        if not isinstance(properties, Mapping) or not isinstance(required, list):
            return {}
        return {
            name: self.value(properties.get(name, {}), name, depth + 1)
            for name in required
            if isinstance(name, str)
        }

    def _number(self, schema: Mapping[str, Any]) -> float:
        lowest, highest = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
        said = _NUMBER.search(self._words)
        number = float(said[0]) if said else 1.0
        if isinstance(lowest, int | float):
            number = max(number, lowest + 1 if "minimum" not in schema else lowest)
        if isinstance(highest, int | float):
            number = min(number, highest)
        return number

    def _string(self, schema: Mapping[str, Any], name: str) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        known = _EXAMPLES.get(name.lower().rsplit("_", 1)[-1])
        if known is not None:
            place = _PLACE.search(self._words)
            return place[1] if place and known == _EXAMPLES["city"] else known
        return self._words.strip() or "example"

    def _mentioned(self, values: list[Any]) -> Any:  # noqa: ANN401 - as above
        said = self._words.lower()
        return next((value for value in values if isinstance(value, str) and value.lower() in said), values[0])

    def _first_real(self, schemas: list[Any], name: str, depth: int) -> Any:  # noqa: ANN401 - as above
        real = (each for each in schemas if not (isinstance(each, Mapping) and each.get("type") == "null"))
        return self.value(next(real, {"type": "null"}), name, depth + 1)

    def _resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        for _ in range(_DEPTH):
            reference = schema.get("$ref")
            if not isinstance(reference, str) or not reference.startswith("#/"):
                break
            found: Any = self._root
            for part in reference[2:].split("/"):
                found = found.get(part) if isinstance(found, Mapping) else None
            schema = found if isinstance(found, Mapping) else {}
        return schema
