"""The command as a whole: its help, its version, and what it says of an operator's mistake."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from limi import __version__

COMMANDS = (
    "serve",
    "sandbox",
    "config",
    "doctor",
    "mint",
    "version",
    "audit",
    "stats",
    "key",
    "profile",
    "tenant",
    "db",
)


def test_help_names_every_command(invoke: Callable[..., Result]) -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    for command in COMMANDS:
        assert f"\n  {command} " in result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_of_its_own(command: str, invoke: Callable[..., Result]) -> None:
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert "Usage: limi" in result.output.replace("root", "limi")


def test_no_command_shows_help(invoke: Callable[..., Result]) -> None:
    assert "Commands:" in invoke().output


def test_the_version_for_people_and_for_programs(invoke: Callable[..., Result]) -> None:
    assert invoke("version").output.startswith(f"limi {__version__} (Python 3.")
    assert json.loads(invoke("version", "--json").output)["limi"] == __version__


@pytest.mark.parametrize(
    ("arguments", "environ", "sentence"),
    [
        (
            ["config"],
            {"LIMI_PORT": "http"},
            "limi: LIMI_PORT (server.port) must be a whole number from 0 to 65535.\n",
        ),
        (["doctor"], {"LIMI_NOT_THERE": "1"}, "limi: LIMI_NOT_THERE is not a setting of Limi."),
        (
            ["serve"],
            {"LIMI_ENV": "production"},
            "limi: OPENAI_API_KEY, LIMI_SECRET_KEY_FILE and LIMI_ADMIN_KEY_FILE are",
        ),
        (["serve"], {"LIMI_UPSTREAM_URL": "https://api.openai.com/v1"}, "limi: OPENAI_API_KEY is required"),
        (
            ["serve", "--port", "0"],
            {"LIMI_DATABASE_URL": "mysql://u:secret@host/db"},
            "limi: LIMI_DATABASE_URL (database.url): ",
        ),
    ],
)
def test_an_operators_mistake_is_one_sentence_and_exit_code_2(
    arguments: list[str],
    environ: dict[str, str],
    sentence: str,
    run_main: Callable[..., tuple[object, str, str]],
) -> None:
    code, out, err = run_main(*arguments, **environ)
    assert (code, out) == (2, "")
    assert sentence in err
    assert "Traceback" not in err
    assert "secret@" not in err


def test_the_module_runs_the_same_command(run: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    assert run("version").stdout.startswith(f"limi {__version__}")
    refused = run("serve", LIMI_PORT="70000")
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr == "limi: LIMI_PORT (server.port) must be a whole number from 0 to 65535.\n"


def test_an_unknown_command_is_refused(run_main: Callable[..., tuple[object, str, str]]) -> None:
    code, _, err = run_main("serv")
    assert code == 2
    assert "No such command 'serv'" in err


def test_a_process_without_standard_streams_keeps_their_numbers_free_of_files(folder: Path) -> None:
    """A daemon may be started with all three closed; what is printed must then not land in the database."""
    script = (
        "import os, sys\nimport limi.cli\nmodule = sys.modules['limi.cli.main']\n"
        "def app():\n"
        "    print('for nobody'), print('for nobody', file=sys.stderr)\n"
        "    told = open('told', 'w')\n"
        "    told.write(str([sys.stdin.read(), told.fileno() > 2]))\n"
        "module.app = app\nmodule.main()\n"
    )
    command = ["sh", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, script]
    subprocess.run(command, cwd=folder, timeout=60, check=True)  # noqa: S603 - a script of ours
    assert (folder / "told").read_text() == "['', True]"
