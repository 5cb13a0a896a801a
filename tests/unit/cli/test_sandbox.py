"""`limi sandbox`: the offline OpenAI alone."""

import json
import re
import socket
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

from tests.unit.cli.processes import started


def test_it_says_how_to_point_an_sdk_at_it_and_answers_there(folder: Path) -> None:
    with started("sandbox", "--port", "0", folder=folder) as sandbox:
        line = sandbox.until("The sandbox answers at")[-1]
        found = re.search(r"OPENAI_BASE_URL=(http://localhost:\d+/v1) OPENAI_API_KEY=sk-anything", line)
        assert found
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{found[1]}/models", headers={"Authorization": "Bearer anything"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server
            assert json.load(answer)["object"] == "list"
        assert sandbox.stop() == 0
    assert not (folder / ".limi").exists()


def test_a_port_that_is_taken_is_a_sentence_that_names_the_option(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = run("sandbox", "--port", str(taken.getsockname()[1]))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "cannot be had: Address already in use; " in ended.stderr
    assert ended.stderr.endswith(" or choose another with --port.\n")


def test_an_address_of_another_machine_is_a_sentence_that_names_the_option(
    run: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    ended = run("sandbox", "--host", "203.0.113.1")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.endswith("; set --host to an address of this machine.\n")
