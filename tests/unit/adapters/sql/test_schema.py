import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect
from structlog.testing import capture_logs

from limi.adapters.sql import (
    HEAD,
    DatabaseMissingError,
    DatabaseURLError,
    SchemaError,
    check_schema,
    create_database_file,
    current_revision,
    open_engine,
    upgrade,
)
from limi.adapters.sql.schema import alembic_config

ENVIRON = os.environ | {"PYTHONPATH": str(Path(__file__).parents[4] / "src")}


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/data/limi.db"


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    create_database_file(url)
    made = open_engine(url)
    yield made
    made.dispose()


def set_revision(engine: Engine, revision: str) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = ?", (revision,))


def test_a_fresh_database_gets_every_table_and_says_so(url: str, engine: Engine) -> None:
    with capture_logs() as logs:
        upgrade(url)
    with engine.connect() as connection:
        check_schema(connection)
        assert connection.exec_driver_sql("SELECT count(*) FROM journal").scalar() == 0
    assert logs == [{"event": "database.migrated", "before": None, "after": HEAD, "log_level": "info"}]


def test_a_current_database_is_left_alone_and_keeps_its_rows(url: str, engine: Engine) -> None:
    upgrade(url)
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO writers (writer, lease_until, settled_seq) VALUES ('w', 1, 2)")
    with capture_logs() as logs:
        upgrade(url)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT writer, settled_seq FROM writers").all() == [("w", 2)]
    assert logs == []


def test_the_fast_path_knows_the_same_head_as_the_migrations() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [HEAD]


def test_revisions_are_numbered_so_that_newer_can_be_told_from_older() -> None:
    revisions = [script.revision for script in ScriptDirectory.from_config(alembic_config()).walk_revisions()]
    assert revisions == [f"{number:04}" for number in range(len(revisions), 0, -1)]


def test_alembic_is_not_imported_when_there_is_nothing_to_do(url: str) -> None:
    """It costs most of a short start."""
    upgrade(url)
    code = (
        "import sys; from limi.adapters.sql import upgrade; upgrade(sys.argv[1]); print('alembic' in sys.modules)"
    )
    done = subprocess.run(  # noqa: S603 - the command is this file's own
        [sys.executable, "-c", code, url], capture_output=True, text=True, check=True, env=ENVIRON
    )
    assert done.stdout == "False\n"


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_several_servers_may_start_at_once_on_a_fresh_database(
    database: str, request: pytest.FixtureRequest
) -> None:
    url: str = request.getfixturevalue({"sqlite": "url", "postgresql": "empty_postgres_url"}[database])
    create_database_file(url)
    engine = open_engine(url)
    code = "import sys; from limi.adapters.sql import upgrade; sys.stdin.read(); upgrade(sys.argv[1])"
    servers = [
        subprocess.Popen(  # noqa: S603 - as above
            [sys.executable, "-c", code, url], stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=ENVIRON
        )
        for _ in range(3)
    ]
    for server in servers:
        assert server.stdin is not None
        server.stdin.close()
        server.stdin = None
    complaints = [server.communicate(timeout=60)[1] for server in servers]
    assert [server.returncode for server in servers] == [0, 0, 0], complaints
    with engine.connect() as connection:
        check_schema(connection)
    engine.dispose()


def test_tables_of_a_newer_version_are_refused_at_the_start(url: str, engine: Engine) -> None:
    upgrade(url)
    set_revision(engine, "9999")
    with pytest.raises(SchemaError, match=r"revision 9999, this version knows .* A newer Limi"):
        upgrade(url)


def test_a_running_server_goes_on_when_a_newer_one_has_migrated(url: str, engine: Engine) -> None:
    upgrade(url)
    set_revision(engine, "9999")
    with engine.connect() as connection:
        check_schema(connection)


def test_older_tables_are_named_with_both_revisions(url: str, engine: Engine) -> None:
    upgrade(url)
    set_revision(engine, "0000")
    with engine.connect() as connection, pytest.raises(SchemaError, match=f"revision 0000.*needs {HEAD}"):
        check_schema(connection)


def test_missing_tables_are_named(engine: Engine) -> None:
    with engine.connect() as connection, pytest.raises(SchemaError, match="no tables of Limi"):
        check_schema(connection)


def test_postgresql_that_is_away_is_a_sentence_without_the_password() -> None:
    with pytest.raises(DatabaseMissingError, match=r"opened or migrated: .*Check LIMI_DATABASE_URL") as caught:
        upgrade("postgresql://u:hunter2@127.0.0.1:9/d")
    assert "hunter2" not in str(caught.value)


@pytest.mark.usefixtures("engine")
def test_the_current_revision_can_be_asked_for(url: str) -> None:
    assert current_revision(url) is None
    upgrade(url)
    assert current_revision(url) == HEAD
    with pytest.raises(DatabaseMissingError, match="cannot be opened"):
        current_revision("postgresql://u:hunter2@127.0.0.1:9/d")


def test_a_failed_migration_on_postgresql_leaves_nothing_behind(empty_postgres_url: str) -> None:
    engine = open_engine(empty_postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE writers (something INTEGER)")
    with pytest.raises(DatabaseMissingError, match="already exists"):
        upgrade(empty_postgres_url)
    assert inspect(engine).get_table_names() == ["writers"]
    engine.dispose()


def test_a_failed_migration_leaves_nothing_behind(url: str, engine: Engine) -> None:
    """A half-made schema could be neither used nor made again."""
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE writers (something INTEGER)")
    with pytest.raises(DatabaseMissingError, match="already exists"):
        upgrade(url)
    with engine.connect() as connection:
        tables = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars()
        assert "journal" not in tables.all()


def test_a_file_that_is_no_database_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no database, but long enough to look like one. " * 20)
    with pytest.raises(DatabaseMissingError, match="file is not a database"):
        upgrade(f"sqlite:///{tmp_path}/notes.txt")


def test_a_wrong_url_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(DatabaseURLError):
        upgrade("oracle://x/y")
    assert list(tmp_path.iterdir()) == []
