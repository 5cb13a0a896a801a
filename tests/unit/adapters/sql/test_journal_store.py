"""The contract suite says what a store does; here is what only the one in SQL must."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import event

from limi.adapters.sql import SQLJournalStore, open_engine, upgrade
from limi.features.journal import FactRefusedError, Selection
from limi.kernel.facts import Fact, MintUnresolved, Origin
from limi.kernel.journal import JournalUnavailableError
from tests.unit.features.journal.harness import NOON, Facts

SURROGATE = Origin(request_id="r", caller="c", user_agent="\ud800")


class Opened:
    """A store, its file, and the statements it sent, with their values."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "limi.db"
        url = f"sqlite:///{self.path}"
        upgrade(url)
        engine = open_engine(url, busy_seconds=0.01)
        self.statements: list[str] = []
        event.listen(engine, "connect", lambda driver, _: driver.set_trace_callback(self.statements.append))
        self.store = SQLJournalStore(engine=engine)

    def connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self.path, isolation_level=None, timeout=0)

    def leases(self) -> dict[str, tuple[float, int]]:
        """Return until when each writer's lease runs, and up to where it has nothing open."""
        with closing(self.connect()) as connection:
            rows = connection.execute("SELECT writer, lease_until, settled_seq FROM writers").fetchall()
        return {writer: (until / 1_000_000, settled) for writer, until, settled in rows}

    def count(self) -> int:
        with closing(self.connect()) as connection:
            count: int = connection.execute("SELECT count(*) FROM journal").fetchone()[0]
            return count


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    made = Opened(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def facts() -> Facts:
    return Facts()


def test_a_batch_is_one_statement_and_there_are_few_different_ones(opened: Opened, facts: Facts) -> None:
    """One statement waits once for the interpreter's lock; few different ones stay prepared."""
    opened.store.append(facts.intents(1), writer="w")
    opened.statements.clear()
    for count in range(2, 130):
        opened.store.append(facts.intents(count), writer="w")
    assert len(opened.statements) == 128
    assert len({statement.count("), (") for statement in opened.statements}) == 24
    assert opened.count() == sum(range(1, 130))


def test_a_batch_of_several_statements_is_still_one_transaction(opened: Opened, facts: Facts) -> None:
    with pytest.raises(FactRefusedError):
        opened.store.append([*facts.intents(600), facts.intent(origin=SURROGATE)], writer="w")
    assert opened.count() == 0


@pytest.mark.parametrize("column", ["text", "number", "missing"])
def test_a_value_the_database_cannot_hold_is_refused_with_its_batch(
    opened: Opened, facts: Facts, column: str
) -> None:
    bad: dict[str, Fact] = {
        "text": facts.intent(origin=SURROGATE),
        "number": facts.minted(ttl=2**70),
        "missing": facts.intent(origin=Origin(request_id=None, caller="c")),  # type: ignore[arg-type]  # the point
    }
    good = facts.intent()
    with pytest.raises(FactRefusedError) as caught:
        opened.store.append([good, bad[column]], writer="w")
    assert "req-1" not in str(caught.value)
    assert opened.count() == 0
    opened.store.append([good], writer="w")
    assert opened.count() == 1


def test_a_locked_database_is_unavailable_and_recovers(opened: Opened, facts: Facts) -> None:
    opened.store.append([facts.intent()], writer="w")
    with closing(opened.connect()) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(JournalUnavailableError, match="database is locked") as caught:
            opened.store.append([facts.intent()], writer="w")
        assert "req-1" not in str(caught.value.__cause__)
        with pytest.raises(JournalUnavailableError):
            opened.store.renew_lease("w", until=NOON, settled=None)
        other.execute("ROLLBACK")
    opened.store.append([facts.intent()], writer="w")
    assert opened.count() == 2


def test_reading_does_not_wait_for_a_writer(opened: Opened, facts: Facts) -> None:
    opened.store.append([facts.minted()], writer="w")
    with closing(opened.connect()) as other:
        other.execute("BEGIN EXCLUSIVE")
        assert opened.store.live_tokens(now=NOON, limit=1).total == 1
        assert len(opened.store.entries(after=0, limit=10, selection=Selection())) == 1
        opened.store.ping()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("DROP TABLE alembic_version", "no tables of Limi"),
        ("UPDATE alembic_version SET version_num = '0000'", "revision 0000"),
    ],
)
def test_ping_fails_when_the_tables_do_not_fit(opened: Opened, damage: str, said: str) -> None:
    with closing(opened.connect()) as other:
        other.execute(damage)
    with pytest.raises(JournalUnavailableError, match=said):
        opened.store.ping()


def test_missing_tables_are_unavailability_everywhere(opened: Opened, facts: Facts) -> None:
    with closing(opened.connect()) as other:
        other.execute("DROP TABLE journal")
    with pytest.raises(JournalUnavailableError):
        opened.store.append([facts.intent()], writer="w")
    with pytest.raises(JournalUnavailableError):
        opened.store.entries(after=0, limit=1, selection=Selection())
    with pytest.raises(JournalUnavailableError):
        opened.store.live_tokens(now=NOON, limit=1)


def test_live_tokens_and_open_intents_are_found_by_index(opened: Opened, facts: Facts) -> None:
    """The journal only grows, so whatever is asked often must not read all of it."""
    opened.store.renew_lease("dead", until=NOON - 1, settled=None)
    opened.store.append(facts.intents(10), writer="w")
    opened.statements.clear()
    opened.store.live_tokens(now=NOON, limit=5, tenant="acme")
    opened.store.end_abandoned(lambda _: facts.intent(), now=NOON, writer="w")
    plans = []
    with closing(opened.connect()) as other:
        for statement in opened.statements:
            if statement.startswith("SELECT"):
                marks = (0,) * statement.count("?")
                plans.append(str(other.execute(f"EXPLAIN QUERY PLAN {statement}", marks).fetchall()))
    count, newest, _, abandoned, head = plans
    assert "journal_live" in count
    assert "journal_live" in newest
    assert "journal_resolves" in abandoned
    assert "journal USING INTEGER PRIMARY KEY (rowid>?)" in abandoned
    assert "SEARCH journal" in head


def test_an_intent_is_unresolved_at_most_once_even_without_the_lock(opened: Opened, facts: Facts) -> None:
    intent = facts.intent()
    twice = [MintUnresolved(id=f"{n:032x}", at=NOON, origin=facts.origin, resolves=intent.id) for n in (1, 2)]
    for fact in twice:
        opened.store.append([fact], writer="w")
    assert opened.count() == 1


def test_a_lease_is_forgotten_a_day_after_its_end(opened: Opened, facts: Facts) -> None:
    day = 24 * 3600.0

    def known() -> list[str]:
        with closing(opened.connect()) as connection:
            return [writer for (writer,) in connection.execute("SELECT writer FROM writers ORDER BY writer")]

    opened.store.renew_lease("old", until=NOON, settled=None)
    opened.store.renew_lease("young", until=NOON + 60, settled=None)
    opened.store.end_abandoned(lambda _: facts.intent(), now=NOON + day + 1, writer="w")
    assert known() == ["old", "young"], "its chain is not sealed yet"
    opened.store.seals.mark_sealed("old")
    opened.store.end_abandoned(lambda _: facts.intent(), now=NOON + day, writer="w")
    assert known() == ["old", "young"]
    opened.store.end_abandoned(lambda _: facts.intent(), now=NOON + day + 1, writer="w")
    assert known() == ["young"]


def test_a_lease_that_is_forgotten_leaves_no_row(opened: Opened) -> None:
    opened.store.renew_lease("doctor", until=NOON, settled=None)
    opened.store.forget_lease("doctor")
    assert opened.leases() == {}


def test_it_can_be_closed_twice(opened: Opened) -> None:
    opened.store.close()
    opened.store.close()
