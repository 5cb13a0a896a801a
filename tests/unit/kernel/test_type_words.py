"""What types are and what is wrong with values, in words that need no knowledge of Python."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta
from msgspec.inspect import type_info

from limi.kernel.type_words import in_words, type_in_words


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Leaf(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    long_name: int = 1
    names: Annotated[list[Annotated[str, Meta(pattern="^a", max_length=3)]], Meta(max_length=2)] = []


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (str, "a text"),
        (Annotated[str, Meta(min_length=1)], "a text that is not empty"),
        (Annotated[str, Meta(max_length=9)], "a text of at most 9 characters"),
        (Annotated[str, Meta(min_length=2, max_length=9)], "a text of 2–9 characters"),
        (int, "a whole number"),
        (Annotated[int, Meta(ge=1)], "a whole number of at least 1"),
        (Annotated[int, Meta(le=5)], "a whole number of at most 5"),
        (Annotated[int, Meta(ge=1, le=5)] | None, "a whole number from 1 to 5, or null"),
        (float, "a number"),
        (Annotated[float, Meta(gt=0)], "a number above 0"),
        (Annotated[float, Meta(gt=0, le=3600)], "a number above 0 and at most 3600"),
        (Annotated[float, Meta(ge=0.5, le=60.0)], "a number from 0.5 to 60"),
        (bool, "true or false"),
        (Literal["a", "b"], "one of a, b"),
        (Colour, "one of red, blue"),
        (list[Colour], "an array of red, blue"),
        (tuple[Mapping[str, Any], ...], "an array of objects"),
        (list[bool], "an array of values"),
        (dict[str, str], "an object of texts"),
        (dict[str, Any], "an object"),
        (Leaf, "an object with longName, names"),
        (bytes, ""),
    ],
)
def test_a_type_is_told(kind: object, words: str) -> None:
    assert type_in_words(type_info(kind)) == words


@pytest.mark.parametrize(
    ("value", "kind", "words"),
    [
        (1, str, "a whole number stands where a text belongs"),
        ("x", int | None, "a text stands where a whole number or null belongs"),
        (b"", int, ""),
        ({"odd": 1}, Leaf, "`odd` is not known"),
        ({"x" * 500: 1}, Leaf, f"`{'x' * 100}` is not known"),
        ({"names": ["b"]}, Leaf, "a text has not the right form"),
        ({"names": ["abcd"]}, Leaf, "a text is too long"),
        ({"names": ["a"] * 3}, Leaf, "an array is too short or too long"),
        ("", Annotated[str, Meta(min_length=1)], "a text is too short"),
        (0, Annotated[int, Meta(ge=1)], "a number is too small or too large"),
        ("green", Colour, "one is none of these"),
        ({}, msgspec.defstruct("Needs", [("it", int)]), "`it` is missing"),
    ],
)
def test_a_problem_is_told_without_the_value(value: object, kind: Any, words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.convert(value, kind)
    assert in_words(str(raised.value)) == words
