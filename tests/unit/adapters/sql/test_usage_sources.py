"""What is SQL's own of reading what is counted; tests/contract has what all stores must do."""

from sqlalchemy import Engine, event

from limi.adapters.sql import SQLJournalStore
from limi.adapters.sql.usage_cursors import read_cursor
from limi.adapters.sql.usage_sources import Part, read_part
from limi.features.analytics.model import Counts, Source
from limi.kernel.facts import KeyMinted, MintRequested, MintUnresolved
from tests.unit.features.analytics.harness import Facts


def _read(engine: Engine, source: Source, limit: int = 100) -> Part:
    with engine.connect() as connection:
        return read_part(connection, source, read_cursor(connection, source), limit)


def test_nothing_is_an_empty_part(engine: Engine) -> None:
    for source in Source:
        assert _read(engine, source) == Part(0, 0, [])


def test_a_late_end_brings_the_row_that_it_takes_back(engine: Engine, journal: SQLJournalStore) -> None:
    """It counts as no row of its own: the part is as long as what was read, and ends where that ends."""
    facts = Facts()
    given_up = facts.make(MintUnresolved, resolves="a", model="m1")
    rows = [facts.make(MintRequested), given_up, facts.make(KeyMinted, resolves="a", model="m1")]
    journal.append(rows, writer="w")
    part = _read(engine, Source.JOURNAL)
    assert (part.number, part.last) == (3, 3)
    counted = sorted((row.seq, row.counts, row.model) for row in part.rows if row.counts)
    assert counted == [
        (2, Counts(unresolved=1), "m1"),
        (3, Counts(unresolved=-1), "m1"),
        (3, Counts(minted=1), "m1"),
    ]
    assert _read(engine, Source.JOURNAL, limit=2).number == 2


def test_rows_that_were_given_up_are_found_by_their_own_small_index(
    engine: Engine, journal: SQLJournalStore
) -> None:
    """Every part asks for them, and nearly every time there are none."""
    plans: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def explain(_: object, cursor: object, statement: str, parameters: object, *__: object) -> None:
        if "token.unresolved" in statement:
            found = cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)  # type: ignore[attr-defined] # DB-API
            plans.extend(row[3] for row in found.fetchall())

    journal.append([Facts().make()], writer="w")
    _read(engine, Source.JOURNAL)
    assert [plan for plan in plans if "journal_unresolved" in plan]
    assert not [plan for plan in plans if plan.startswith("SCAN")]
