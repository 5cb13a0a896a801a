"""`limi sandbox`: the offline OpenAI alone."""

import asyncio
import json
import re
import socket
import ssl
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path

from websockets.sync.client import connect

from tests.integration.sandbox.caller import Caller
from tests.unit.cli.conftest import clean_environment
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


def test_a_test_runner_starts_it_with_a_pipe_and_it_ends_with_the_pipe(folder: Path) -> None:
    options = ["--port", "0", "--faults", "--print-json", "--ready-file", "ready.json", "--exit-with-parent"]
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "limi", "sandbox", *options],
        cwd=folder,
        env=clean_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        facts = json.loads(process.stdout.readline())
        assert facts["pid"] == process.pid
        headers = {"Authorization": f"Bearer {facts['api_key']}"}
        request = urllib.request.Request(f"{facts['base_url']}/_limi/faults", headers=headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server
            assert json.load(answer)["data"] == []
        assert json.loads((folder / "ready.json").read_text()) == facts
        process.stdin.close()
        assert process.wait(60) == 0


def test_by_tls_it_answers_those_who_trust_its_ca(folder: Path) -> None:
    with started("sandbox", "--port", "0", "--tls", folder=folder) as sandbox:
        line = sandbox.until("The sandbox answers at")[-1]
        found = re.search(r"OPENAI_BASE_URL=(https://localhost:(\d+)/v1) .* NODE_EXTRA_CA_CERTS=(\S+) ", line)
        assert found
        trust = ssl.create_default_context(cafile=found[3])
        request = urllib.request.Request(f"{found[1]}/models", headers={"Authorization": "Bearer any"})  # noqa: S310
        with urllib.request.urlopen(request, timeout=30, context=trust) as answer:  # noqa: S310 - our own server
            assert json.load(answer)["object"] == "list"
        url = f"wss://127.0.0.1:{found[2]}/v1/realtime?model=gpt-realtime"
        with connect(url, ssl=trust, additional_headers={"Authorization": "Bearer any"}) as connection:
            assert json.loads(connection.recv())["type"] == "session.created"
        with (
            socket.create_connection(("127.0.0.1", int(found[2])), timeout=30) as plain,
            trust.wrap_socket(plain, server_hostname="localhost") as secured,
        ):
            secured.sendall(b"no HTTP\r\n\r\n")
            assert secured.recv(1024).startswith(b"HTTP/1.1 400 ")
        assert sandbox.stop() == 0


def test_wrong_faults_are_a_sentence(folder: Path, run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    (folder / "rules.yaml").write_text("- {where: mint, what: explode}")
    ended = run("sandbox", "--port", "0", "--fault-rules", "rules.yaml")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "'faults[0].what'" in ended.stderr


def test_a_folder_for_the_ca_that_cannot_be_had_is_a_sentence(
    folder: Path, run: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    (folder / ".limi").write_text("")
    ended = run("sandbox", "--port", "0", "--tls")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("limi: --tls: ")


def test_webrtc_clients_are_told_the_address_that_was_asked_for(folder: Path) -> None:
    with started("sandbox", "--port", "0", "--public-ip", "203.0.113.7", "--print-json", folder=folder) as sandbox:
        port = json.loads(sandbox.until('"url"')[-1])["url"].rpartition(":")[2].partition("/")[0]
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/v1/realtime/calls",
            data=asyncio.run(_offer()),
            headers={"Authorization": "Bearer anything", "Content-Type": "application/sdp"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server
            lines = answer.read().decode().splitlines()
        assert {line.split()[4] for line in lines if line.startswith("a=candidate:")} == {"203.0.113.7"}
        assert sandbox.stop() == 0


async def _offer() -> bytes:
    caller = Caller()
    offer = await caller.offer()
    await caller.close()
    return offer.encode()


def test_an_address_that_is_none_is_refused(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    ended = run("sandbox", "--public-ip", "example.com")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "'example.com' is no IP address" in ended.stderr
