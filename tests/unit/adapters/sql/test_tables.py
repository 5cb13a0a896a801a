from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect

from limi.adapters.sql import open_engine, upgrade
from limi.adapters.sql.tables import metadata


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    url = f"sqlite:///{tmp_path}/limi.db"
    upgrade(url)
    engine = open_engine(url)
    with engine.connect() as made:
        yield made
    engine.dispose()


def test_the_migrations_make_exactly_these_tables(connection: Connection) -> None:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    assert compare_metadata(context, metadata) == []
    assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_the_migrations_make_exactly_these_indices(connection: Connection) -> None:
    """Alembic's comparison passes over the conditions of partial indices, so they are compared as text."""
    made = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
    ).all()
    declared = {}
    for index in (index for table in metadata.tables.values() for index in table.indexes):
        condition = index.dialect_options["sqlite"]["where"]
        unique = "UNIQUE " if index.unique else ""
        columns = ", ".join(column.name for column in index.columns)
        where = f" WHERE {condition}" if condition is not None else ""
        declared[index.name] = f"CREATE {unique}INDEX {index.name} ON {index.table} ({columns}){where}"
    assert {name: sql for name, sql in made} == declared  # noqa: C416 - rows are no pairs to the type checker


def test_a_deleted_last_rows_number_is_not_given_again(connection: Connection) -> None:
    (sql,) = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'journal'").scalars()
    assert "AUTOINCREMENT" in sql
