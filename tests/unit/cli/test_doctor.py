"""`limi doctor`: what is wrong, and what to do about it."""

import asyncio
import re
import socket
import sqlite3
import ssl
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme
from redis import Redis
from typer.testing import Result

from limi.adapters.key_files import load_key_files
from limi.adapters.sql import open_engine, upgrade
from limi.kernel.settings import Settings
from limi.testing import FakeUpstream, Reply

Beside = Callable[..., Awaitable[Result]]
KEY = "made-up-main-key-of-a-test"


def line(result: Result, subject: str) -> tuple[str, str]:
    """Return verdict and message of one subject, with the advice below it."""
    lines = result.output.splitlines()
    start = next(n for n, text in enumerate(lines) if text[6:].startswith(subject))
    advice = [text.strip() for text in lines[start + 1 : start + 2] if text.startswith(" " * 16)]
    return lines[start][:4].strip(), " ".join([lines[start][16:], *advice])


@pytest.fixture
def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def database(folder: Path) -> Path:
    file = folder / "data" / "limi.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def invoke(invoke: Callable[..., Result], free_port: str) -> Callable[..., Result]:
    def with_port(*arguments: str, **environ: str) -> Result:
        return invoke("doctor", *arguments, **{"LIMI_PORT": free_port, **environ})

    return with_port


class TestAFreshMachine:
    def test_everything_is_fine_and_nothing_is_made(self, invoke: Callable[..., Result], folder: Path) -> None:
        result = invoke()
        assert result.exit_code == 0
        assert [text[:4].strip() for text in result.output.splitlines()] == ["ok"] * 6
        assert list(folder.iterdir()) == []

    def test_a_folder_that_cannot_be_written_is_told_before_a_start_fails(
        self, invoke: Callable[..., Result], folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Root may write what nobody may, so the answer about the folder is made up."""
        monkeypatch.setattr("os.access", lambda place, _: Path(place) != folder)
        verdict, message = line(invoke(), "keys")
        assert verdict == "FAIL"
        assert message.startswith(f"none yet, and {folder} cannot be written Start in a folder of your own")

    def test_keys_of_which_one_is_missing_are_not_made_behind_the_operators_back(
        self, invoke: Callable[..., Result], folder: Path
    ) -> None:
        load_key_files(Settings(), folder=folder / ".limi")
        assert "the operator's is in .limi/admin-key" in line(invoke(), "keys")[1]
        (folder / ".limi" / "admin-key").unlink()
        assert line(invoke(), "keys") == ("ok", "none yet; the first `limi serve` makes them")
        assert not (folder / ".limi" / "admin-key").exists()


class TestSettings:
    def test_settings_that_do_not_fit_together_are_told_and_the_rest_is_looked_at(
        self, invoke: Callable[..., Result]
    ) -> None:
        result = invoke(LIMI_ENV="production")
        assert result.exit_code == 1
        assert line(result, "settings")[1].startswith(
            "OPENAI_API_KEY, LIMI_SECRET_KEY_FILE and LIMI_ADMIN_KEY_FILE are required in production"
        )
        assert line(result, "keys")[1].startswith("LIMI_SECRET_KEY_FILE and LIMI_ADMIN_KEY_FILE are required")
        assert line(result, "port")[0] == "ok"

    @pytest.mark.parametrize(
        ("environ", "named"),
        [
            ({"LIMI_CORS_ORIGINS": "*"}, "LIMI_CORS_ORIGINS"),
            ({"LIMI_ALLOWED_HOSTS": "*"}, "LIMI_ALLOWED_HOSTS"),
            ({"LIMI_TRUSTED_PROXIES": "everybody"}, "LIMI_TRUSTED_PROXIES"),
            ({"LIMI_PROFILES": '{"a": {"turn_detection": {"type": "bogus"}}}'}, "profiles.a.turn_detection"),
        ],
    )
    def test_what_would_stop_the_start_is_told(
        self, environ: dict[str, str], named: str, invoke: Callable[..., Result]
    ) -> None:
        result = invoke(**environ)
        assert result.exit_code == 1
        assert line(result, "settings")[0] == "FAIL"
        assert line(result, "settings")[1].startswith(named)

    def test_a_file_can_be_named(self, invoke: Callable[..., Result], folder: Path) -> None:
        (folder / "limi.toml").write_text("env = 'production'")
        assert "in production" in invoke("--config", "limi.toml").output


class TestKeys:
    @pytest.fixture
    def given(self, folder: Path) -> dict[str, str]:
        load_key_files(Settings(), folder=folder)
        return {
            "LIMI_ENV": "production",
            "LIMI_UPSTREAM_URL": "sandbox",
            "LIMI_SECRET_KEY_FILE": "secret",
            "LIMI_ADMIN_KEY_FILE": "admin-key",
        }

    def test_files_as_they_should_be(self, invoke: Callable[..., Result], given: dict[str, str]) -> None:
        assert line(invoke(**given), "keys") == ("ok", "both are there; the operator's is in admin-key")

    def test_a_file_that_everybody_can_read(
        self, invoke: Callable[..., Result], given: dict[str, str], folder: Path
    ) -> None:
        (folder / "secret").chmod(0o644)
        verdict, message = line(invoke(**given), "keys")
        assert verdict == "FAIL"
        assert message.startswith("LIMI_SECRET_KEY_FILE: the file secret has mode 0644")

    def test_one_file_as_both(self, invoke: Callable[..., Result], given: dict[str, str]) -> None:
        verdict, message = line(invoke(**{**given, "LIMI_ADMIN_KEY_FILE": "secret"}), "keys")
        assert verdict == "FAIL"
        assert message.startswith("LIMI_ADMIN_KEY_FILE holds the same key as LIMI_SECRET_KEY_FILE")


class TestUpstream:
    async def examine(self, invoke: Callable[..., Result], reply: Reply, **environ: str) -> Result:
        async with FakeUpstream(always=reply).running() as server:
            given = {"LIMI_UPSTREAM_URL": server.url, "OPENAI_API_KEY": KEY, **environ}
            result = await asyncio.to_thread(lambda: invoke(**given))
            assert [asked.headers["authorization"] for asked in server.asked] == [f"Bearer {KEY}"]
            assert [asked.path for asked in server.asked] == ["/v1/models"]
        assert KEY not in result.output
        return result

    async def test_one_that_accepts_the_key(self, invoke: Callable[..., Result]) -> None:
        result = await self.examine(invoke, Reply())
        assert result.exit_code == 0
        verdict, message = line(result, "upstream")
        assert verdict == "ok"
        assert "accepts the key, in " in message

    @pytest.mark.parametrize(
        ("status", "advice"),
        [
            (
                401,
                "answered 401: OpenAI API authentication failed OPENAI_API_KEY holds a key of the right project",
            ),
            (404, "answered 404: Unable to generate ephemeral client secret LIMI_UPSTREAM_URL ends in /v1"),
            (429, "answered 429: OpenAI API rate limit exceeded The provider's usage page shows"),
            (503, "answered 503: it has trouble of its own Wait, and look at the provider's status page."),
            (307, "answered 307: it leads elsewhere Set LIMI_UPSTREAM_URL to where it leads"),
        ],
    )
    async def test_one_that_does_not(self, status: int, advice: str, invoke: Callable[..., Result]) -> None:
        result = await self.examine(invoke, Reply(status=status, body=b"{}"))
        assert result.exit_code == 1
        verdict, message = line(result, "upstream")
        assert verdict == "FAIL"
        assert advice in message

    async def test_upstreams_own_word_for_it_is_repeated_and_its_message_is_not(
        self, invoke: Callable[..., Result]
    ) -> None:
        body = b'{"error": {"code": "unsupported_country", "message": "made-up-main-key-of-a-test may not"}}'
        result = await self.examine(invoke, Reply(status=403, body=body))
        assert "client secret: unsupported_country LIMI_UPSTREAM_URL ends" in line(result, "upstream")[1]

    @pytest.mark.parametrize("body", [b"<html>Log in to the network</html>", b"", b"[]", b"\x1f\x8b\x08"])
    async def test_a_page_of_something_between_is_no_answer(
        self, body: bytes, invoke: Callable[..., Result]
    ) -> None:
        verdict, message = line(await self.examine(invoke, Reply(body=body)), "upstream")
        assert verdict == "FAIL"
        assert "answered 200, and not as OpenAI's API does Another server is at LIMI_UPSTREAM_URL" in message

    async def test_a_certificate_nobody_vouches_for(self, invoke: Callable[..., Result]) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
        async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0, ssl=context) as server:
            url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
            result = await asyncio.to_thread(lambda: invoke(LIMI_UPSTREAM_URL=url, OPENAI_API_KEY=KEY))
        message = line(result, "upstream")[1]
        assert f"{url} cannot be used: its certificate is not trusted" in message
        assert "SSL_CERT_FILE" in message

    def test_none_where_nobody_chose_the_sandbox(self, invoke: Callable[..., Result]) -> None:
        """Outside development no server starts so, and the sandbox that was told of would not be there."""
        result = invoke(LIMI_ENV="production")
        assert line(result, "upstream") == (
            "FAIL",
            "none: OPENAI_API_KEY is not set Set OPENAI_API_KEY, or LIMI_UPSTREAM_URL=sandbox to run without it.",
        )

    def test_the_sandbox_where_it_was_chosen(self, invoke: Callable[..., Result]) -> None:
        result = invoke(LIMI_ENV="production", LIMI_UPSTREAM_URL="sandbox")
        assert line(result, "upstream")[0] == "ok"

    async def test_one_that_is_silent(self, invoke: Callable[..., Result]) -> None:
        result = await self.examine(invoke, Reply(silent=True), LIMI_UPSTREAM_TIMEOUT_SECONDS="0.05")
        assert "does not answer: no whole answer in time Check the network" in line(result, "upstream")[1]

    def test_one_that_is_not_there(self, invoke: Callable[..., Result]) -> None:
        result = invoke(LIMI_UPSTREAM_URL="http://127.0.0.1:1/v1", OPENAI_API_KEY=KEY)
        assert result.exit_code == 1
        assert "http://127.0.0.1:1/v1 does not answer: nothing listens there" in line(result, "upstream")[1]

    @pytest.mark.parametrize(("minutes", "way"), [(-10, "fast"), (10, "slow")])
    async def test_a_clock_that_goes_wrong(self, minutes: int, way: str, invoke: Callable[..., Result]) -> None:
        theirs = format_datetime(datetime.now(UTC) + timedelta(minutes=minutes), usegmt=True)
        result = await self.examine(invoke, Reply(headers={"date": theirs}))
        assert result.exit_code == 1
        verdict, message = line(result, "clock")
        assert verdict == "FAIL"
        assert f" s {way} Keep it right with NTP" in message

    @pytest.mark.parametrize("date", [None, "no date at all"])
    async def test_a_clock_that_agrees_or_cannot_be_judged(
        self, date: str | None, invoke: Callable[..., Result]
    ) -> None:
        theirs = date or format_datetime(datetime.now(UTC), usegmt=True)
        result = await self.examine(invoke, Reply(headers={"date": theirs}))
        assert result.exit_code == 0
        assert ("the clocks agree within" in result.output) is (date is None)


class TestDatabase:
    def test_one_that_can_be_written_is_left_as_it_was(
        self, invoke: Callable[..., Result], database: Path
    ) -> None:
        result = invoke(LIMI_DATABASE_URL=f"sqlite:///{database}")
        assert line(result, "database") == ("ok", "reads and writes work")
        with sqlite3.connect(database) as connection:
            tables = [
                name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            ]
            assert connection.execute("SELECT count(*) FROM journal").fetchone() == (0,), tables
            assert connection.execute("SELECT count(*) FROM writers").fetchone() == (0,)
        connection.close()

    def test_one_that_is_missing_outside_development(self, invoke: Callable[..., Result]) -> None:
        result = invoke(LIMI_ENV="production", LIMI_DATABASE_URL="sqlite:///nowhere/limi.db")
        verdict, message = line(result, "database")
        assert verdict == "FAIL"
        assert message.startswith("There is no database at nowhere/limi.db")

    def test_one_that_somebody_else_has_locked(self, invoke: Callable[..., Result], database: Path) -> None:
        other = sqlite3.connect(database, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        try:
            result = invoke(LIMI_DATABASE_URL=f"sqlite:///{database}")
        finally:
            other.close()
        assert result.exit_code == 1
        assert "nothing holds a lock on the database" in line(result, "database")[1]

    def test_one_without_tables(self, invoke: Callable[..., Result], folder: Path) -> None:
        (folder / "empty.db").write_bytes(b"")
        result = invoke(LIMI_DATABASE_URL="sqlite:///empty.db")
        assert line(result, "database")[0] == "FAIL"

    def test_one_that_is_no_database(self, invoke: Callable[..., Result], folder: Path) -> None:
        (folder / "text.db").write_text("not a database, however long it is" * 100)
        assert line(invoke(LIMI_DATABASE_URL="sqlite:///text.db"), "database")[0] == "FAIL"

    def test_a_url_that_does_not_fit_is_not_quoted(self, invoke: Callable[..., Result]) -> None:
        result = invoke(LIMI_DATABASE_URL="mysql://limi:hush@db/limi")
        assert line(result, "database")[0] == "FAIL"
        assert "hush" not in result.output


class TestPort:
    def test_one_that_is_taken(self, invoke: Callable[..., Result]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            result = invoke(LIMI_PORT=str(port))
        assert result.exit_code == 1
        verdict, message = line(result, "port")
        assert verdict == "FAIL"
        assert message.startswith(f"127.0.0.1:{port} cannot be had: Address already in use")
        assert "choose another with LIMI_PORT" in message

    @pytest.mark.parametrize(
        ("body", "verdict"),
        [
            (
                b'{"service":"Limi AI Backend","version":"1","environment":"","upstream":"","authentication":""}',
                "ok",
            ),
            (b'{"service":"Another","version":"1","environment":"","upstream":"","authentication":""}', "FAIL"),
            (b"<html>", "FAIL"),
        ],
    )
    async def test_a_server_that_runs_already_is_no_trouble_and_another_program_is(
        self, body: bytes, verdict: str, invoke: Callable[..., Result]
    ) -> None:
        async with FakeUpstream(always=Reply(body=body)).running() as server:
            port = str(urlsplit(server.url).port)
            result = await asyncio.to_thread(lambda: invoke(LIMI_PORT=port))
            assert [asked.path for asked in server.asked] == ["/api"]
        assert line(result, "port")[0] == verdict
        assert ("a Limi server answers at 127.0.0.1" in result.output) is (verdict == "ok")

    def test_an_address_that_is_not_this_machines(self, invoke: Callable[..., Result]) -> None:
        assert "203.0.113.1:" in line(invoke(LIMI_HOST="203.0.113.1"), "port")[1]

    def test_a_version_six_address(self, invoke: Callable[..., Result]) -> None:
        assert line(invoke(LIMI_HOST="::1"), "port")[1].startswith("::1:")


def test_an_engine_is_closed_after_the_look(invoke: Callable[..., Result], database: Path) -> None:
    """Otherwise the -wal file would be held open; another process can take the database away at once."""
    invoke(LIMI_DATABASE_URL=f"sqlite:///{database}")
    engine = open_engine(f"sqlite:///{database}")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0] == 0
    engine.dispose()


class TestRedis:
    def test_none_is_fine(self, invoke: Callable[..., Result]) -> None:
        assert line(invoke(), "redis") == ("ok", "none; limits and repeats are each process's own")

    def test_one_that_answers(self, invoke: Callable[..., Result], redis_url: str) -> None:
        verdict, message = line(invoke(LIMI_REDIS_URL=redis_url), "redis")
        assert verdict == "ok"
        assert re.fullmatch(r"answers in \d+\.\d ms", message)

    def test_one_that_does_not(self, invoke: Callable[..., Result]) -> None:
        verdict, message = line(invoke(LIMI_REDIS_URL="redis://:hunter2@127.0.0.1:9"), "redis")
        assert verdict == "FAIL"
        assert message.startswith(
            "it cannot be used: nothing listens there (ConnectionError) Check LIMI_REDIS_URL"
        )
        assert "hunter2" not in message

    def test_one_that_throws_windows_away(self, invoke: Callable[..., Result], redis_url: str) -> None:
        with Redis.from_url(redis_url) as operator:
            operator.config_set("maxmemory", "100mb")
            operator.config_set("maxmemory-policy", "allkeys-lru")
            try:
                verdict, message = line(invoke(LIMI_REDIS_URL=redis_url), "redis")
            finally:
                operator.config_set("maxmemory", "0")
                operator.config_set("maxmemory-policy", "noeviction")
        assert verdict == "FAIL"
        assert "noeviction" in message
