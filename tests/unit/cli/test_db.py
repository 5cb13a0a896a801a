"""`limi db`: which tables there are, bringing them up to date, and a copy."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import Result

from limi.adapters.sql import HEAD, DatabaseMissingError

Invoke = Callable[..., Result]


@pytest.fixture
def database(folder: Path) -> Path:
    return folder / "limi.db"


@pytest.fixture
def db(invoke: Invoke, database: Path) -> Callable[..., Result]:
    def db(*arguments: str) -> Result:
        return invoke("db", *arguments, LIMI_DATABASE_URL=f"sqlite:///{database}")

    return db


def test_upgrade_makes_the_tables_and_says_which(db: Callable[..., Result]) -> None:
    result = db("upgrade")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (
        0,
        f"The tables have revision {HEAD}, which is what this version needs.",
    )
    assert db("upgrade", "--json").exit_code == 0


def test_current_tells_what_there_is_and_by_its_exit_code_whether_that_will_do(
    db: Callable[..., Result], database: Path
) -> None:
    database.touch(mode=0o600)
    empty = db("current")
    assert (empty.exit_code, empty.stdout) == (
        1,
        f"The database has no tables of Limi; this version makes revision {HEAD}.\n",
    )
    db("upgrade")
    current = db("current", "--json")
    assert (current.exit_code, json.loads(current.stdout)) == (0, {"revision": HEAD, "needed": HEAD})
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    old = db("current")
    assert (old.exit_code, old.stdout) == (1, f"The tables have revision 0000; this version needs {HEAD}.\n")


def test_current_makes_no_database(db: Callable[..., Result], database: Path) -> None:
    with pytest.raises(DatabaseMissingError):
        db("current")
    assert not database.exists()


def test_backup_copies_the_database_once(db: Callable[..., Result], folder: Path) -> None:
    db("upgrade")
    result = db("backup", "copy.db")
    assert (result.exit_code, result.stdout) == (0, "copy.db holds the whole database.\n")
    with closing(sqlite3.connect(folder / "copy.db")) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)


def test_a_mistake_is_one_sentence_and_exit_code_2(run_main: Callable[..., tuple[object, str, str]]) -> None:
    code, out, err = run_main("db", "current", LIMI_DATABASE_URL="sqlite:///none.db")
    assert (code, out) == (2, "")
    assert err.startswith("limi: There is no database at none.db.")
