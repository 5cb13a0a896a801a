"""Servers are started, found ready, and leave nothing behind."""

import os
import signal
import sys
from pathlib import Path

import msgspec
import pytest

from benchmarks.harness.servers import Contender, NotReadyError, post, running
from benchmarks.harness.upstream import EPHEMERAL_KEY


class _Clock:
    """Time that only waiting moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


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


def test_a_server_that_ended_is_named_with_its_status(contender: Contender, tmp_path: Path) -> None:
    with running(contender, core=0, upstream_url="", folder=tmp_path) as server:
        server.must_run()
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        with pytest.raises(NotReadyError, match="ended with status -9 while it was measured"):
            server.must_run()


@pytest.mark.parametrize(("used", "seconds"), [([0.0], 0.5), ([0.0, 0.2, 0.4, 0.4], 0.9)])
def test_the_rest_after_a_load_lasts_until_the_server_does_nothing(
    contender: Contender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, used: list[float], seconds: float
) -> None:
    """What it used so far is asked for after the pause and then every fifth of a second."""
    with running(contender, core=0, upstream_url="", folder=tmp_path) as server:
        clock, readings = _Clock(), iter(used)
        monkeypatch.setattr("benchmarks.harness.servers.time", clock)
        monkeypatch.setattr("benchmarks.harness.servers.cpu_seconds", lambda _: next(readings, used[-1]))
        server.rest(0.3)
        monkeypatch.undo()
    assert clock.now == pytest.approx(seconds)


def test_a_server_that_never_rests_is_not_waited_for_without_end(
    contender: Contender, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(contender, core=0, upstream_url="", folder=tmp_path) as server:
        clock = _Clock()
        monkeypatch.setattr("benchmarks.harness.servers.time", clock)
        monkeypatch.setattr("benchmarks.harness.servers.cpu_seconds", lambda _: clock.now)
        server.rest(0.3)
        monkeypatch.undo()
    assert 10 < clock.now < 11
