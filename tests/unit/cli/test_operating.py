"""What the operator's commands have in common: the database they need, and what they say without it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from limi.adapters.sql import create_database_file, upgrade
from limi.cli.operating import pages

COMMANDS = [("key", "list"), ("tenant", "list"), ("profile", "list"), ("stats",)]


@pytest.fixture
def database(folder: Path) -> str:
    url = f"sqlite:///{folder}/.limi/limi.db"
    upgrade(url)
    return url


@pytest.mark.parametrize("command", COMMANDS)
def test_without_a_database_they_say_so_and_make_none(
    command: tuple[str, ...], folder: Path, run_main: Callable[..., tuple[object, str, str]]
) -> None:
    code, out, err = run_main(*command)
    assert (code, out) == (2, "")
    assert "There is no database at" in err
    assert list(folder.iterdir()) == []


def test_a_database_without_tables_is_migrated_and_the_log_does_not_stand_in_the_answer(
    folder: Path, invoke: Callable[..., Result]
) -> None:
    create_database_file(f"sqlite:///{folder}/.limi/limi.db")
    result = invoke("tenant", "list", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == []
    assert "database.migrated" in result.stderr


def test_a_key_that_a_command_made_is_told_of(database: str, folder: Path, invoke: Callable[..., Result]) -> None:
    first = invoke("key", "list", LIMI_DATABASE_URL=database)
    assert "the operator's key was made and is in .limi/admin-key" in first.stderr
    assert (folder / ".limi" / "admin-key").exists()
    assert invoke("key", "list", LIMI_DATABASE_URL=database).stderr == ""


def test_an_audit_entry_says_that_a_command_did_it(database: str, invoke: Callable[..., Result]) -> None:
    invoke("tenant", "create", "acme", LIMI_DATABASE_URL=database)
    lines = invoke("audit", "export", "--event", "tenant.created", LIMI_DATABASE_URL=database).stdout.splitlines()
    entry = json.loads(lines[0])
    assert (entry["caller"], entry["subject"], entry["tenant"]) == ("system", "tenant:acme", "acme")
    assert entry["userAgent"].startswith("limi")


def test_settings_come_from_the_file_that_is_named(folder: Path, invoke: Callable[..., Result]) -> None:
    upgrade(f"sqlite:///{folder}/other.db")
    (folder / "limi.toml").write_text('[database]\nurl = "sqlite:///other.db"\n')
    assert invoke("tenant", "create", "acme", "--config", "limi.toml").exit_code == 0
    assert invoke("tenant", "show", "acme", "--config", "limi.toml").exit_code == 0


async def test_pages_are_read_to_the_end() -> None:
    asked: list[tuple[str | None, str]] = []

    async def read(*, after: str | None, limit: int, tenant: str) -> list[int]:
        asked.append((after, tenant))
        start = 0 if after is None else int(after) + 1
        return list(range(start, min(start + limit, 250)))

    assert await pages(read, place=str, tenant="acme") == list(range(250))
    assert asked == [(None, "acme"), ("99", "acme"), ("199", "acme")]
