"""The store when somebody moves, removes or replaces its file under it.

Beside `test_journal_store.py`, because it is a subject of its own: what is said to be durable is in the file that
an operator finds at the path.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from limi.adapters.sql import SQLJournalStore, open_engine, upgrade
from limi.features.journal import Selection
from limi.kernel.journal import JournalUnavailableError
from tests.unit.features.journal.harness import NOON, Facts

ALL = Selection()


class Place:
    """A path with a database, and what an operator may do to it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "limi.db"
        self.url = f"sqlite:///{self.path}"
        upgrade(self.url)
        self.engine = open_engine(self.url, busy_seconds=0.01)
        self.store = SQLJournalStore(engine=self.engine)

    def move_away(self) -> None:
        for file in self._files():
            file.rename(f"{file}.away")

    def move_back(self) -> None:
        for file in self._files():
            file.unlink()
        for file in self.path.parent.glob("limi.db*.away"):
            file.rename(str(file).removesuffix(".away"))

    def remove(self) -> None:
        for file in self._files():
            file.unlink()

    def back_up(self) -> None:
        with closing(sqlite3.connect(self.path)) as here, closing(sqlite3.connect(f"{self.path}.backup")) as there:
            here.backup(there)

    def restore(self) -> None:
        shutil.copy(f"{self.path}.backup", self.path)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(query).fetchall()

    def ids(self) -> list[object]:
        return [identity for (identity,) in self.rows("SELECT id FROM journal ORDER BY seq")]

    def _files(self) -> list[Path]:
        return [file for name in ("", "-wal", "-shm") if (file := Path(f"{self.path}{name}")).exists()]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.store.close()


@pytest.fixture
def facts() -> Facts:
    return Facts()


@pytest.mark.parametrize("lose", [Place.move_away, Place.remove])
def test_nothing_works_while_there_is_no_file(place: Place, facts: Facts, lose: Callable[[Place], None]) -> None:
    place.store.renew_lease("w", until=NOON, settled=None)
    place.store.append([facts.intent()], writer="w")
    place.store.ping()
    lose(place)
    calls: list[Callable[[], object]] = [
        lambda: place.store.append([facts.intent()], writer="w"),
        lambda: place.store.renew_lease("w", until=NOON, settled=None),
        lambda: place.store.end_abandoned(lambda _: facts.intent(), now=NOON, writer="w"),
        lambda: place.store.entries(after=0, limit=1, selection=ALL),
        lambda: place.store.live_tokens(now=NOON, limit=1),
        place.store.ping,
    ]
    for call in (*calls, *calls):
        with pytest.raises(JournalUnavailableError):
            call()
    assert not place.path.exists()


def test_the_error_says_what_happened_and_what_to_do(place: Place, facts: Facts) -> None:
    place.store.append([facts.intent()], writer="w")
    place.remove()
    with pytest.raises(JournalUnavailableError, match=r"limi\.db was moved, removed or replaced .*Put a whole"):
        place.store.append([facts.intent()], writer="w")


def test_the_file_is_used_again_when_it_is_back(place: Place, facts: Facts) -> None:
    first, refused, later = facts.intents(3)
    place.store.append([first], writer="w")
    place.move_away()
    with pytest.raises(JournalUnavailableError):
        place.store.append([refused], writer="w")
    place.move_back()
    place.store.append([later], writer="w")
    place.store.ping()
    assert place.ids() == [first.id, later.id]


def test_a_backup_in_its_place_gets_what_comes_after(place: Place, facts: Facts) -> None:
    """The first who notices is refused; nothing is ever written to the file that was moved away."""
    before, lost, refused, after = facts.intents(4)
    place.store.append([before], writer="w")
    place.back_up()
    place.store.append([lost], writer="w")
    place.move_away()
    place.restore()
    with pytest.raises(JournalUnavailableError):
        place.store.append([refused], writer="w")
    place.store.append([after], writer="w")
    assert place.ids() == [before.id, after.id]
    assert [entry.id for entry in place.store.entries(after=0, limit=9, selection=ALL)] == [before.id, after.id]
    place.move_back()
    assert place.ids() == [before.id, lost.id]


def test_the_first_who_notices_closes_what_others_would_use_next(place: Place) -> None:
    with place.engine.connect(), place.engine.connect(), place.engine.connect():
        pass
    place.back_up()
    place.move_away()
    place.restore()
    with pytest.raises(JournalUnavailableError):
        place.store.ping()
    with place.engine.connect(), place.engine.connect(), place.engine.connect():
        place.store.ping()


def test_a_removed_file_replaced_much_later_gets_what_comes_after(place: Place, facts: Facts) -> None:
    """By then the file system may have given the number of the old file to the new one."""
    place.store.renew_lease("w", until=NOON + 30, settled=None)
    place.store.append(facts.intents(5), writer="w")
    place.remove()
    for _ in range(3):
        with pytest.raises(JournalUnavailableError):
            place.store.append([facts.intent()], writer="w")
    upgrade(place.url)
    after = facts.intent()
    place.store.append([after], writer="w")
    assert place.ids() == [after.id]
    assert place.rows("SELECT writer, lease_until, settled_seq FROM writers") == [("w", (NOON + 30) * 1e6, 0)]


def test_a_new_file_is_joined_with_the_lease_before_its_first_row(place: Place, facts: Facts) -> None:
    """Else the intents of a writer that dies soon after would stay open for ever."""
    place.store.renew_lease("w", until=NOON + 30, settled=None)
    place.store.append(facts.intents(9), writer="w")
    place.move_away()
    upgrade(place.url)
    intent = facts.intent()
    with pytest.raises(JournalUnavailableError):
        place.store.append([intent], writer="w")
    with capture_logs() as logs:
        place.store.append([intent], writer="w")
    assert [(line["event"], line["log_level"]) for line in logs] == [("database.reopened", "warning")]
    # The writer remembers that its first nine rows are settled. In this file they are others.
    place.store.renew_lease("w", until=NOON + 60, settled=9)
    ended = facts.intent()
    assert place.store.end_abandoned(lambda entry: ended, now=NOON + 61, writer="x") == 1  # noqa: ARG005


def test_a_writer_known_to_the_new_file_keeps_what_is_settled_there(place: Place, facts: Facts) -> None:
    place.store.renew_lease("w", until=NOON + 30, settled=None)
    place.store.append(facts.intents(2), writer="w")
    place.back_up()
    place.store.append(facts.intents(2), writer="w")
    place.move_away()
    place.restore()
    place.store.ping()
    with pytest.raises(JournalUnavailableError):
        place.store.renew_lease("w", until=NOON + 60, settled=4)
    assert place.store.renew_lease("w", until=NOON + 60, settled=4) == 2
    assert place.rows("SELECT lease_until, settled_seq FROM writers") == [((NOON + 60) * 1e6, 0)]


@pytest.mark.parametrize("content", [b"", b"not a database, however long it is" * 100])
def test_a_file_that_is_no_journal_is_not_used(place: Place, facts: Facts, content: bytes) -> None:
    place.store.renew_lease("w", until=NOON, settled=None)
    place.store.append([facts.intent()], writer="w")
    place.remove()
    place.path.write_bytes(content)
    for _ in range(3):
        with pytest.raises(JournalUnavailableError):
            place.store.append([facts.intent()], writer="w")
        with pytest.raises(JournalUnavailableError):
            place.store.ping()


def test_a_journal_older_than_this_version_is_not_written(place: Place, facts: Facts) -> None:
    place.store.renew_lease("w", until=NOON, settled=None)
    place.store.append([facts.intent()], writer="w")
    place.move_away()
    upgrade(place.url)
    with closing(sqlite3.connect(place.path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0000'")
    for _ in range(3):
        with pytest.raises(JournalUnavailableError):
            place.store.append([facts.intent()], writer="w")
    assert place.ids() == []


def test_a_commit_costs_one_look_at_the_path(place: Place, facts: Facts, monkeypatch: pytest.MonkeyPatch) -> None:
    place.store.append([facts.intent()], writer="w")
    looks = 0
    stat = Path.stat

    def counted(self: Path) -> object:
        nonlocal looks
        looks += 1
        return stat(self)

    monkeypatch.setattr(Path, "stat", counted)
    place.store.append([facts.intent()], writer="w")
    assert looks == 1
