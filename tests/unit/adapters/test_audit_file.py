import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from limi.adapters.audit_file import AuditFile
from limi.features.journal import InMemoryJournalStore
from limi.features.journal.export import log_lines
from limi.kernel.journal import JournalUnavailableError
from tests.unit.features.journal.harness import Facts, FakeClock
from tests.unit.features.journal.signing import make_writer, verify_export


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def facts(clock: FakeClock) -> Facts:
    return Facts(clock)


@pytest.fixture
def store() -> InMemoryJournalStore:
    return InMemoryJournalStore()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "audit.jsonl"


@pytest.fixture
def file(store: InMemoryJournalStore, path: Path, clock: FakeClock) -> Iterator[AuditFile]:
    made = AuditFile(store=store, path=path, now=clock.now)
    yield made
    made.close()


def write(store: InMemoryJournalStore, clock: FakeClock, facts: Facts, count: int, number: int = 1) -> None:
    writer = make_writer(store, clock, number)
    writer.append(facts.intents(count))
    writer.release()


def everything(store: InMemoryJournalStore) -> bytes:
    return b"".join(log_lines(store))


def test_it_follows_the_journal_line_for_line(
    file: AuditFile, store: InMemoryJournalStore, path: Path, clock: FakeClock, facts: Facts
) -> None:
    file.copy()
    for number in (1, 2, 3):
        write(store, clock, facts, 1500, number)
        file.copy()
        file.copy()
        assert path.read_bytes() == everything(store)
    assert verify_export(path.read_bytes().splitlines(), clock, closed=False).problems == []


def test_only_its_owner_can_read_it(
    file: AuditFile, store: InMemoryJournalStore, path: Path, clock: FakeClock, facts: Facts
) -> None:
    write(store, clock, facts, 1)
    file.copy()
    for made in (path, Path(f"{path}.cursor")):
        assert stat.S_IMODE(made.stat().st_mode) == 0o600


def test_it_goes_on_after_a_restart(
    file: AuditFile, store: InMemoryJournalStore, path: Path, clock: FakeClock, facts: Facts
) -> None:
    write(store, clock, facts, 3)
    file.copy()
    file.close()
    write(store, clock, facts, 3, 2)
    later = AuditFile(store=store, path=path, now=clock.now)
    later.copy()
    later.close()
    assert path.read_bytes() == everything(store)


@pytest.mark.parametrize("cut", [1, 100, 900])
def test_a_line_that_a_crash_left_unfinished_is_written_again(
    file: AuditFile, store: InMemoryJournalStore, path: Path, clock: FakeClock, facts: Facts, cut: int
) -> None:
    """The crash came before the cursor was noted as well."""
    write(store, clock, facts, 3)
    file.copy()
    file.close()
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    Path(f"{path}.cursor").write_bytes(b"")
    later = AuditFile(store=store, path=path, now=clock.now)
    later.copy()
    later.close()
    assert path.read_bytes() == whole


def test_a_file_that_was_renamed_is_begun_anew_and_together_they_are_whole(
    file: AuditFile, store: InMemoryJournalStore, path: Path, clock: FakeClock, facts: Facts
) -> None:
    write(store, clock, facts, 3)
    file.copy()
    path.rename(path.with_suffix(".1"))
    write(store, clock, facts, 3, 2)
    file.copy()
    assert path.with_suffix(".1").read_bytes() + path.read_bytes() == everything(store)


def test_of_two_processes_one_writes_and_the_other_takes_over(
    file: AuditFile, store: InMemoryJournalStore, path: Path, clock: FakeClock, facts: Facts
) -> None:
    other = AuditFile(store=store, path=path, now=clock.now)
    file.copy()
    clock.advance(100)
    write(store, clock, facts, 3)
    other.copy()
    assert path.read_bytes() == b""
    assert other.lag_seconds() == 0
    file.close()
    other.copy()
    other.close()
    assert path.read_bytes() == everything(store)


def test_it_says_how_far_it_is_behind(
    file: AuditFile, store: InMemoryJournalStore, clock: FakeClock, facts: Facts, path: Path
) -> None:
    file.copy()
    clock.advance(40)
    assert file.lag_seconds() == 40
    write(store, clock, facts, 1)
    file.copy()
    assert file.lag_seconds() == 0
    path.unlink()
    path.mkdir()
    clock.advance(7)
    write(store, clock, facts, 1, 2)
    with pytest.raises(IsADirectoryError):
        file.copy()
    assert file.lag_seconds() == 7
    path.rmdir()
    file.copy()
    assert [json.loads(line).get("seq") for line in path.read_bytes().splitlines()] == [2, 2]


def test_a_journal_that_is_away_is_an_error_and_no_gap(
    file: AuditFile,
    store: InMemoryJournalStore,
    path: Path,
    clock: FakeClock,
    facts: Facts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(store, clock, facts, 3)

    def away(**_: object) -> None:
        raise JournalUnavailableError("away")

    monkeypatch.setattr(store, "entries", away)
    with pytest.raises(JournalUnavailableError):
        file.copy()
    monkeypatch.undo()
    file.copy()
    assert path.read_bytes() == everything(store)
