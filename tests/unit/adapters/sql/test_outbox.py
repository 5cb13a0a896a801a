"""How deliveries are inserted; that they are stands in tests/contract/webhooks."""

from collections.abc import Iterator

import pytest
from sqlalchemy import event

from limi.adapters.sql import SQLJournalStore
from limi.adapters.sql import outbox as outbox_module
from limi.adapters.sql.engine import write_transaction
from limi.adapters.sql.journal_rows import make_row
from limi.adapters.sql.outbox import insert_deliveries
from limi.features.journal import FactRefusedError, Selection
from limi.features.webhooks.model import EndpointId
from limi.kernel.facts import Fact, Origin
from tests.unit.adapters.sql.delivery_harness import A, Opened
from tests.unit.features.journal.harness import Facts

DISABLED = EndpointId("whe_cccccccccccccccc")


@pytest.fixture
def sent(opened: Opened) -> list[str]:
    """What the database is sent; SQLite is asked itself, because the journal's rows go past SQLAlchemy."""
    if opened.engine.dialect.name != "sqlite":
        return opened.statements
    statements: list[str] = []
    event.listen(opened.engine, "checkout", lambda driver, *_: driver.set_trace_callback(statements.append))
    return statements


@pytest.fixture
def store(opened: Opened, sent: list[str]) -> Iterator[SQLJournalStore]:
    del sent  # Asked for, so that it sees the connection which the store keeps.
    made = SQLJournalStore(engine=opened.engine)
    made.append(Facts(start=1).intents(1), writer="w")
    yield made
    made.close()


def pairs(facts: list[Fact]) -> list[tuple[str, str]]:
    return [(fact.id, A) for fact in facts]


def test_facts_without_deliveries_are_one_statement_as_ever(sent: list[str], store: SQLJournalStore) -> None:
    sent.clear()
    store.append(Facts().intents(7), writer="w", deliveries=())
    (statement,) = sent
    assert "webhook" not in statement


@pytest.mark.parametrize("count", [1, 7, 64])
def test_deliveries_add_one_note_and_a_transaction_on_sqlite_and_nothing_on_postgresql(
    opened: Opened, sent: list[str], store: SQLJournalStore, count: int
) -> None:
    facts: list[Fact] = [*Facts().intents(count)]
    sent.clear()
    store.append(facts, writer="w", deliveries=pairs(facts))
    begin, journal, note = "BEGIN IMMEDIATE", "INSERT INTO journal", "INSERT INTO webhook_outbox"
    if opened.engine.dialect.name == "sqlite":
        assert [said.split(" (")[0] for said in sent] == [begin, journal, note, "COMMIT"]
    else:
        (statement,) = sent
        assert journal in statement
        assert note in statement
    assert len(opened.states()) == count


def test_notes_of_any_number_are_written_by_the_same_statement(opened: Opened, store: SQLJournalStore) -> None:
    """Drivers keep prepared statements by their text."""
    facts = Facts()
    opened.statements.clear()
    for count in (32, 40, 64, 64):
        batch: list[Fact] = [*facts.intents(count)]
        store.append(batch, writer="w", deliveries=pairs(batch))
    assert len({said for said in opened.statements if "webhook_outbox" in said}) == 1
    assert len(opened.states()) == 200


@pytest.mark.parametrize("most", [1, 2, 5])
def test_what_fits_into_no_note_is_written_in_several_of_one_transaction(
    opened: Opened, store: SQLJournalStore, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    monkeypatch.setattr(outbox_module, "MAX_NOTED", most)
    facts: list[Fact] = [*Facts().intents(21)]
    store.append(facts, writer="w", deliveries=pairs(facts))
    assert opened.states() == ["pending"] * 21
    assert opened.noted() == 0


def test_unpacking_finds_nothing_without_a_lock(opened: Opened) -> None:
    opened.statements.clear()
    assert opened.states() == []
    assert "BEGIN IMMEDIATE" not in opened.statements


def test_notes_that_somebody_is_unpacking_are_passed_over(opened: Opened, store: SQLJournalStore) -> None:
    if opened.engine.dialect.name == "sqlite":
        return  # Which has one lock, so there is no second one who unpacks.
    facts: list[Fact] = [*Facts().intents(5)]
    for fact in facts:
        store.append([fact], writer="w", deliveries=pairs([fact]))
    with opened.engine.connect() as other:
        other.exec_driver_sql("SELECT id FROM webhook_outbox ORDER BY id LIMIT 2 FOR UPDATE").all()
        assert len(opened.states()) == 3
    assert len(opened.states()) == 5


def test_a_fact_that_is_refused_takes_its_deliveries_with_it(opened: Opened, store: SQLJournalStore) -> None:
    facts = Facts()
    bad = facts.intent(origin=Origin(request_id="r", caller="\ud800"))
    batch: list[Fact] = [facts.intent(), bad]
    with pytest.raises(FactRefusedError):
        store.append(batch, writer="w", deliveries=pairs(batch))
    assert opened.states() == []
    store.append(batch[:1], writer="w", deliveries=pairs(batch[:1]))
    assert opened.states() == ["pending"]
    assert len(store.entries(after=0, limit=9, selection=Selection())) == 2


def test_only_endpoints_that_are_there_and_enabled_get_deliveries(opened: Opened) -> None:
    opened.add_endpoints(DISABLED, status="disabled")
    fact = Facts().intent()
    row = make_row(fact, "w", None)
    with write_transaction(opened.engine) as connection:
        insert_deliveries(connection, [row], [(fact.id, to) for to in (A, DISABLED, "whe_gone", A)])
        insert_deliveries(connection, [row], [])
    assert opened.states() == ["pending"]
