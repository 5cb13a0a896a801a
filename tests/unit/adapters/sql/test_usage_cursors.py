from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from limi.adapters.sql import SchemaError, open_engine, upgrade
from limi.adapters.sql.usage_cursors import Cursor, move_cursor, read_cursor, remade
from limi.features.analytics.model import Grain, Source
from tests.unit.features.analytics.harness import NOON


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    upgrade(f"sqlite:///{tmp_path}/limi.db")
    engine = open_engine(f"sqlite:///{tmp_path}/limi.db")
    with engine.connect() as made:
        yield made
    engine.dispose()


def test_it_begins_at_nothing(connection: Connection) -> None:
    assert read_cursor(connection, Source.JOURNAL) == Cursor(Source.JOURNAL, 0, "", 0, 0, 0, 0, clearing=False)


def test_it_moves_only_from_where_it_is(connection: Connection) -> None:
    """Whoever looked at it before somebody else moved it has to look again."""
    seen = read_cursor(connection, Source.CLIENTS)
    assert move_cursor(connection, seen, seq=7, owner="w")
    assert not move_cursor(connection, seen, seq=9)
    now = read_cursor(connection, Source.CLIENTS)
    assert (now.seq, now.owner) == (7, "w")
    assert move_cursor(connection, now, clearing=True)
    assert not move_cursor(connection, now, seq=9)
    assert read_cursor(connection, Source.JOURNAL).seq == 0


def test_without_its_row_it_says_what_to_do(connection: Connection) -> None:
    connection.exec_driver_sql("DELETE FROM usage_projections")
    with pytest.raises(SchemaError, match="backup"):
        read_cursor(connection, Source.JOURNAL)


def test_what_can_be_made_anew_begins_after_what_is_gone() -> None:
    oldest = {Grain.MINUTE: int(NOON) + 600, Grain.HOUR: 0, Grain.DAY: 0}
    assert remade(oldest, 0) == oldest
    assert remade(oldest, int((NOON + 90) * 1e6)) == {
        Grain.MINUTE: NOON + 600,
        Grain.HOUR: NOON + 3600,
        Grain.DAY: NOON + 16 * 3600,
    }
