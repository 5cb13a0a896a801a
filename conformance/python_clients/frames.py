"""Holds a frame against the classes that the openai package itself declares for events."""

import json
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from functools import cache
from types import MappingProxyType
from typing import get_args

from openai.types.realtime import RealtimeServerEvent
from pydantic import BaseModel

__all__ = ["note_types", "read_frame"]

_types: ContextVar[set[str] | None] = ContextVar("types", default=None)


def read_frame(frame: str | bytes) -> BaseModel:
    """Read a frame strictly; the SDK's own reader takes anything.

    Raises:
        pydantic.ValidationError: A member is missing or of the wrong type.
        KeyError: The SDK has no class for the type.
    """
    event_type = json.loads(frame)["type"]
    if (types := _types.get()) is not None:
        types.add(event_type)
    return _event_classes()[event_type].model_validate_json(frame)


def note_types() -> set[str]:
    """Begin to note the types of what this task and its children read; they are added to what is returned."""
    types: set[str] = set()
    _types.set(types)
    return types


@cache
def _event_classes() -> Mapping[str, type[BaseModel]]:
    return MappingProxyType(dict(_declared()))


def _declared() -> Iterator[tuple[str, type[BaseModel]]]:
    for event_class in get_args(get_args(RealtimeServerEvent)[0]):
        (name,) = get_args(event_class.model_fields["type"].annotation)
        yield name, event_class
