"""`limi profile`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from limi.adapters.sql import upgrade

Limi = Callable[..., Result]

_TOML = 'instructions = "Greet {{name}}.\\nBriefly."\nttl_seconds = 60\n\n[variables]\nname = "you"\n'


@pytest.fixture
def limi(folder: Path, invoke: Callable[..., Result]) -> Limi:
    """Call `limi profile` on a database of the test's own."""
    upgrade(f"sqlite:///{folder}/.limi/limi.db")
    invoke("tenant", "create", "acme")
    (folder / "greeter.toml").write_text(_TOML)
    return lambda *arguments: invoke("profile", *arguments)


def test_a_put_makes_a_version_of_a_toml_file(limi: Limi) -> None:
    assert limi("put", "greeter", "greeter.toml").stdout == "Version 1 of the profile greeter is in use.\n"
    made = json.loads(limi("put", "greeter", "greeter.toml", "--json").stdout)
    assert (made["version"], made["profile"]["ttlSeconds"]) == (2, 60)
    assert made["profile"]["variables"] == {"name": "you"}


def test_what_is_shown_as_json_can_be_put_again(limi: Limi, folder: Path) -> None:
    limi("put", "greeter", "greeter.toml")
    shown = json.loads(limi("show", "greeter", "--json").stdout)["profile"]
    (folder / "greeter.json").write_text(json.dumps(shown))
    again = json.loads(limi("put", "greeter", "greeter.json", "--json").stdout)
    assert again["profile"] == shown


def test_people_see_each_member_on_a_line(limi: Limi) -> None:
    limi("put", "greeter", "greeter.toml")
    lines = limi("show", "greeter").stdout.splitlines()
    assert ["instructions", "Greet {{name}}.\\nBriefly."] in [line.split(maxsplit=1) for line in lines]
    assert ["ttlSeconds", "60"] in [line.split() for line in lines]


def test_profiles_of_a_tenant_and_of_all_are_apart(limi: Limi) -> None:
    limi("put", "greeter", "greeter.toml", "--tenant", "acme")
    assert limi("show", "greeter").exit_code == 1
    assert limi("show", "greeter", "--tenant", "acme").exit_code == 0
    assert "There are no profiles in the database" in limi("list").stdout
    (listed,) = json.loads(limi("list", "--tenant", "acme", "--json").stdout)
    assert (listed["name"], listed["tenant"]) == ("greeter", "acme")


def test_versions_stay_after_a_deletion_that_was_asked_about(limi: Limi) -> None:
    limi("put", "greeter", "greeter.toml")
    assert limi("delete", "greeter").exit_code == 2
    assert limi("delete", "greeter", "--yes").stdout == "The profile greeter is deleted.\n"
    assert limi("show", "greeter").exit_code == 1
    assert limi("show", "greeter", "--version", "1").exit_code == 0
    rows = [line.split() for line in limi("versions", "greeter").stdout.splitlines()[2:]]
    assert [(row[1], row[-1]) for row in rows] == [("2", "deletion"), ("1", "–")]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("ttl_seconds = 1\n", "wrong.toml: ttl_seconds: must be a whole number from 10 to 7200"),
        ("[leash]\nmax_seconds = 1\n", "leash.max_seconds: must be a whole number from 10 to 3600"),
        ("ttlSeconds = 60\n", "ttlSeconds: is not known here; there are model, instructions"),
        ("ttl_seconds = \n", "wrong.toml: Invalid value"),
        (b"\xff", "wrong.toml"),
    ],
)
def test_a_file_that_holds_no_profile_is_refused(
    limi: Limi, folder: Path, content: str | bytes, sentence: str
) -> None:
    (folder / "wrong.toml").write_bytes(content if isinstance(content, bytes) else content.encode())
    result = limi("put", "wrong", "wrong.toml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert sentence in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("put", "a", "missing.toml"), 2, "missing.toml: No such file or directory"),
        (("put", "Upper", "greeter.toml"), 1, "limi: name: must be 1–64 characters"),
        (("put", "a", "greeter.toml", "--tenant", "nobody"), 1, "limi: tenant: must be the id of a tenant"),
        (("show", "nothing"), 1, "limi: name: there is no profile `nothing` in the database"),
        (("versions", "nothing"), 1, "limi: name: there is no profile"),
        (("delete", "nothing", "--yes"), 1, "limi: name: there is no profile"),
    ],
)
def test_a_mistake_is_a_sentence_and_an_exit_code(
    limi: Limi, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    result = limi(*arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert sentence in result.stderr
