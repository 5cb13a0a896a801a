"""The contract suite says what a store does with rows; here is how few statements it takes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Connection, Engine, event, func, select

from limi.adapters.sql import SQLJournalStore, open_engine, upgrade
from limi.adapters.sql.journal_rows import COLUMNS, MAX_ROWS, insert_rows, make_row
from limi.adapters.sql.tables import journal
from limi.features.journal import FactRefusedError, Selection
from limi.features.journal.model import Link
from limi.kernel.facts import Origin
from tests.unit.features.journal.harness import NOON, Facts


@pytest.fixture
def engine(postgres_url: str) -> Iterator[Engine]:
    made = open_engine(postgres_url)
    yield made
    made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as opened:
        yield opened


def test_every_column_but_the_databases_own_is_written() -> None:
    assert set(COLUMNS) == {column.name for column in journal.columns} - {"seq"}


def test_a_row_has_a_value_for_each_column_and_enums_are_text() -> None:
    fact = Facts().minted()
    row = dict(zip(COLUMNS, make_row(fact, "w", Link(n=3, hash=b"\xff" * 32)), strict=True))
    assert (row["at"], row["event"], row["outcome"]) == (round(NOON * 1_000_000), "token.generated", "succeeded")
    assert type(row["event"]) is str
    assert (row["n"], row["hash"]) == (3, b"\xff" * 32)


def test_batches_of_any_size_take_few_statements_of_sqlite_which_hold_few_copies(tmp_path: Path) -> None:
    upgrade(f"sqlite:///{tmp_path}/limi.db")
    database = open_engine(f"sqlite:///{tmp_path}/limi.db")
    given: list[str] = []
    event.listen(database, "connect", lambda driver, _: driver.set_trace_callback(given.append))
    sizes, facts, written = set(), Facts(), 0
    with database.connect() as connection:
        for count in (*range(1, 70), *range(80, MAX_ROWS + 1, 16)):
            given.clear()
            insert_rows(connection, [make_row(fact, "w", None) for fact in facts.intents(count)])
            (statement,) = given
            rows = statement.count("), (") + 1
            sizes.add(rows)
            written += count
            assert count <= rows <= count * 5 / 4
            assert connection.execute(select(func.count()).select_from(journal)).scalar() == written
    assert len(sizes) == 32
    database.dispose()


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Connection]:
    upgrade(f"sqlite:///{tmp_path}/limi.db")
    database = open_engine(f"sqlite:///{tmp_path}/limi.db")
    with database.connect() as opened:
        yield opened
    database.dispose()


def test_what_no_row_of_a_batch_has_is_not_given_to_sqlite(sqlite: Connection) -> None:
    given: list[str] = []
    driver: Any = sqlite.connection.driver_connection
    driver.set_trace_callback(given.append)
    insert_rows(sqlite, [make_row(fact, "w", None) for fact in Facts().intents(3)])
    (statement,) = given
    assert "request_id" in statement
    assert "duration_ms" not in statement
    assert {row.duration_ms for row in sqlite.execute(journal.select())} == {None}


def test_what_one_row_of_a_batch_has_is_given_even_where_it_is_nought(sqlite: Connection) -> None:
    facts = Facts()
    ended = replace(facts.minted(), duration_ms=0)
    insert_rows(sqlite, [make_row(fact, "w", None) for fact in (facts.intent(), ended)])
    insert_rows(sqlite, [make_row(replace(facts.minted(), duration_ms=0), "w", None)])
    assert [row.duration_ms for row in sqlite.execute(journal.select().order_by(journal.c.seq))] == [None, 0, 0]


def test_postgresql_takes_a_batch_of_any_size_in_one_statement_which_is_a_transaction(engine: Engine) -> None:
    statements: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    store, facts = SQLJournalStore(engine=engine), Facts()
    store.append(facts.intents(1), writer="w")
    statements.clear()
    for count in (1, 7, MAX_ROWS + 1):
        store.append(facts.intents(count), writer="w")
    assert len(statements) == 3
    assert len(set(statements)) == 1
    assert len(store.entries(after=0, limit=1000, selection=Selection())) == 10 + MAX_ROWS
    store.close()


def test_bytes_and_every_text_arrive_in_postgresql_as_they_were(connection: Connection) -> None:
    text = "Grüße, 世界 🎙 \"'\\ \n%s :x"
    fact = Facts().intent(origin=Origin(request_id=text, caller=text))
    insert_rows(connection, [make_row(fact, "w", Link(n=1, hash=bytes(range(32))))])
    row: Any = connection.execute(journal.select()).one()
    assert (row.request_id, row.caller, row.hash, row.n, row.tenant) == (text, text, bytes(range(32)), 1, None)


def test_nothing_is_nothing_to_insert(connection: Connection) -> None:
    insert_rows(connection, [])
    assert connection.execute(journal.select()).all() == []


@pytest.mark.parametrize("bad", ["nul", "surrogate", "number", "missing"])
def test_what_postgresql_cannot_hold_is_refused_with_its_batch_and_not_quoted(engine: Engine, bad: str) -> None:
    facts, store = Facts(), SQLJournalStore(engine=engine)
    fact = {
        "nul": facts.intent(origin=Origin(request_id="private\0", caller="c")),
        "surrogate": facts.intent(origin=Origin(request_id="private\ud800", caller="c")),
        "number": facts.minted(ttl=2**70, session_id="private"),
        "missing": facts.intent(origin=Origin(request_id=None, caller="private")),  # type: ignore[arg-type]  # the point
    }[bad]
    with pytest.raises(FactRefusedError) as caught:
        store.append([facts.intent(), fact], writer="w")
    assert "private" not in str(caught.value)
    assert store.entries(after=0, limit=10, selection=Selection()) == []
    store.append([facts.intent()], writer="w")
    store.close()


def test_live_tokens_are_found_by_index_on_postgresql_too(engine: Engine) -> None:
    """A fraction of a second in the comparison would make it read every token ever handed out."""
    plans: list[str] = []

    def explain(opened: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT count"):
            with opened.connection.cursor() as cursor:
                cursor.execute("SET LOCAL enable_seqscan = off")
                cursor.execute(f"EXPLAIN {statement}", parameters)
                plans.append(str(cursor.fetchall()))

    event.listen(engine, "before_cursor_execute", explain)
    store = SQLJournalStore(engine=engine)
    store.live_tokens(now=NOON + 0.5, limit=5)
    assert "journal_live" in plans[0]
    assert "Index Cond: (expires_at >" in plans[0]
    store.close()
