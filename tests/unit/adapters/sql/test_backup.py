"""A backup is whole, its owner's alone, and overwrites nothing."""

import os
import sqlite3
import stat
import subprocess
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine

from limi.adapters.sql import (
    BackupError,
    DatabaseMissingError,
    DatabaseURLError,
    SQLJournalStore,
    back_up,
    check_schema,
    open_engine,
    upgrade,
)
from limi.adapters.sql.delivery_claims import claim_due
from limi.features.journal import Selection
from tests.services.postgres import PostgreSQL
from tests.unit.adapters.sql.delivery_harness import NOON, A, Opened
from tests.unit.features.journal.harness import Facts


@pytest.fixture
def url(tmp_path: Path) -> str:
    made = f"sqlite:///{tmp_path}/limi.db"
    upgrade(made)
    return made


def _count(engine: Engine) -> int:
    store = SQLJournalStore(engine=engine)
    entries = store.entries(after=0, limit=100, selection=Selection())
    store.close()
    return len(entries)


def test_the_copy_is_a_database_with_every_row_also_those_of_an_open_server(tmp_path: Path, url: str) -> None:
    """Rows of a running server are in the `-wal` file, which a plain copy would leave behind."""
    store = SQLJournalStore(engine=open_engine(url))
    store.append(Facts().intents(3), writer="w")
    back_up(url, tmp_path / "copy.db")
    store.close()
    engine = open_engine(f"sqlite:///{tmp_path}/copy.db")
    with engine.connect() as connection:
        check_schema(connection)
    assert _count(engine) == 3


def test_endpoints_and_what_waits_for_them_are_copied_too(tmp_path: Path) -> None:
    opened = Opened(f"sqlite:///{tmp_path}/limi.db")
    opened.add_endpoints(A)
    opened.fill(A, 3)
    back_up(f"sqlite:///{tmp_path}/limi.db", tmp_path / "copy.db")
    opened.close()
    copy = Opened(f"sqlite:///{tmp_path}/copy.db")
    late = (NOON + 99) * 1_000_000
    found = claim_due(copy.engine, worker="w", now=late, until=late, limit=9, per_endpoint=9, busy={})
    assert len(found) == 3
    copy.close()


def test_only_its_owner_can_read_it_whatever_the_umask(tmp_path: Path, url: str) -> None:
    before = os.umask(0)
    try:
        back_up(url, tmp_path / "copy.db")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600


def test_it_is_made_while_another_writes(tmp_path: Path, url: str) -> None:
    with closing(sqlite3.connect(tmp_path / "limi.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        back_up(url, tmp_path / "copy.db")
        other.execute("ROLLBACK")


def test_an_existing_file_is_not_overwritten(tmp_path: Path, url: str) -> None:
    (tmp_path / "copy.db").write_text("of yesterday")
    with pytest.raises(BackupError, match=r"copy\.db exists\. Name a new file"):
        back_up(url, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "of yesterday"


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path, url: str) -> None:
    with pytest.raises(BackupError, match="cannot be written: No such file or directory"):
        back_up(url, tmp_path / "nowhere" / "copy.db")


def test_no_half_of_a_copy_is_left(tmp_path: Path) -> None:
    (tmp_path / "limi.db").write_text("no database, but long enough to look like one. " * 20)
    with pytest.raises(BackupError, match="file is not a database"):
        back_up(f"sqlite:///{tmp_path}/limi.db", tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_database_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatabaseMissingError, match="There is no database at"):
        back_up(f"sqlite:///{tmp_path}/none.db", tmp_path / "copy.db")
    with pytest.raises(DatabaseURLError):
        back_up("oracle://x/y", tmp_path / "copy.db")
    assert list(tmp_path.iterdir()) == []


def test_postgresql_is_dumped_and_can_be_restored(
    postgres_server: PostgreSQL, postgres_url: str, empty_postgres_url: str, tmp_path: Path
) -> None:
    store = SQLJournalStore(engine=open_engine(postgres_url))
    store.append(Facts().intents(3), writer="w")
    store.close()
    back_up(postgres_url, tmp_path / "copy")
    assert stat.S_IMODE((tmp_path / "copy").stat().st_mode) == 0o600
    restore = postgres_server.program("pg_restore")
    subprocess.run([restore, "--dbname", empty_postgres_url, tmp_path / "copy"], check=True)  # noqa: S603
    assert _count(open_engine(empty_postgres_url)) == 3


def test_a_postgresql_that_refuses_is_told_in_its_own_words_without_the_password(
    postgres_server: PostgreSQL, tmp_path: Path
) -> None:
    url = postgres_server.url("nowhere").replace("nowhere", "not_there")
    with pytest.raises(BackupError, match='database "not_there" does not exist') as caught:
        back_up(url, tmp_path / "copy")
    assert url.split(":")[2].partition("@")[0] not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_without_pg_dump_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackupError, match=r"pg_dump is not installed here\. Install PostgreSQL's client"):
        back_up("postgresql://u@h/d", tmp_path / "copy")
