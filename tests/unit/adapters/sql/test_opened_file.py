"""Whether a connection still has the file that is at its path."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import Engine

from limi.adapters.sql import DatabaseReplacedError, create_database_file, open_engine
from limi.adapters.sql.opened_file import check_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "limi.db"


@pytest.fixture
def engine(path: Path) -> Iterator[Engine]:
    create_database_file(f"sqlite:///{path}")
    made = open_engine(f"sqlite:///{path}")
    yield made
    made.dispose()


def test_a_file_that_stays_can_be_written_as_often_as_one_likes(path: Path, engine: Engine) -> None:
    with engine.connect() as connection:
        check_file(connection)
        connection.exec_driver_sql("CREATE TABLE t (x)")
        path.chmod(0o640)
        check_file(connection)
    with engine.connect() as connection:
        check_file(connection)


def test_a_file_that_is_moved_is_noticed_and_fits_again_when_it_is_back(path: Path, engine: Engine) -> None:
    with engine.connect() as connection:
        path.rename(path.with_name("away.db"))
        with pytest.raises(DatabaseReplacedError, match=f"{path} was moved, removed or replaced") as caught:
            check_file(connection)
        assert caught.value.path == path
        path.with_name("away.db").rename(path)
        check_file(connection)


def test_a_folder_that_is_moved_takes_its_file_with_it(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    url = f"sqlite:///{tmp_path}/data/limi.db"
    create_database_file(url)
    engine = open_engine(url)
    with engine.connect() as connection:
        (tmp_path / "data").rename(tmp_path / "away")
        with pytest.raises(DatabaseReplacedError):
            check_file(connection)
    engine.dispose()


def test_another_file_at_the_path_is_noticed_by_who_keeps_a_connection(path: Path, engine: Engine) -> None:
    with engine.connect() as connection:
        path.unlink()
        path.write_bytes(b"")
        with pytest.raises(DatabaseReplacedError):
            check_file(connection)


def test_a_connection_to_a_file_that_is_gone_does_not_leave_the_pool(path: Path, engine: Engine) -> None:
    engine.connect().close()
    path.rename(path.with_name("away.db"))
    path.write_bytes(b"")
    with pytest.raises(DatabaseReplacedError):
        engine.connect()
    with engine.connect() as connection:
        check_file(connection)


def test_a_file_that_comes_and_goes_while_it_is_opened_is_not_trusted(path: Path, engine: Engine) -> None:
    """What was noted before the opening decides, so a replacement in between is seen as one."""

    def replace(*_: object) -> None:
        path.rename(path.with_name("away.db"))
        path.write_bytes(b"")

    sqlalchemy.event.listen(engine, "do_connect", replace, once=True)
    with pytest.raises(DatabaseReplacedError):
        engine.connect()


def test_other_databases_have_nothing_to_compare() -> None:
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        check_file(connection)
    engine.dispose()
