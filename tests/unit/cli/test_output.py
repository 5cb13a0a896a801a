"""How commands print: tables for people, JSON for programs, questions before what cannot be undone."""

import io
import json

import msgspec
import pytest
import typer

from limi.cli.output import (
    confirm,
    fail,
    moment,
    print_answer,
    print_facts,
    print_issued,
    print_json,
    print_table,
    shown,
)
from limi.kernel.principal import Scope


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (Scope.MINT, "mint"),
        (frozenset({"b", "a"}), "a, b"),
        ((), "none"),
        ({"type": "semantic_vad"}, '{"type":"semantic_vad"}'),
        ("one\ntwo", "one\\ntwo"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("Grüße 🎙", "Grüße 🎙"),
    ],
)
def test_a_value_is_one_line_of_what_can_be_seen(value: object, text: str) -> None:
    assert shown(value) == text


def test_json_is_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": [1, None]})
    assert json.loads(capsys.readouterr().out) == {"a": [1, None]}


def test_a_table_has_a_line_a_row_and_is_not_folded_where_nobody_looks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(("Name", "Text"), [("a", "x" * 300), ("[red]b", None)], empty="nothing")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["Name", "Text"]
    assert [line.split() for line in lines[2:]] == [["a", "x" * 300], ["[red]b", "–"]]


def test_a_table_without_rows_is_a_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("Name",), [], empty="There is nothing.")
    assert capsys.readouterr().out == "There is nothing.\n"


def test_facts_stand_below_one_another(capsys: pytest.CaptureFixture[str]) -> None:
    print_facts({"id": "a", "longer": None})
    assert capsys.readouterr().out == "id      a\nlonger  –\n"


def test_a_moment_is_utc_to_the_second() -> None:
    assert moment(0.9) == "1970-01-01T00:00:00Z"
    assert moment(None) is None


def test_yes_is_not_asked_for() -> None:
    confirm("Sure?", yes=True)


def test_where_nobody_can_be_asked_nothing_happens(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(typer.Exit) as ended:
        confirm("Sure?", yes=False)
    assert ended.value.exit_code == 2
    assert "--yes" in capsys.readouterr().err


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "goes_on"), [("y\n", True), ("n\n", False), ("\n", False)])
def test_whoever_is_asked_decides(monkeypatch: pytest.MonkeyPatch, typed: str, *, goes_on: bool) -> None:
    monkeypatch.setattr("sys.stdin", _Terminal(typed))
    if goes_on:
        confirm("Sure?", yes=False)
        return
    with pytest.raises(typer.Exit) as ended:
        confirm("Sure?", yes=False)
    assert ended.value.exit_code == 1


def test_a_failure_is_a_sentence_of_limis(capsys: pytest.CaptureFixture[str]) -> None:
    assert fail("it went wrong").exit_code == 1
    assert capsys.readouterr().err == "limi: it went wrong\n"


class _Thing(msgspec.Struct, rename="camel"):
    long_name: str
    secret: str


def test_an_answer_is_a_line_a_member_or_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_answer(_Thing("a", "b"), as_json=False)
    assert capsys.readouterr().out.splitlines() == ["longName  a", "secret    b"]
    print_answer(_Thing("a", "b"), as_json=True)
    assert json.loads(capsys.readouterr().out) == {"longName": "a", "secret": "b"}


def test_a_secret_stands_alone_on_the_output(capsys: pytest.CaptureFixture[str]) -> None:
    for quiet, said in ((False, "The token of the key k, which is shown this once:\n"), (True, "")):
        print_issued(_Thing("a", "b"), "b", "token of the key k", quiet=quiet, as_json=False)
        assert capsys.readouterr() == ("b\n", said)
    print_issued(_Thing("a", "b"), "b", "token of the key k", quiet=False, as_json=True)
    output = capsys.readouterr()
    assert (json.loads(output.out)["secret"], output.err) == ("b", "")
