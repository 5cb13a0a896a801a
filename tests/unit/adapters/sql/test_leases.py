"""The helper on a table of its own; what deliveries get of it stands in tests/contract/webhooks."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from limi.adapters.sql import open_engine
from limi.adapters.sql.leases import LeasedRows, Share, placed, share_out

COLUMNS = ("id", "pier", "claims", "claimed_by")
BERTHS = LeasedRows(table="berths", group="pier", waiting="open = 1", returned=COLUMNS)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    if request.param == "sqlite":
        folder = request.getfixturevalue("tmp_path")
        (folder / "some.db").touch()
        made = open_engine(f"sqlite:///{folder}/some.db")
    else:
        made = open_engine(request.getfixturevalue("empty_postgres_url"))
    with made.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE berths (id INTEGER PRIMARY KEY, pier TEXT NOT NULL, open INTEGER NOT NULL, "
            "free_at BIGINT NOT NULL, claims INTEGER NOT NULL, claimed_by TEXT)"
        )
        rows = [("a", 1, 10), ("a", 1, 5), ("a", 0, 1), ("b", 1, 7), ("b", 1, 20), ("c", 0, 1)]
        for number, (pier, is_open, free_at) in enumerate(rows, start=1):
            values = f"({number}, '{pier}', {is_open}, {free_at}, 0)"
            connection.exec_driver_sql(f"INSERT INTO berths (id, pier, open, free_at, claims) VALUES {values}")  # noqa: S608 - constants
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as opened:
        yield opened


def test_groups_are_those_with_rows_that_wait_and_tell_their_first_moment(connection: Connection) -> None:
    found = connection.exec_driver_sql(f"SELECT name, free_at FROM ({BERTHS.groups}) AS found ORDER BY name")  # noqa: S608 - constants
    assert [tuple(row) for row in found] == [("a", 5), ("b", 7)]


def test_the_next_moment_is_after_the_one_asked_about(connection: Connection) -> None:
    statement = placed(BERTHS.next_free, connection.dialect.name)
    found = [connection.exec_driver_sql(statement, (at,)).scalar() for at in (0, 5, 6, 10, 20)]
    assert found == [5, 7, 7, 20, None]


def test_claiming_takes_the_longest_free_and_moves_the_moment_to_the_leases_end(connection: Connection) -> None:
    rows = BERTHS.claim(connection, [Share("a", 1), Share("b", 5)], worker="w", now=15, until=99)
    assert sorted(tuple(row) for row in rows) == [(2, "a", 1, "w"), (4, "b", 1, "w")]
    assert BERTHS.claim(connection, [Share("a", 9), Share("b", 9), Share("c", 9)], worker="v", now=15, until=99)
    assert not BERTHS.claim(connection, [Share("a", 9), Share("b", 9)], worker="v", now=15, until=99)
    again = BERTHS.claim(connection, [Share("a", 9)], worker="v", now=99, until=200)
    assert {row.claims for row in again} == {2}


def test_no_shares_are_nothing_to_claim(connection: Connection) -> None:
    assert BERTHS.claim(connection, [], worker="w", now=15, until=99) == ()


def test_a_row_that_another_is_just_claiming_is_passed_over(empty_postgres_url: str) -> None:
    """Nobody waits for a worker that was stopped in the middle of a claim."""
    made = open_engine(empty_postgres_url)
    with made.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE berths (id INTEGER, pier TEXT, open INTEGER, free_at BIGINT, claims INTEGER, "
            "claimed_by TEXT); INSERT INTO berths VALUES (1, 'a', 1, 1, 0), (2, 'a', 1, 2, 0)"
        )
    with made.connect() as first, made.connect() as second:
        taken = BERTHS.claim(first, [Share("a", 1)], worker="w", now=9, until=99)
        left = BERTHS.claim(second, [Share("a", 5)], worker="v", now=9, until=99)
        assert ([row.id for row in taken], [row.id for row in left]) == ([1], [2])
    made.dispose()


def test_whoever_comes_first_is_served_first_and_nobody_twice_before_everybody_once() -> None:
    assert share_out("abc", limit=2, most=5, held={}) == [Share("a", 1), Share("b", 1)]
    assert share_out("abc", limit=5, most=5, held={}) == [Share("a", 2), Share("b", 2), Share("c", 1)]
    assert share_out("abc", limit=9, most=2, held={"a": 1, "c": 2}) == [Share("a", 1), Share("b", 2)]
    assert share_out("", limit=9, most=2, held={}) == []
    assert share_out("abc", limit=0, most=2, held={}) == []


@given(
    groups=st.lists(st.text("abcdefgh", min_size=1, max_size=2), unique=True, max_size=20),
    limit=st.integers(0, 30),
    most=st.integers(1, 8),
    held=st.dictionaries(st.text("abcdefgh", min_size=1, max_size=2), st.integers(0, 9), max_size=20),
)
def test_shares_keep_every_bound_and_leave_nothing_that_fits(
    groups: list[str], limit: int, most: int, held: dict[str, int]
) -> None:
    shares = dict(share_out(groups, limit=limit, most=most, held=held))
    room = {group: max(0, most - held.get(group, 0)) for group in groups}
    assert sum(shares.values()) == min(limit, sum(room[group] for group in list(shares)) if shares else 0)
    assert all(0 < count <= room[group] for group, count in shares.items())
    assert max(shares.values(), default=0) - min(shares.values(), default=0) <= most
    assert len(shares) == min(limit, sum(free > 0 for free in room.values()))


def test_place_holders_are_those_of_the_driver() -> None:
    assert placed("a = ? AND b = ?", "sqlite") == "a = ? AND b = ?"
    assert placed("a = ? AND b = ?", "postgresql") == "a = %s AND b = %s"
