import json
from collections.abc import Callable
from typing import Any

import pytest

from limi.protocol import FunctionTool
from limi.sandbox.answering.tools import arguments_for, fitting_tool

MakeTool = Callable[..., FunctionTool]


def _arguments(tool: FunctionTool, words: str = "") -> Any:
    return json.loads(arguments_for(tool, words))


def _requiring(tool: MakeTool, name: str, schema: Any) -> FunctionTool:
    return tool("act", type="object", properties={name: schema}, required=[name])


def test_the_tool_whose_name_is_said_is_taken(tool: MakeTool) -> None:
    tools = [tool("play_music"), tool("get_weather", "Weather of a city.")]
    assert fitting_tool(tools, "How is the weather in Rome?") is tools[1]


def test_two_words_of_a_description_are_enough_and_one_is_not(tool: MakeTool) -> None:
    tools = [tool("lookup", "Finds the opening hours of a museum.")]
    assert fitting_tool(tools, "When does the museum open its opening doors?") is tools[0]
    assert fitting_tool(tools, "I like this museum.") is None


def test_without_tools_none_fits() -> None:
    assert fitting_tool([], "weather") is None


def test_a_tool_without_parameters_is_called_with_an_empty_object(tool: MakeTool) -> None:
    assert _arguments(tool("act")) == {}


def test_only_required_parameters_are_given(tool: MakeTool) -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
        "required": ["b"],
    }
    assert set(_arguments(tool("act", **schema))) == {"b"}


@pytest.mark.parametrize(
    ("name", "schema", "expected"),
    [
        ("city", {"type": "string"}, "Paris"),
        ("unit", {"enum": ["kelvin", "celsius"]}, "celsius"),
        ("mode", {"enum": ["fast", "slow"]}, "fast"),
        ("kind", {"const": "fixed"}, "fixed"),
        ("size", {"type": "string", "default": "large"}, "large"),
        ("days", {"type": "integer"}, 3),
        ("days", {"type": "integer", "maximum": 2}, 2),
        ("days", {"type": "integer", "exclusiveMinimum": 7}, 8),
        ("days", {"type": ["integer", "null"]}, 3),
        ("days", {"anyOf": [{"type": "null"}, {"type": "integer"}]}, 3),
        ("sure", {"type": "boolean"}, True),
        ("nothing", {"type": "null"}, None),
        ("when", {"type": "string", "format": "date"}, "2026-01-31"),
        ("note", {"type": "string"}, "3 days of celsius in Paris"),
        ("names", {"type": "array", "items": {"type": "boolean"}}, [True]),
        ("odd", "no schema at all", None),
        ("odd", {"type": 7}, "3 days of celsius in Paris"),
    ],
)
def test_a_value_fits_its_schema_and_what_was_said(tool: MakeTool, name: str, schema: Any, expected: Any) -> None:
    assert _arguments(_requiring(tool, name, schema), "3 days of celsius in Paris") == {name: expected}


def test_a_reference_into_the_schema_is_followed(tool: MakeTool) -> None:
    schema = {
        "type": "object",
        "properties": {"who": {"$ref": "#/$defs/Person"}},
        "required": ["who"],
        "$defs": {"Person": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}},
    }
    assert _arguments(tool("act", **schema)) == {"who": {"name": "Ada"}}


def test_a_schema_that_contains_itself_ends(tool: MakeTool) -> None:
    schema = {"type": "object", "properties": {"child": {"$ref": "#"}}, "required": ["child"]}
    assert "child" in _arguments(tool("act", **schema))


def test_a_dangling_reference_gives_some_text(tool: MakeTool) -> None:
    assert _arguments(_requiring(tool, "x", {"$ref": "#/$defs/Nothing"})) == {"x": "example"}
