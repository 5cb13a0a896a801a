"""Databases with their tables, closed after each test: an SQLite connection that is left open is a warning."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from limi.adapters.sql import SQLJournalStore, open_engine, upgrade
from tests.unit.adapters.sql.delivery_harness import A, B, Opened


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path}/limi.db"
    upgrade(url)
    made = open_engine(url)
    yield made
    made.dispose()


@pytest.fixture
def journal(engine: Engine) -> Iterator[SQLJournalStore]:
    made = SQLJournalStore(engine=engine)
    yield made
    made.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def opened(request: pytest.FixtureRequest) -> Iterator[Opened]:
    if request.param == "sqlite":
        made = Opened(f"sqlite:///{request.getfixturevalue('tmp_path')}/limi.db")
    else:
        made = Opened(request.getfixturevalue("postgres_url"))
    made.add_endpoints(A, B)
    yield made
    made.close()
