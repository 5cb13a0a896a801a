"""`limi serve`: its help lists every setting, and its first line says where it is."""

import json
import socket
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from limi.adapters.configuration import setting_infos
from limi.cli.serve import invitation, settings_help
from tests.unit.cli.processes import started


@pytest.mark.parametrize("env", [info.env for info in setting_infos()])
def test_help_lists_every_setting_with_its_meaning(env: str) -> None:
    info = next(info for info in setting_infos() if info.env == env)
    said = settings_help()
    assert f"\n{env}  ({info.path}" in said
    assert f")\n  {info.description}" in said


def test_help_says_what_holds_where_nothing_is_set() -> None:
    said = settings_help()
    assert "LIMI_PORT  (server.port, default 3001)\n" in said
    assert "LIMI_UPSTREAM_TIMEOUT_SECONDS  (upstream.timeout_seconds, default 10)\n" in said
    assert "LIMI_DATABASE_URL  (database.url, default sqlite:///.limi/limi.db)\n" in said
    assert "LIMI_REDIS_URL  (redis.url)\n" in said


def test_the_list_is_part_of_the_commands_help(invoke: Callable[..., Result]) -> None:
    output = invoke("serve", "--help").output
    for info in setting_infos():
        assert f"  {info.env}  ({info.path}" in output


@pytest.mark.parametrize(
    ("upstream", "words"),
    [
        ("sandbox", "the sandbox inside; set OPENAI_API_KEY"),
        ("openai", "come from OpenAI."),
        ("azure.example", "come from azure.example."),
    ],
)
def test_a_person_is_told_where_to_click(upstream: str, words: str) -> None:
    said = invitation("http://localhost:3001", upstream=upstream, page=True)
    assert "Open http://localhost:3001 and click Connect Voice." in said
    assert words in said
    assert "Connect Voice" not in invitation("http://localhost:3001", upstream=upstream, page=False)


def test_it_starts_with_no_configuration_and_says_where(folder: Path) -> None:
    with started("serve", "--port", "0", folder=folder) as server:
        lines = server.until('"limi.started"')
        event = json.loads(lines[-1])
        assert event["url"].startswith("http://localhost:")
        assert (event["upstream"], event["environment"]) == ("sandbox", "development")
        made = [json.loads(text) for text in lines if '"admin_key.made"' in text]
        assert [text["file"] for text in made] == [".limi/admin-key"]
        key = (folder / ".limi" / "admin-key").read_text().strip()
        with urllib.request.urlopen(f"{event['url']}/healthz", timeout=30) as answer:  # noqa: S310 - our own server
            assert answer.status == 200
        assert server.stop() == 0
        assert key not in "".join(lines) + server.rest()


def test_what_was_logged_last_is_written_before_it_ends(folder: Path) -> None:
    with started("serve", "--port", "0", folder=folder) as server:
        url = json.loads(server.until('"limi.started"')[-1])["url"]
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{url}/api/client-secret", data=b"{}", headers={"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - our own server
            assert json.load(answer)["ephemeralKey"].startswith("ek_")
        assert server.stop() == 0
        assert '"mint.succeeded"' in server.rest()


def test_a_port_that_is_taken_ends_the_start_with_a_line_that_says_so(
    run: Callable[..., subprocess.CompletedProcess[str]], folder: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("serve", "--port", str(port))
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"limi: 127.0.0.1:{port} cannot be had: Address already in use; ")
    assert ended.stderr.endswith(" or choose another with LIMI_PORT.\n")
    assert list(folder.iterdir()) == []


def test_an_address_of_another_machine_ends_the_start_before_anything_is_made(
    run: Callable[..., subprocess.CompletedProcess[str]], folder: Path
) -> None:
    ended = run("serve", "--port", "0", LIMI_HOST="203.0.113.1")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.endswith("; set LIMI_HOST to an address of this machine.\n")
    assert list(folder.iterdir()) == []


def test_the_command_line_wins_over_the_environment(folder: Path) -> None:
    with started("serve", "--port", "0", folder=folder, LIMI_PORT="1", LIMI_LOG_LEVEL="error") as server:
        event = json.loads(server.until('"limi.started"')[-1])
        assert not event["url"].endswith(":1")
        server.stop()
