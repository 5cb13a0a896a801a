"""Limits over several processes: together they admit what one would, not one request more."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.services.redis import RedisServer

_ROOT = Path(__file__).parents[3]
_PROGRAM = Path(__file__).with_name("counting_process.py")
_PROCESSES = 4
_LIMIT = 150


@pytest.mark.soak
def test_four_processes_admit_exactly_the_limit(redis: RedisServer, tell: Callable[[str], None]) -> None:
    """Three callers with a limit each, and one for all that lets two of the three through."""
    requests = 20_000 if os.environ.get("LIMI_SOAK") else 2_000
    arguments = [redis.url, str(_PROCESSES), str(requests // _PROCESSES), str(_LIMIT)]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(_ROOT / "src")}
    processes = [
        subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, str(_PROGRAM), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        for _ in range(_PROCESSES)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    outcomes = [json.loads(process.communicate(timeout=60)[0]) for process in processes]
    passed = sum((Counter(outcome["passed"]) for outcome in outcomes), Counter[str]())
    assert all(outcome["shared"] for outcome in outcomes)
    tell(f"{requests} requests: {passed.total()} passed of {2 * _LIMIT} that may")
    assert passed.total() == 2 * _LIMIT
    assert max(passed.values()) <= _LIMIT
