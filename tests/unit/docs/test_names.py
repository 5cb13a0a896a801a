"""Commands, variables and make targets that documents mention are those that exist."""

import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup

from limi.adapters.configuration import setting_infos
from limi.cli.main import app
from tests.unit.docs.reading import DOCUMENTS, ROOT, code, name_of

_NO_SETTINGS = {"LIMI_CONFIG", "LIMI_API_KEY", "LIMI_SOAK", "LIMI_BACKEND_URL"}
"""Variables that name the file, the key that clients send, the size of the tests, and where examples find Limi."""
_OTHER_FILES = [
    ROOT / name
    for name in ("Dockerfile", ".pre-commit-config.yaml", "deploy/compose.yaml", "examples/compose.yaml")
]

_MAKE = re.compile(r"(?:^|[\s`])make ((?:[a-z]+ ?)+)", re.MULTILINE)
_COMMANDS = "serve|sandbox|doctor|config|mint|db|key|profile|tenant|stats|speech|audit|version|webhook"
_COMMAND = re.compile(rf"^(?:.*[\s/])?limi ((?:{_COMMANDS})\b.*)$")


@pytest.mark.parametrize("document", [*DOCUMENTS, *_OTHER_FILES], ids=name_of)
def test_every_variable_is_a_setting(document: Path) -> None:
    mentioned = set(re.findall(r"\b(?:LIMI|OPENAI)_[A-Z][A-Z_]*[A-Z]\b", document.read_text(encoding="utf-8")))
    known = {info.env for info in setting_infos()} | _NO_SETTINGS | {"OPENAI_BASE_URL"}
    assert mentioned <= known


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_make_target_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    mentioned = {target for text in code(document) for found in _MAKE.findall(text) for target in found.split()}
    assert mentioned <= targets | {"installs"}


def test_the_first_two_commands_of_the_readme_are_targets() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^make (\w+)", readme, re.MULTILINE)[:2] == ["serve", "test"]


def test_contributing_lists_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):.*##", makefile, re.MULTILINE)) - {"help"}
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert all(f"`make {target}`" in text for target in targets)


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_every_command_and_its_options_exist(document: Path) -> None:
    for line in (line for text in code(document) for line in text.splitlines()):
        if found := _COMMAND.match(line.partition(" #")[0]):
            _check(shlex.split(found[1]))


def test_the_readme_lists_every_command() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"`limi {name}" in text for name in group.commands)


def _check(words: list[str]) -> None:
    """Walk down the groups and look whether the options that follow are known."""
    command = typer.main.get_command(app)
    while words and isinstance(command, TyperGroup):
        name, *words = words
        assert name in command.commands, f"there is no command {name}"
        command = command.commands[name]
    options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    assert {word for word in words if word.startswith("--")} <= options
