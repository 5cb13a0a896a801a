"""`limi tenant`."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from limi.adapters.sql import upgrade

Limi = Callable[..., Result]


@pytest.fixture
def limi(folder: Path, invoke: Callable[..., Result]) -> Limi:
    """Call `limi tenant` on a database of the test's own, in which there is one."""
    upgrade(f"sqlite:///{folder}/.limi/limi.db")
    invoke(
        "tenant", "create", "acme", "--name", "Acme Ltd", "--tokens-per-minute", "30", "--model", "gpt-realtime"
    )
    return lambda *arguments: invoke("tenant", *arguments)


def _acme(limi: Limi) -> Any:
    return json.loads(limi("show", "acme", "--json").stdout)


def test_a_tenant_is_made_listed_and_shown(limi: Limi) -> None:
    assert limi("create", "beta").stdout == "The tenant beta was made.\n"
    lines = limi("list").stdout.splitlines()
    assert [line.split()[0] for line in lines[2:]] == ["acme", "beta"]
    assert [tenant["id"] for tenant in json.loads(limi("list", "--json").stdout)] == ["acme", "beta"]
    assert "Acme Ltd" in limi("show", "acme").stdout


def test_an_empty_list_says_how_to_fill_it(limi: Limi) -> None:
    limi("delete", "acme", "--yes")
    assert limi("list").stdout == "There are no tenants. Make one: limi tenant create TENANT\n"


def test_an_update_changes_what_is_given(limi: Limi) -> None:
    result = limi("update", "acme", "--name", "Other", "--unset", "tokens-per-minute", "--profile", "default")
    assert result.stdout == "The tenant acme was changed.\n"
    acme = _acme(limi)
    assert (acme["name"], acme["tokensPerMinute"]) == ("Other", None)
    assert (acme["profiles"], acme["models"]) == (["default"], ["gpt-realtime"])


def test_suspending_and_resuming_need_no_question(limi: Limi) -> None:
    assert limi("suspend", "acme").stdout == "The tenant acme is suspended.\n"
    assert _acme(limi)["status"] == "suspended"
    assert json.loads(limi("resume", "acme", "--json").stdout)["status"] == "active"


def test_a_deletion_is_asked_about_and_is_for_ever(limi: Limi) -> None:
    assert limi("delete", "acme").exit_code == 2
    assert _acme(limi)["status"] == "active"
    assert limi("delete", "acme", "--yes").exit_code == 0
    assert limi("show", "acme").exit_code == 1
    assert "is taken" in limi("create", "acme").stderr


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("show", "nobody"), 1, "limi: id: there is no tenant `nobody`"),
        (("create", "Upper"), 1, "limi: id: must be 1–40 characters of a–z 0–9 -"),
        (("create", "acme"), 1, "limi: id: `acme` is taken"),
        (("create", "b", "--tokens-per-minute", "0"), 1, "limi: tokens_per_minute: must be a whole number"),
        (("create", "b", "--tokens-per-minute", "many"), 2, "--tokens-per-minute"),
        (("update", "acme"), 2, "nothing to change"),
        (("update", "acme", "--model", "x", "--unset", "models"), 2, "models is both set and taken away"),
    ],
)
def test_a_mistake_is_a_sentence_and_an_exit_code(
    limi: Limi, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    result = limi(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert sentence in result.stderr
