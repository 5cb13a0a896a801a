"""Broken rules get upstream's codes and the path of the member at fault."""

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta

from limi.protocol.errors import InvalidJSONError, InvalidValueError, ProtocolError
from limi.protocol.wire import MAXIMUM_DEPTH, Strict, convert, decode_object, encode


class Leaf(Strict, frozen=True, kw_only=True):
    count: Annotated[int, Meta(ge=1, le=9)] = 1
    kind: Literal["a", "b"] = "a"
    labels: dict[str, str] | None = None


class One(Strict, tag="one", tag_field="type", frozen=True, kw_only=True):
    leaf: Leaf


class Two(Strict, tag="two", tag_field="type", frozen=True, kw_only=True):
    pass


class Root(Strict, frozen=True, kw_only=True):
    parts: list[One | Two]


@pytest.mark.parametrize(
    ("part", "code", "param", "words"),
    [
        (
            {"type": "one"},
            "missing_required_parameter",
            "parts[0].leaf",
            "Missing required parameter: 'parts[0].leaf'.",
        ),
        ({}, "missing_required_parameter", "parts[0].type", "Missing required parameter: 'parts[0].type'."),
        ({"type": "three"}, "invalid_value", "parts[0].type", "'three' is not supported"),
        ({"type": "two", "x": 1}, "unknown_parameter", "parts[0].x", "Unknown parameter: 'parts[0].x'."),
        ({"type": "one", "leaf": {"count": 0}}, "invalid_value", "parts[0].leaf.count", "`int` >= 1"),
        ({"type": "one", "leaf": {"count": "1"}}, "invalid_value", "parts[0].leaf.count", "got `str`"),
        ({"type": "one", "leaf": {"count": None}}, "invalid_value", "parts[0].leaf.count", "got `null`"),
        ({"type": "one", "leaf": {"kind": "c"}}, "invalid_value", "parts[0].leaf.kind", "'c' is not supported"),
        ({"type": "one", "leaf": {"labels": {"a": 1}}}, "invalid_value", "parts[0].leaf.labels", "got `int`"),
        (7, "invalid_value", "parts[0]", "got `int`"),
    ],
)
def test_the_path_and_the_rule_are_named(part: Any, code: str, param: str, words: str) -> None:
    with pytest.raises(ProtocolError) as caught:
        convert({"parts": [part]}, Root)
    assert (caught.value.code, caught.value.param) == (code, param)
    assert words in caught.value.message


def test_paths_begin_where_the_value_stood() -> None:
    with pytest.raises(ProtocolError) as caught:
        convert({"x": 1}, Leaf, at="response.input[3]")
    assert caught.value.param == "response.input[3].x"


def test_a_member_named_like_a_path_fools_nobody() -> None:
    with pytest.raises(ProtocolError) as caught:
        convert({"a` - at `$.b": 1}, Leaf)
    assert caught.value.code in {"unknown_parameter", "invalid_value"}


@pytest.mark.parametrize("text", ["", "{", "nul", '{"a":1}}', b"\xff", '{"a":NaN}', '{"a":1e999}', "\ud800"])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(InvalidJSONError):
        decode_object(text)


@pytest.mark.parametrize("text", ["null", "[]", '"x"', "1"])
def test_json_that_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(InvalidValueError):
        decode_object(text)


def test_what_is_read_can_be_written_again() -> None:
    nested: Any = "leaf"
    for _ in range(MAXIMUM_DEPTH - 1):
        nested = {"a": nested}
    assert json.loads(encode(decode_object(json.dumps(nested)))) == nested
    with pytest.raises(InvalidJSONError):
        decode_object(json.dumps({"a": nested}))


@pytest.mark.parametrize("kind", [str.encode, str])
def test_a_message_of_too_many_values_is_not_even_parsed(kind: Callable[[str], str | bytes]) -> None:
    decode_object(kind('{"a": [' + "[], " * 9_000 + "0]}"))
    decode_object(kind('{"a": "' + "x" * 1_000_000 + '"}'))
    with pytest.raises(InvalidJSONError, match="more than 20000 commas and brackets"):
        decode_object(kind('{"a": [' + "[], " * 11_000 + "0]}"))
