import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, OperationalError

from limi.adapters.sql import (
    DatabaseMissingError,
    DatabaseURLError,
    create_database_file,
    open_engine,
)
from limi.adapters.sql.engine import begin_writing, each_by_itself, write_transaction


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/limi.db"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    create_database_file(url)
    made = open_engine(url, busy_seconds=0.01)
    yield made
    made.dispose()


def test_folder_and_file_are_the_owners_alone_whatever_the_umask(tmp_path: Path, url: str) -> None:
    before = os.umask(0)
    try:
        create_database_file(url)
    finally:
        os.umask(before)
    assert (mode(tmp_path / "data"), mode(tmp_path / "data" / "limi.db")) == (0o700, 0o600)


def test_what_sqlite_adds_is_the_owners_alone_too(tmp_path: Path, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
        companions = sorted(path.name for path in (tmp_path / "data").iterdir())
        assert companions == ["limi.db", "limi.db-shm", "limi.db-wal"]
        assert {mode(path) for path in (tmp_path / "data").iterdir()} == {0o600}


def test_an_existing_file_and_folder_are_left_as_they_are(tmp_path: Path, url: str) -> None:
    (tmp_path / "data").mkdir(mode=0o750)
    (tmp_path / "data" / "limi.db").write_bytes(b"")
    (tmp_path / "data" / "limi.db").chmod(0o640)
    create_database_file(url)
    assert (mode(tmp_path / "data"), mode(tmp_path / "data" / "limi.db")) == (0o750, 0o640)


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DatabaseMissingError, match=r"cannot be created: .*LIMI_DATABASE_URL"):
        create_database_file(f"sqlite:///{tmp_path}/file/limi.db")


def test_a_file_that_is_not_there_is_a_sentence_and_is_not_made(tmp_path: Path, url: str) -> None:
    with pytest.raises(DatabaseMissingError, match="There is no database at"):
        open_engine(url)
    assert list(tmp_path.iterdir()) == []


def test_a_file_removed_later_is_not_made_again(tmp_path: Path, engine: Engine) -> None:
    (tmp_path / "data" / "limi.db").unlink()
    with pytest.raises(OperationalError, match="unable to open"):
        engine.connect()


def test_a_relative_path_stays_where_it_was_when_the_working_directory_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    create_database_file("sqlite:///here.db")
    engine = open_engine("sqlite:///here.db")
    monkeypatch.chdir("/")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT 1").scalar() == 1
    engine.dispose()


@pytest.mark.parametrize("name", ["with space.db", "100% sure.db", "a#b.db", "ünï.db"])
def test_any_file_name_without_a_question_mark_will_do(tmp_path: Path, name: str) -> None:
    create_database_file(f"sqlite:///{tmp_path}/{name}")
    engine = open_engine(f"sqlite:///{tmp_path}/{name}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (x)")
    engine.dispose()
    assert (tmp_path / name).stat().st_size > 0


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("mysql://u:hunter2@h/d", "the scheme 'mysql' is not one Limi can use"),
        ("postgresql+asyncpg://u:hunter2@h/d", "'postgresql.asyncpg'"),
        ("sqlite+aiosqlite:///x.db", "'sqlite.aiosqlite'"),
        ("hunter2", "is not a URL"),
        ("", "is not a URL"),
        ("sqlite://", "must name a file"),
        ("sqlite:///:memory:", "in memory is none"),
        ("sqlite://hunter2/x.db", "must name a file"),
        ("sqlite:///x.db?mode=hunter2", "without options"),
    ],
)
def test_a_url_that_does_not_fit_is_explained_and_not_quoted(url: str, rule: str) -> None:
    for use in (create_database_file, open_engine):
        with pytest.raises(DatabaseURLError, match=rule) as caught:
            use(url)
        assert "hunter2" not in str(caught.value)
        assert "LIMI_DATABASE_URL" in str(caught.value)


def test_a_postgresql_url_gets_its_driver_and_needs_no_file() -> None:
    url = "postgresql://u:hunter2@db.example:5433/limi?sslmode=require"
    create_database_file(url)
    engine = open_engine(url)
    assert engine.url.drivername == "postgresql+psycopg"
    assert (engine.url.host, engine.url.port, engine.url.query) == (
        "db.example",
        5433,
        {"sslmode": "require"},
    )
    assert "hunter2" not in repr(engine)


def test_postgresql_without_its_package_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limi.adapters.sql.engine.find_spec", lambda _: None)
    with pytest.raises(DatabaseURLError, match="needs the package psycopg"):
        open_engine("postgresql://u@h/d")


def test_commits_survive_a_power_cut_and_readers_do_not_wait(engine: Engine) -> None:
    with engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10}


def test_an_engine_whose_commits_may_be_lost_does_not_wait_for_the_disk(url: str, postgres_url: str) -> None:
    """A delivery whose result a power cut takes back is made again; only its own engine may lose anything."""
    create_database_file(url)
    said = []
    for synced in (True, False):
        for place, question in ((url, "PRAGMA synchronous"), (postgres_url, "SHOW synchronous_commit")):
            engine = open_engine(place, synced=synced)
            with engine.connect() as connection:
                said.append(connection.exec_driver_sql(question).scalar())
            engine.dispose()
    assert said == [2, "on", 1, "off"]


def test_the_driver_knows_how_to_write_nulls_and_bytes_without_a_search(engine: Engine) -> None:
    with engine.connect() as connection:
        kinds = connection.exec_driver_sql("SELECT typeof(?), typeof(?)", (None, b"\0\xff")).one()
    assert tuple(kinds) == ("null", "blob")
    assert {(kind, sqlite3.PrepareProtocol) for kind in (type(None), bytes)} <= sqlite3.adapters.keys()


def test_writing_begins_with_the_lock_where_there_is_one(engine: Engine, tmp_path: Path) -> None:
    with engine.begin() as connection:
        begin_writing(connection)
        other = sqlite3.connect(tmp_path / "data" / "limi.db", timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_a_write_transaction_keeps_other_writers_out_from_its_start(tmp_path: Path, engine: Engine) -> None:
    with write_transaction(engine):
        other = sqlite3.connect(tmp_path / "data" / "limi.db", timeout=0)
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


def test_a_write_transaction_is_undone_by_an_error_and_the_lock_is_given_back(engine: Engine) -> None:
    with write_transaction(engine) as connection:
        connection.exec_driver_sql("CREATE TABLE t (x NOT NULL)")
    with pytest.raises(IntegrityError), write_transaction(engine) as connection:  # noqa: PT012 - both statements
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")
        connection.exec_driver_sql("INSERT INTO t VALUES (NULL)")
    with write_transaction(engine) as connection:
        connection.exec_driver_sql("INSERT INTO t VALUES (2)")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT x FROM t").scalars().all() == [2]


def test_each_statement_is_seen_by_others_at_once_where_each_is_by_itself(url: str, postgres_url: str) -> None:
    create_database_file(url)
    for engine in (open_engine(url), open_engine(postgres_url)):
        with each_by_itself(engine) as one, each_by_itself(engine) as other:
            one.exec_driver_sql("CREATE TABLE t (x INTEGER)")
            one.exec_driver_sql("INSERT INTO t VALUES (1)")
            assert other.exec_driver_sql("SELECT x FROM t").scalar() == 1
        with engine.connect() as later:
            later.exec_driver_sql("DELETE FROM t")
            if engine.dialect.name != "sqlite":
                later.rollback()
                assert later.exec_driver_sql("SELECT x FROM t").scalar() == 1, "only these are so"
        engine.dispose()
