"""The server on PostgreSQL: it starts, makes its tables, and outlives the database's death."""

from pathlib import Path

from tests.e2e.harness import MINT, Server, audit, audit_until, free, run_limi
from tests.e2e.load import Load, under_load
from tests.services.postgres import PostgreSQL


async def test_it_starts_on_an_empty_database_and_keeps_its_journal_there(
    tmp_path: Path, empty_postgres_url: str
) -> None:
    settings = {"LIMI_DATABASE_URL": empty_postgres_url}
    async with Server.running(tmp_path, **settings) as server, server.client() as client:
        minted = await client.post(MINT, json={"sessionId": "kept"})
        assert minted.status_code == 200
        assert (await client.get("/readyz")).json()["database"] == "ok"
        assert (await client.get(f"{MINT}/stats")).json()["tokenCache"]["totalTokens"] == 1
        await server.stop()
    rows = await audit(tmp_path, **settings)
    assert [row["event"] for row in rows if row["sessionId"] == "kept"] == ["token.requested", "token.generated"]
    assert not (tmp_path / ".limi" / "limi.db").exists()
    assert empty_postgres_url not in "\n".join(server.log)


async def test_a_database_that_is_not_there_ends_the_start_with_a_sentence(tmp_path: Path) -> None:
    settings = {"LIMI_DATABASE_URL": "postgresql://limi:hunter2@127.0.0.1:9/limi"}
    code, _, err = await run_limi(tmp_path, "serve", "--port", "0", **settings)
    assert code == 2
    last = err.strip().splitlines()[-1]
    assert last.startswith("limi: The database cannot be opened or migrated: ")
    assert "hunter2" not in err


async def test_while_the_database_is_dead_there_are_only_503s_and_afterwards_keys_again(tmp_path: Path) -> None:
    postgres = PostgreSQL()
    try:
        with postgres.database() as url:
            await _outlive(tmp_path, postgres, {"LIMI_DATABASE_URL": url, "LIMI_JOURNAL_WRITE_SECONDS": "1"})
    finally:
        postgres.close()


async def _outlive(folder: Path, postgres: PostgreSQL, settings: dict[str, str]) -> None:
    async with Server.running(folder, **free(settings)) as server:
        async with under_load(server) as load, server.client() as client:
            await load.until_keys(50)
            postgres.kill()
            await load.until_errors(1)
            probe = Load()
            for number in range(5):
                await probe.mint(client, f"probe-{number}")
            assert probe.keys == {}
            assert set(probe.errors) | set(load.errors) == {(503, "audit_unavailable")}
            assert (await client.get("/readyz")).status_code == 503
            postgres.restart()
            await load.until_keys(len(load.keys) + 50)
            assert (await client.get("/readyz")).status_code == 200
        await server.stop()
    rows = await audit_until(folder, intents_ended=False, **settings)
    generated = {row["sessionId"] for row in rows if row["event"] == "token.generated"}
    assert set(load.keys) <= generated
    assert not any(session_id.startswith("probe") for session_id in generated)
