"""The command `limi-client`, started as a person would, and in this process where its screen is looked at."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from limi.testing import Backend, SandboxInThread
from rich.console import Console
from voice.scripted import Talk

from limi_client import cli
from limi_client.cli._display import Display
from limi_client.voice import pcm_from_wav

HELLO = Path(__file__).parents[3] / "examples" / "hello.wav"
SCRIPT = """
hears: [Hello there]
turns:
  - user: {contains: hello}
    assistant: Good morning.
  - user: {contains: wait}
    assistant: [{wait_seconds: 60}, "Done."]
  - user: any
    assistant: I see.
"""
NOWHERE = "http://127.0.0.1:9/api"


def _run(*arguments: str | Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    source = str(Path(__file__).parents[1] / "src")
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "limi_client", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": source, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def _complaint(run: "subprocess.CompletedProcess[str]") -> str:
    """The one line that a failed command says."""
    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert line.startswith("limi-client: ")
    return line


@pytest.fixture
def limi_sandbox_options() -> dict[str, Any]:
    return {"script": SCRIPT}


def test_a_recording_is_said_and_the_answer_shown_and_saved(backend_url: str, tmp_path: Path) -> None:
    saved = tmp_path / "answer.wav"
    run = _run("talk", "--backend", backend_url, "--wav", HELLO, "--speed", "20", "--save", saved)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines() == ["You:  Hello there", "Limi: Good morning."]
    assert max(pcm_from_wav(saved)) > 0


def test_several_texts_are_a_conversation(backend_url: str) -> None:
    run = _run("talk", "--backend", backend_url, "--text", "hello", "--text", "Dobrý den")
    assert run.stdout.splitlines() == ["You:  hello", "Limi: Good morning.", "You:  Dobrý den", "Limi: I see."]


def test_a_key_is_printed_for_programs(shared_url: str) -> None:
    assert _run("key", "--backend", shared_url).stdout.startswith("ek_")
    all_of_it = json.loads(_run("key", "--json", "--session-id", "mine", "--backend", shared_url).stdout)
    assert all_of_it["session_id"] == "mine"
    assert all_of_it["urls"]["websocket"].startswith("ws://")


def test_health_is_a_line_and_an_exit_code(shared_url: str) -> None:
    assert _run("health", "--backend", shared_url).stdout.startswith("healthy: ")


def test_an_unhealthy_backend_fails_with_a_link(backend_url: str, limi_sandbox: SandboxInThread) -> None:
    limi_sandbox.faults.add("models", "refuse", status=401)
    line = _complaint(_run("health", "--backend", backend_url))
    assert "unhealthy" in line
    assert line.endswith("/errors/openai_auth_failed")


@pytest.mark.parametrize("command", [["health"], ["key"], ["talk", "--text", "hello"]])
def test_a_backend_that_is_not_there_is_one_line_with_a_link(command: list[str]) -> None:
    line = _complaint(_run(*command, "--backend", NOWHERE))
    assert "http://127.0.0.1:9" in line
    assert line.endswith("http://127.0.0.1:9/errors/network_error")


def test_a_file_that_is_not_there_is_one_line_and_costs_no_key() -> None:
    assert "nowhere.wav" in _complaint(_run("talk", "--backend", NOWHERE, "--wav", "nowhere.wav"))


def test_an_answer_that_takes_too_long_is_one_line(backend_url: str) -> None:
    line = _complaint(_run("talk", "--backend", backend_url, "--text", "wait", "--timeout", "0.5"))
    assert "within 0.5 seconds" in line


def test_a_speed_that_is_none_is_one_line() -> None:
    line = _complaint(_run("talk", "--backend", NOWHERE, "--wav", HELLO, "--speed", "0"))
    assert "--speed" in line


def test_a_microphone_without_the_extra_says_how_to_get_it(shared_url: str) -> None:
    line = _complaint(_run("talk", "--backend", shared_url, "--mic"))
    assert "pip install 'limi-ai-client[mic]'" in line or "libportaudio2" in line
    assert line.endswith("/errors/unsupported_platform")


def test_a_key_of_the_backend_comes_from_a_file_or_the_environment(
    shared_backend: Backend, tmp_path: Path
) -> None:
    url, file = f"{shared_backend.url}/api", tmp_path / "key"
    file.write_text(f"{shared_backend.admin_key}\n")
    assert _run("key", "--backend", url, "--api-key-file", file).returncode == 0
    line = _complaint(_run("key", "--backend", url, LIMI_API_KEY="limi_wrong_0000"))
    assert "auth_required" in line
    assert "limi_wrong" not in line


def test_what_is_asked_for_wrongly_is_explained() -> None:
    run = _run("talk")
    assert run.returncode == 2
    assert "--mic" in run.stderr


def test_without_rich_it_is_said_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "limi_client.cli._talk", None)
    assert cli.main(["talk", "--text", "hello"]) == 1
    assert "pip install 'limi-ai-client[cli]'" in capsys.readouterr().err


def test_ctrl_c_ends_it_quietly(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_api_key", interrupted)
    assert cli.main(["health"]) == 130
    assert capsys.readouterr().err == ""


async def test_on_a_terminal_meters_move_and_words_come_as_they_are_spoken() -> None:
    console = Console(force_terminal=True, width=80, record=True, color_system=None)
    async with Talk() as talk:
        with Display(talk.voice, console) as display:
            await talk.voice.connect()
            await talk.voice.send_audio(b"\x00\x40" * 2400)
            talk.session.say({"type": "response.output_text.delta", "item_id": "a", "delta": "Good mor"})
            await talk.settle()
            for event in talk.events:
                display.take(event)
            shown = _drawn(display)
    assert "Connected" in shown
    assert "Limi: Good mor …" in shown
    assert shown.count("━") > 10


def _drawn(display: Display) -> str:
    console = Console(width=80, record=True, file=open(os.devnull, "w", encoding="utf-8"), color_system=None)  # noqa: PTH123, SIM115
    with console.file:
        console.print(display._render())
        return console.export_text()


async def test_it_runs_in_an_event_loop_of_its_own() -> None:
    """Whoever calls `main` in a thread of a larger program gets an answer as well."""
    code = await asyncio.to_thread(cli.main, ["health", "--backend", NOWHERE])
    assert code == 1


@pytest.fixture
def heeded_ctrl_c() -> Iterator[None]:
    """Children heed it. What a shell runs in the background ignores it, and so would all that is started there."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded_ctrl_c")
def test_ctrl_c_in_a_conversation_keeps_what_was_said(backend_url: str, tmp_path: Path) -> None:
    saved = tmp_path / "answer.wav"
    command = ["talk", "--backend", backend_url, "--text", "hello", "--text", "wait", "--save", str(saved)]
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "limi_client", *command],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "src"), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        while not process.stdout.readline().startswith("Limi: "):
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (130, "")
    assert max(pcm_from_wav(saved)) > 0
