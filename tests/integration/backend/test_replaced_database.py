"""The whole backend while its database is moved, removed or replaced: no key without a row at the path."""

import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from limi.adapters.sql.engine import open_engine
from limi.adapters.sql.journal_store import SQLJournalStore
from limi.adapters.sql.schema import upgrade
from tests.integration.http.harness import Site, assert_error, open_site


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "limi.db"


@asynccontextmanager
async def _site(file: Path) -> AsyncIterator[Site]:
    upgrade(f"sqlite:///{file}")
    store = SQLJournalStore(engine=open_engine(f"sqlite:///{file}", busy_seconds=0.05))
    async with open_site(store=store, environ={"LIMI_TOKENS_PER_MINUTE": "1000"}) as site:
        yield site


def _move_away(file: Path) -> None:
    for name in ("", "-wal", "-shm"):
        if (here := Path(f"{file}{name}")).exists():
            here.rename(file.parent / f"old{name}")


def _remove(file: Path) -> None:
    for name in ("", "-wal", "-shm"):
        Path(f"{file}{name}").unlink(missing_ok=True)


def _sessions(file: Path, event: str) -> set[str]:
    with closing(sqlite3.connect(file)) as database:
        return {name for (name,) in database.execute("SELECT session_id FROM journal WHERE event = ?", (event,))}


@pytest.mark.parametrize("lose", [_move_away, _remove])
async def test_without_the_file_there_are_only_503s_until_one_is_back(
    file: Path, lose: Callable[[Path], None]
) -> None:
    async with _site(file) as site:
        assert (await site.mint({"sessionId": "before"})).status_code == 200
        await site.entries()  # By now the outcome is written, too; a kept one would rightly go to the next file.
        lose(file)
        for number in range(5):
            assert_error(await site.mint({"sessionId": f"without-{number}"}), "audit_unavailable", 503)
            ready = await site.get("/readyz")
            assert (ready.status_code, ready.json()["database"]) == (503, "unavailable")
        assert (await site.get("/healthz")).status_code == 200
        upgrade(f"sqlite:///{file}")
        assert (await site.mint({"sessionId": "after"})).status_code == 200
        assert (await site.get("/readyz")).status_code == 200
        await site.entries()
    assert _sessions(file, "token.requested") == {"after"}
    assert _sessions(file, "token.generated") == {"after"}


async def test_with_a_backup_in_its_place_every_key_has_its_row_there(file: Path) -> None:
    """A key handed out before the replacement is in the old file, one handed out after it in the new."""
    async with _site(file) as site:
        assert (await site.mint({"sessionId": "before"})).status_code == 200
        await site.entries()
        backup = file.parent / "backup"
        with closing(sqlite3.connect(file)) as here, closing(sqlite3.connect(backup)) as there:
            here.backup(there)
        _move_away(file)
        shutil.copy(backup, file)
        answers = {f"after-{number}": await site.mint({"sessionId": f"after-{number}"}) for number in range(6)}
        assert (await site.get("/readyz")).status_code == 200
    given = {session for session, answer in answers.items() if answer.status_code == 200}
    assert {"after-4", "after-5"} <= given
    assert _sessions(file, "token.generated") == {"before", *given}
    for session in answers.keys() - given:
        assert_error(answers[session], "audit_unavailable", 503)
    assert _sessions(file.parent / "old", "token.requested") == {"before"}
