"""Servers are started, found ready, and leave nothing behind."""

import os
import sys
from pathlib import Path

import msgspec
import pytest

from benchmarks.harness.servers import Contender, NotReadyError, post, running
from benchmarks.harness.upstream import EPHEMERAL_KEY


def test_a_server_answers_within_the_block_and_is_gone_after_it(contender: Contender, tmp_path: Path) -> None:
    with running(contender, core=0, upstream_url="http://127.0.0.1:9/v1", folder=tmp_path) as server:
        status, answer = post(contender, server.port)
        assert (status, answer["value"]) == (200, EPHEMERAL_KEY)
        assert server.start_seconds > 0
        assert server.resident_bytes > 0
    assert server.process.poll() is not None
    assert post(contender, server.port) == (0, None)


def test_a_server_may_use_all_cores_where_none_is_named(contender: Contender, tmp_path: Path) -> None:
    with running(contender, core=None, upstream_url="http://127.0.0.1:9/v1", folder=tmp_path) as server:
        assert os.sched_getaffinity(server.process.pid) == os.sched_getaffinity(0)


def test_a_server_that_ends_says_why(contender: Contender, tmp_path: Path) -> None:
    broken = msgspec.structs.replace(
        contender, command=lambda _: [sys.executable, "-c", "raise SystemExit('no licence')"]
    )
    with (
        pytest.raises(NotReadyError, match="no licence"),
        running(broken, core=0, upstream_url="http://127.0.0.1:9/v1", folder=tmp_path),
    ):
        pass
