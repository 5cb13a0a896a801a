"""The steps of the question about access: what runs, who asks, and what makes a measurement void."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import msgspec
import pytest
import sqlalchemy

from benchmarks.harness.access_setup import (
    Caller,
    Step,
    Stores,
    admit,
    check_callers,
    check_limits,
    stores_running,
)
from benchmarks.harness.answers import DifferentAnswerError
from benchmarks.harness.postgres_server import PostgresServer
from benchmarks.harness.processes import choose_cores
from benchmarks.harness.redis_server import redis_cpu_seconds
from benchmarks.harness.servers import Contender, Launch
from limi.adapters.sql import upgrade
from limi.adapters.sql.engine import open_engine, write_transaction

_PLAIN = Step(name="plain", title="Plain", caller=Caller.ANYBODY)
_SHARED = Step(name="shared", title="Shared", caller=Caller.TENANT_KEY, redis=True, postgres=True, workers=2)
_STORES = Stores(redis_url="redis://127.0.0.1:1/0", postgres=PostgresServer(1, "postgresql://u@127.0.0.1:2/d"))


def _launch(folder: Path) -> Launch:
    return Launch(port=1, upstream_url="http://127.0.0.1:2/v1", folder=folder)


def test_the_plain_step_has_limits_in_memory_and_its_journal_in_its_folder(tmp_path: Path) -> None:
    environ = _PLAIN.contender().environ(_launch(tmp_path))
    assert "LIMI_REDIS_URL" not in environ
    assert "LIMI_WORKERS" not in environ
    assert environ["LIMI_DATABASE_URL"] == f"sqlite:///{tmp_path}/journal.db"


def test_a_step_with_stores_is_told_where_they_are_and_how_many_share_them(tmp_path: Path) -> None:
    environ = _SHARED.contender(_STORES).environ(_launch(tmp_path))
    assert environ["LIMI_REDIS_URL"] == "redis://127.0.0.1:1/0"
    assert environ["LIMI_DATABASE_URL"] == "postgresql://u@127.0.0.1:2/d"
    assert (environ["LIMI_WORKERS"], environ["LIMI_PROCESSES"]) == ("2", "2")


def test_versions_name_the_stores_of_the_step_only() -> None:
    assert "postgresql" not in _PLAIN.contender().versions()
    assert {"redis-server", "postgresql", "psycopg"} <= set(_SHARED.contender().versions())


def test_its_redis_is_empty_and_decides_at_once(tmp_path: Path) -> None:
    step = Step(name="redis", title="Redis", caller=Caller.TENANT_KEY, redis=True)
    with stores_running(step, core=choose_cores().load, folder=tmp_path) as stores:
        assert stores.redis_url is not None
        assert redis_cpu_seconds(stores.redis_url) > 0
        assert stores.postgres_cpu_seconds == 0


class _Admin(BaseHTTPRequestHandler):
    """Makes what it is asked for, and keeps what that was."""

    asked: list[tuple[str, str | None, object]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.asked.append((self.path, self.headers["authorization"], msgspec.json.decode(body)))
        answer = b'{"key": {"id": "abcdefgh"}, "secret": "limi_sk_made_up"}'
        self.send_response(201)
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _admin() -> Iterator[tuple[int, list[tuple[str, str | None, object]]]]:
    asked: list[tuple[str, str | None, object]] = []
    handler = type("_Recording", (_Admin,), {"asked": asked})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, asked
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a server that has made its operator's key."""
    (tmp_path / ".limi").mkdir()
    (tmp_path / ".limi" / "admin-key").write_text("limi_admin_made_up\n")
    return tmp_path


def test_a_tenants_caller_has_its_key_made_by_the_operator(folder: Path) -> None:
    with _admin() as (port, asked):
        contender, caller = admit(_SHARED, _SHARED.contender(_STORES), port=port, folder=folder)
    assert (contender.authorization, caller) == ("Bearer limi_sk_made_up", "key:abcdefgh")
    assert contender.path == "/api/client-secret"
    operator = "Bearer limi_admin_made_up"
    assert asked == [
        ("/api/admin/tenants", operator, {"id": "bench", "tokensPerMinute": 1_000_000}),
        ("/api/admin/keys", operator, {"name": "benchmark", "tenant": "bench"}),
    ]


def test_an_operators_key_belongs_to_no_tenant(folder: Path) -> None:
    step = Step(name="key", title="Key", caller=Caller.KEY)
    with _admin() as (port, asked):
        admit(step, step.contender(), port=port, folder=folder)
    assert [(path, body) for path, _, body in asked] == [("/api/admin/keys", {"name": "benchmark"})]


def test_an_anonymous_caller_is_known_by_its_address(tmp_path: Path) -> None:
    contender = _PLAIN.contender()
    assert admit(_PLAIN, contender, port=1, folder=tmp_path) == (contender, "ip:127.0.0.1")


def test_a_server_that_makes_no_key_is_not_measured(contender: Contender, folder: Path) -> None:
    with pytest.raises(DifferentAnswerError, match="made-up answers 0 to the operator who makes tenants"):
        admit(_SHARED, contender, port=1, folder=folder)


def test_two_facts_of_the_caller_are_needed_for_each_key(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'journal.db'}"
    upgrade(url)
    engine = open_engine(url)
    row = "INSERT INTO journal (id, writer, at, event, outcome, request_id, caller) VALUES "
    with write_transaction(engine) as connection:
        for number, caller in enumerate(["key:a"] * 4 + ["ip:127.0.0.1"] * 9):
            connection.execute(sqlalchemy.text(f"{row} ('{number}', 'w', 1, 'e', 'o', 'r', '{caller}')"))
    engine.dispose()
    check_callers(url, "key:a", 2)
    with pytest.raises(DifferentAnswerError, match="4 facts of the caller in the journal for 3 keys"):
        check_callers(url, "key:a", 3)


def test_a_run_that_lost_its_redis_is_void(tmp_path: Path) -> None:
    log = tmp_path / "1.log"
    log.write_text('{"event":"mint.succeeded"}\n')
    check_limits(tmp_path)
    log.write_text('{"event":"limits.alone"}\n')
    with pytest.raises(DifferentAnswerError, match="Redis was lost"):
        check_limits(tmp_path)
