"""The PostgreSQL of a measurement."""

import os
from pathlib import Path

import psycopg
import pytest

from benchmarks.harness.postgres_server import find_programs, postgres_running, postgres_version
from benchmarks.harness.processes import choose_cores
from benchmarks.harness.servers import NotReadyError


def test_it_answers_until_the_end_of_the_block_and_its_time_is_counted() -> None:
    cores, core = os.sched_getaffinity(0), choose_cores().load
    with postgres_running(core=core) as server:
        with psycopg.connect(server.url) as connection:
            row = connection.execute("SHOW fsync").fetchone()
            connection.execute("SELECT sum(n) FROM generate_series(1, 1000000) AS n")
        assert row == ("on",), "an audit log waits for the disk"
        assert server.cpu_seconds > 0
        assert os.sched_getaffinity(server.pid) == {core}
        assert os.sched_getaffinity(0) == cores, "what is started beside it may use every core"
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(server.url, connect_timeout=5)


def test_the_newest_of_several_versions_is_taken(tmp_path: Path) -> None:
    for version in ("9", "15"):
        (tmp_path / version / "bin").mkdir(parents=True)
        (tmp_path / version / "bin" / "initdb").touch()
    assert find_programs(tmp_path) == tmp_path / "15" / "bin"


def test_where_there_is_none_the_message_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotReadyError, match=r"PostgreSQL is missing: run scripts/system_packages\.sh postgresql"):
        find_programs(tmp_path)


def test_its_version_is_a_number() -> None:
    assert int(postgres_version().split(".")[0]) >= 9
