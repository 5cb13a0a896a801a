"""Whoever changes the journal behind the server's back is found out, and the row is named.

Each kind of change is tried at 50 places, which a seed chooses: in an export, and in the database itself.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, update
from sqlalchemy import delete as delete_from

from limi.adapters.sql import SQLJournalStore, open_engine, upgrade
from limi.adapters.sql.tables import journal
from limi.features.journal import JournalEntry, Selection
from limi.features.journal.verifier import Report
from limi.kernel.facts import Fact, Origin
from limi.kernel.frontends import Frontend
from tests.unit.features.journal.harness import Facts, FakeClock
from tests.unit.features.journal.signing import export, make_writer, verify_export, verify_store

PLACES = 50


@dataclass(frozen=True)
class Log:
    """A journal of several writers, on disk and exported."""

    store: SQLJournalStore
    engine: Engine
    lines: list[bytes]
    rows: list[JournalEntry]
    clock: FakeClock

    def row_lines(self) -> list[int]:
        return [number for number, line in enumerate(self.lines) if line.startswith(b'{"id":')]


def sqlite(request: pytest.FixtureRequest) -> str:
    folder: Path = request.getfixturevalue("tmp_path")
    return f"sqlite:///{folder}/limi.db"


def postgresql(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(params=[sqlite, postgresql])
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    """Three writers take turns for two minutes, and all stop."""
    url = request.param(request)
    upgrade(url)
    engine = open_engine(url)
    store, clock = SQLJournalStore(engine=engine), FakeClock()
    facts = Facts(clock)
    from_page = Origin(request_id="req-1", caller="key:k1", tenant="acme", frontend=Frontend.REACT)
    writers = [make_writer(store, clock, number) for number in (1, 2, 3)]
    for batch in range(12):
        for writer, size in zip(writers, (20, 7, 1), strict=True):
            # One in a batch knows the kind of application, which rows did not always have.
            intents: list[Fact] = [*facts.intents(size), facts.minted(origin=from_page)]
            writer.append(intents)
        clock.advance(11)
        writers[batch % 3].tend()
    for writer in writers:
        writer.release()
    rows = store.entries(after=0, limit=10_000, selection=Selection())
    yield Log(store, engine, export(store, clock), rows, clock)
    store.close()


def names(report: Report, seqs: Sequence[int]) -> bool:
    """Say whether one of `seqs` is named by a problem."""
    return any(problem.seq in seqs for problem in report.problems)


def test_an_untouched_log_is_sound(log: Log) -> None:
    exported = verify_export(log.lines, log.clock)
    stored = verify_store(log.store, log.clock)
    assert (exported.problems, stored.problems) == ([], [])
    assert exported.rows == stored.rows == len(log.rows) == 12 * (21 + 8 + 2)
    assert exported.checkpoints == stored.checkpoints >= 6
    assert (exported.unsealed, exported.unchained, exported.closed) == (0, 0, True)


def chances(seed: int) -> random.Random:
    """Return what chooses the places, the same in every run."""
    return random.Random(seed)  # noqa: S311 - places, not secrets


def flip(line: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(line))
    return line[:at] + bytes([line[at] ^ (1 << chance.randrange(8))]) + line[at + 1 :]


def test_a_flipped_byte_of_an_export_is_found_at_its_line(log: Log) -> None:
    chance = chances(1)
    for number in [*chance.choices(range(len(log.lines)), k=PLACES), len(log.lines) - 1]:
        changed = flip(log.lines[number], chance)
        text = b"".join([*log.lines[:number], changed, *log.lines[number + 1 :]])
        report = verify_export(text.splitlines(keepends=True), log.clock)
        assert not report.sound
        assert any(abs(problem.line - (number + 1)) <= 1 for problem in report.problems), (number, changed)


def test_a_deleted_row_of_an_export_is_found_beside_its_place(log: Log) -> None:
    chance = chances(2)
    rows = log.row_lines()
    for number in [*chance.choices(rows, k=PLACES), rows[-1], rows[0]]:
        report = verify_export([*log.lines[:number], *log.lines[number + 1 :]], log.clock)
        assert neighbours_are_named(log, report, rows.index(number))


def test_swapped_rows_of_an_export_are_found(log: Log) -> None:
    chance = chances(3)
    rows = log.row_lines()
    for _ in range(PLACES):
        one, other = sorted(chance.sample(rows, 2))
        lines = list(log.lines)
        lines[one], lines[other] = lines[other], lines[one]
        seqs = [log.rows[rows.index(number)].seq for number in (one, other)]
        assert names(verify_export(lines, log.clock), seqs)


def test_a_tail_cut_off_an_export_is_found_where_it_is_cut(log: Log) -> None:
    chance = chances(4)
    rows = log.row_lines()
    for number in [*chance.choices(rows, k=PLACES), rows[-1]]:
        kept = log.lines[: number + 1]
        assert names(verify_export(kept, log.clock), [log.rows[rows.index(number)].seq])
        assert not verify_export([*kept, log.lines[-1]], log.clock).sound


def neighbours_are_named(log: Log, report: Report, index: int) -> bool:
    """Say whether the row of the same writer on either side of a missing one is named."""
    gone = log.rows[index]
    return not report.sound and names(
        report,
        [row.seq for row in log.rows if row.writer == gone.writer and abs((row.n or 0) - (gone.n or 0)) == 1],
    )


@pytest.fixture
def tampered(log: Log) -> Callable[[Callable[[Any], None]], Report]:
    """Return what is found after a change of the database, which is then taken back."""

    def tamper(change: Callable[[Any], None]) -> Report:
        with log.engine.connect() as connection:
            before = connection.execute(journal.select().order_by(journal.c.seq)).all()
        with log.engine.begin() as connection:
            change(connection)
        try:
            return verify_store(log.store, log.clock)
        finally:
            with log.engine.begin() as connection:
                now = set(connection.execute(journal.select()).all())
                changed = [dict(row._mapping) for row in before if row not in now]
                lost = {row.seq for row in before} ^ {row.seq for row in now} | {row["seq"] for row in changed}
                connection.execute(delete_from(journal).where(journal.c.seq.in_(lost)))
                for start in range(0, len(changed), 200):
                    connection.execute(journal.insert().values(changed[start : start + 200]))

    return tamper


Tamper = Callable[[Callable[[Any], None]], Report]

CHANGES: dict[str, Callable[[JournalEntry], object]] = {
    "at": lambda row: round(row.at * 1e6) + 1,
    "event": lambda _: "token.eaten",
    "outcome": lambda _: "maybe",
    "request_id": lambda row: row.request_id + "x",
    "caller": lambda _: "key:somebody",
    "tenant": lambda _: None,
    "ip": lambda _: "203.0.113.8",
    "model": lambda _: "gpt-realtimf",
    "expires_at": lambda row: (row.expires_at or 0) + 1,
    "detail": lambda _: "",
    "subject": lambda _: "key:k2",
    "hash": lambda row: bytes([(row.hash or b"")[0] ^ 1]) + (row.hash or b"")[1:],
    "n": lambda row: (row.n or 0) + 1_000_000,
    "writer": lambda _: "f" * 32,
}


def test_a_changed_row_of_the_database_is_named(log: Log, tampered: Tamper) -> None:
    chance = chances(5)
    columns = [*CHANGES, *chance.choices(list(CHANGES), k=PLACES - len(CHANGES))]
    for column, row in zip(columns, chance.choices(log.rows, k=PLACES), strict=True):
        values = {column: CHANGES[column](row)}
        report = tampered(
            lambda it, row=row, values=values: it.execute(  # type: ignore[misc]
                update(journal).where(journal.c.seq == row.seq).values(values)
            )
        )
        assert names(report, [row.seq]), (column, row.seq, report.problems)


def test_a_deleted_row_of_the_database_is_found_beside_its_place(log: Log, tampered: Tamper) -> None:
    chance = chances(6)
    for index in [*chance.choices(range(len(log.rows)), k=PLACES), len(log.rows) - 1]:
        seq = log.rows[index].seq
        report = tampered(lambda it, seq=seq: it.execute(delete_from(journal).where(journal.c.seq == seq)))  # type: ignore[misc]
        assert neighbours_are_named(log, report, index), report.problems


def test_swapped_rows_of_the_database_are_named(log: Log, tampered: Tamper) -> None:
    chance = chances(7)
    for _ in range(PLACES):
        writer = chance.choice(log.rows).writer
        one, other = chance.sample([row.seq for row in log.rows if row.writer == writer], 2)

        def swap(connection: Any, one: int = one, other: int = other) -> None:
            for seq, now in ((one, 0), (other, one), (0, other)):
                connection.execute(update(journal).where(journal.c.seq == seq).values(seq=now))

        assert names(tampered(swap), [one, other])


def test_a_tail_cut_off_the_database_is_found_where_it_is_cut(log: Log, tampered: Tamper) -> None:
    chance = chances(8)
    for index in chance.choices(range(1, len(log.rows)), k=PLACES):
        last = log.rows[index - 1].seq
        report = tampered(lambda it, last=last: it.execute(delete_from(journal).where(journal.c.seq > last)))  # type: ignore[misc]
        gone = {row.writer for row in log.rows[index:]}
        edges = [max((r.seq for r in log.rows[:index] if r.writer == writer), default=last) for writer in gone]
        assert not report.sound
        assert all(names(report, [edge]) for edge in edges), (index, report.problems)
