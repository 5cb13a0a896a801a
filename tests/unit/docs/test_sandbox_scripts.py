"""docs/sandbox-scripts.md and the schema for editors say of scripts what the reader of scripts does."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from limi.cli.brains import read_script
from limi.kernel.settings import SettingsError
from limi.sandbox.scripts import ScriptError, parse_script, reader
from limi.sandbox.scripts.nodes import read_yaml
from tests.unit.docs.reading import ROOT, blocks

_DOCUMENT = ROOT / "docs" / "sandbox-scripts.md"
_SCHEMA: dict[str, Any] = json.loads((ROOT / "docs" / "sandbox-script.schema.json").read_text("utf-8"))
_STEP = next(part for part in _SCHEMA["$defs"]["step"]["anyOf"] if "properties" in part)
_FAIL = next(part for part in _STEP["properties"]["fail"]["anyOf"] if "properties" in part)
_FIELDS = [
    (reader._TOP, _SCHEMA),
    (reader._TURN, _SCHEMA["$defs"]["turn"]),
    (reader._USER, _SCHEMA["$defs"]["user"]),
    (reader._HEARS, _SCHEMA["$defs"]["hears"]),
    (reader._STEP, _STEP),
    (reader._FAIL, _FAIL),
]

_EXAMPLE = next(blocks(_DOCUMENT, "yaml")).text


def _as_json(script: str) -> Any:
    return read_yaml(script, source="script").json(lambda _, text: text)


def test_the_example_is_a_script_that_editors_accept() -> None:
    assert len(parse_script(_EXAMPLE).turns) == 5
    jsonschema_rs.validate(_SCHEMA, _as_json(_EXAMPLE))


def test_the_test_of_the_document_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "weather.yaml").write_text(_EXAMPLE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    (program,) = blocks(_DOCUMENT, "python")
    names: dict[str, Any] = {}
    exec(compile(program.text, "scripts", "exec"), names)  # noqa: S102 - our own document
    names["test_the_weather_is_told"]()


def test_the_complaint_of_the_document_is_the_one_that_comes(tmp_path: Path) -> None:
    (shown,) = blocks(_DOCUMENT, "text")
    script = tmp_path / "weather.yaml"
    script.write_text(_EXAMPLE.replace("assistant: Welcome", "asistant: Welcome"), encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        read_script(script)
    assert shown.text == f"limi: {caught.value}\n"


@pytest.mark.parametrize(("known", "schema"), _FIELDS, ids=lambda part: part[0] if isinstance(part, tuple) else "")
def test_editors_know_the_fields_that_the_reader_knows(known: tuple[str, ...], schema: dict[str, Any]) -> None:
    assert set(schema["properties"]) == set(known)


@pytest.mark.parametrize(("known", "schema"), _FIELDS, ids=lambda part: part[0] if isinstance(part, tuple) else "")
def test_every_field_is_explained(known: tuple[str, ...], schema: dict[str, Any]) -> None:
    assert schema
    text = _DOCUMENT.read_text("utf-8")
    assert [name for name in known if not re.search(rf"`{name}\b", text)] == []


@pytest.mark.parametrize(
    ("script", "good"),
    [
        ("turns: [{user: a, assistant: b}]", True),
        ("hears: [a, {text: b, utterance: 2}]", True),
        ("turns: [{metadata: {a: b}, assistant: {fail: c}}]", True),
        (
            "turns: [{user: {contains: [a]}, assistant: [{call: b, arguments: {c: 1}}, {fail: {message: d}}]}]",
            True,
        ),
        ("order: given", False),
        ("turns: []", False),
        ("turns: [{assistant: b}]", False),
        ("turns: [{user: a}]", False),
        ("turns: [{user: 5, assistant: b}]", False),
        ("turns: [{user: {contains: a, matches: b}, assistant: b}]", False),
        ("turns: [{user: a, assistant: {say: b, call: c}}]", False),
        ("turns: [{user: a, assistant: {say: b, arguments: {}}}]", False),
        ("turns: [{user: a, assistant: {wait_seconds: -1}}]", False),
        ("turns: [{user: a, assistant: b, times: 0}]", False),
        ("turns: [{user: a, assistant: b}]\notherwise: echo", False),
        ("hears: [{utterance: 1}]", False),
    ],
)
def test_editors_and_the_reader_accept_and_refuse_the_same(script: str, good: bool) -> None:  # noqa: FBT001
    assert jsonschema_rs.is_valid(_SCHEMA, _as_json(script)) is good
    if good:
        parse_script(script)
    else:
        with pytest.raises(ScriptError):
            parse_script(script)
