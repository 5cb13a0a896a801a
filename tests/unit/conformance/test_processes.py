"""Commands and sandboxes are started, watched and ended."""

import socket
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from conformance.processes import CommandError, SandboxError, run, running_sandbox


def test_a_command_that_fails_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="status 3"):
        run([sys.executable, "-c", "raise SystemExit(3)"], tmp_path)


def test_a_command_gets_its_variables(tmp_path: Path) -> None:
    run([sys.executable, "-c", "import os; assert os.environ['A'] == 'b'"], tmp_path, {"A": "b"})


def test_a_sandbox_answers_while_it_is_wanted(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, "--speech", "small") as ready:
        address = ("127.0.0.1", urlsplit(ready["base_url"]).port)
        socket.create_connection(address, timeout=20).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=20)


def test_a_sandbox_that_does_not_start_is_told(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="ended with"), running_sandbox(tmp_path, "--no-such-option"):
        pass
