"""While the journal cannot be written no key is handed out; afterwards it goes on."""

import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest

from tests.e2e.harness import Server, audit_until, free
from tests.e2e.load import Load, under_load

_QUICK = {"LIMI_JOURNAL_WRITE_SECONDS": "0.3"}


@contextmanager
def _locked(server: Server) -> Iterator[None]:
    """Hold the database's write lock, as a backup tool gone wrong might."""
    database = sqlite3.connect(server.folder / ".limi" / "limi.db", timeout=30, isolation_level=None)
    with closing(database):
        database.execute("BEGIN EXCLUSIVE")
        yield
        database.execute("ROLLBACK")


@contextmanager
def _full(server: Server) -> Iterator[None]:
    """Let no file of the process grow, as on a full disk."""
    pid = server.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    yield
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


async def _recovered(load: Load) -> None:
    """Wait until keys are handed out again."""
    await load.until_keys(len(load.keys) + 20)


@pytest.mark.parametrize("broken", [_locked, _full])
async def test_without_a_writable_database_there_are_only_503s(
    tmp_path: Path, broken: Callable[[Server], AbstractContextManager[None]]
) -> None:
    async with Server.running(tmp_path, **free(_QUICK)) as server:
        async with under_load(server) as load, server.client() as client:
            await load.until_keys(50)
            with broken(server):
                # The first is refused when the journal has noticed; what is asked from then on gets no key.
                await load.until_errors(1)
                probe = Load()
                for number in range(10):
                    response = await probe.mint(client, f"probe-{number}")
                    assert response.headers["retry-after"] == "5"
                ready = await client.get("/readyz")
                assert (ready.status_code, ready.json()["status"]) == (503, "unready")
                assert (await client.get("/healthz")).status_code == 200
            assert probe.keys == {}
            assert set(probe.errors) == set(load.errors) == {(503, "audit_unavailable")}
            await _recovered(load)
            assert (await client.get("/readyz")).status_code == 200
        await server.stop()
    rows = await audit_until(tmp_path, intents_ended=False)
    assert set(load.keys) <= {row["sessionId"] for row in rows if row["event"] == "token.requested"}
    generated = {row["sessionId"] for row in rows if row["event"] == "token.generated"}
    assert set(load.keys) <= generated
    assert not any(session_id.startswith("probe") for session_id in generated)
