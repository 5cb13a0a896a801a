from collections.abc import Callable
from typing import Any

import pytest

from limi.sandbox.scripts.model import ScriptError
from limi.sandbox.scripts.nodes import Node, read_yaml


def _top(text: str) -> Node:
    return read_yaml(text, source="s.yaml")


def _field(text: str) -> Node:
    return dict(_top(f"it: {text}").members())["it"]


def test_fields_and_items_know_their_place() -> None:
    item = dict(_top("a:\n  - x\n  - b: y\n").members())["a"].items()[1]
    assert (item.field, item.line) == ("a[1]", 3)
    assert dict(item.members())["b"].field == "a[1].b"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "the script is empty"),
        ("a: [", "line 1: this is not YAML: "),
        ("a: b\n---\nc: d", "line 2: this is not YAML: "),
        ("a: \x00", "this is not YAML that can be read"),
        ("a: &a [*a, *a]", "has more than 100000 values"),
    ],
)
def test_what_is_no_single_document_is_refused(text: str, rule: str) -> None:
    with pytest.raises(ScriptError) as caught:
        _top(text)
    assert rule in str(caught.value)


def _known(node: Node) -> object:
    return node.fields(("user", "assistant"), required=("user",))


@pytest.mark.parametrize(
    ("read", "text", "rule"),
    [
        (
            _known,
            "{user: a, asistant: b}",
            'line 1, it.asistant: there is no such field; did you mean "assistant"?',
        ),
        (_known, "{user: a, zzz: b}", "there is no such field; known are user, assistant"),
        (_known, "{assistant: b}", 'it: the field "user" is missing'),
        (_known, "{user: a, user: b}", "it.user: this field is here twice"),
        (_known, "[a]", "must have fields (`name: value`), but is a list"),
        (_known, "{[a]: b}", "a field's name must be a plain word"),
        (_known, "{<<: {user: a}}", "a field's name must be a plain word"),
        (Node.items, "{a: b}", "must be a list (`- item`), but is a mapping"),
        (Node.items, "[]", "must not be empty"),
        (Node.text, "true", "must be text, but is 'true' (a truth value); put it in quotes"),
        (Node.text, "12", "must be text, but is '12' (a number); put it in quotes"),
        (Node.text, "-1.5e3", "but is '-1.5e3' (a number); put it in quotes"),
        (Node.text, "", "must be text, but is empty; put it in quotes"),
        (Node.text, "[a]", "must be text, but is a list"),
        (Node.text, "{city}", "must be text, but is a mapping; put it in quotes"),
        (_known, "{city}", "known are user, assistant; a text that begins with a brace needs quotes"),
        (Node.text, "' '", "must not be empty"),
        (lambda node: node.choice(("a", "b")), "c", "must be a or b, but is 'c'"),
        (
            lambda node: node.integer(at_least=1),
            "0",
            "must be a whole number of at least 1, but is '0' (a number)",
        ),
        (lambda node: node.integer(at_least=1), "yes", "but is 'yes'"),
        (lambda node: node.integer(at_least=1), "1.5", "must be a whole number"),
        (lambda node: node.seconds(at_most=9), "-1", "must be seconds from 0 to 9, but is '-1' (a number)"),
        (lambda node: node.seconds(at_most=9), "10", "must be seconds from 0 to 9"),
        (lambda node: node.seconds(at_most=9), "1e999", "must be seconds from 0 to 9"),
        (lambda node: node.seconds(at_most=9), "soon", "must be seconds from 0 to 9, but is 'soon'"),
        (lambda node: node.json(lambda _, text: text), "[1e999]", "it[0]: is '1e999' (a number), which is too"),
        (lambda node: node.json(lambda _, text: text), "!!int x", "'x' with the tag tag:yaml.org,2002:int cannot"),
        (lambda node: node.json(lambda _, text: text), "!!python/name:os.system ''", "cannot be read"),
    ],
)
def test_a_mistake_is_told_with_its_rule(read: Callable[[Node], Any], text: str, rule: str) -> None:
    with pytest.raises(ScriptError) as caught:
        read(_field(text))
    assert rule in str(caught.value)
    assert str(caught.value).startswith("s.yaml, line 1, it")


def test_values_are_read_as_what_they_are() -> None:
    assert _field("hello").text() == "hello"
    assert _field("b").choice(("a", "b")) == "b"
    assert _field("16").integer(at_least=0) == 16
    assert _field("2").seconds(at_most=9) == 2.0
    value = _field("{a: [1, 2.5, true, null, x, [], {}]}").json(lambda node, text: f"{node.field}={text}")
    assert value == {"a": [1, 2.5, True, None, "it.a[4]=x", [], {}]}


@pytest.mark.parametrize(
    "words", ["yes", "No", "on", "off", "12:30", "2020-01-01", "010", "0x10", "1_000", "+1", "True"]
)
def test_what_people_say_is_text_even_where_older_yaml_knows_better(words: str) -> None:
    assert _field(words).text() == words
    assert _field(words).json(lambda _, text: text) == words


@pytest.mark.parametrize(
    ("text", "value"),
    [("0.5", 0.5), (".5", 0.5), ("-2", -2), ("1e3", 1000.0), ("true", True), ("~", None), ("", None)],
)
def test_json_knows_its_own_values(text: str, value: object) -> None:
    assert _field(text).json(lambda _, words: words) == value
