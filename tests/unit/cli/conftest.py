"""Runs commands: most in this process, a few as a user does."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import pytest
import structlog
from typer.testing import CliRunner, Result

from limi.cli.main import app, main


class Invoke(Protocol):
    def __call__(self, *arguments: str, **environ: str) -> Result: ...


Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory: what Limi keeps below it belongs to one test."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def _log_elsewhere() -> None:
    """Keep what a backend of the test logs out of the output of the command that is tested."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))


@pytest.fixture
def invoke() -> Invoke:
    """Call the command line; what it raises is raised here too."""

    def invoke(*arguments: str, **environ: str) -> Result:
        # Wide, so that sentences are found on the line they begin on.
        return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", **environ}, catch_exceptions=False)

    return invoke


@pytest.fixture
def invoke_beside(invoke: Invoke) -> Callable[..., "asyncio.Future[Result]"]:
    """Call it in a thread, while servers of the test run in the loop."""

    def invoke_beside(*arguments: str, **environ: str) -> "asyncio.Future[Result]":
        return asyncio.ensure_future(asyncio.to_thread(invoke, *arguments, **environ))

    return invoke_beside


@pytest.fixture
def run_main(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[object, str, str]]:
    """Call `main` as the installed script does, and give exit code, output and errors."""

    def run_main(*arguments: str, **environ: str) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["limi", *arguments])
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        return caught.value.code, out, err

    return run_main


@pytest.fixture
def run(folder: Path) -> Run:
    """Run `python -m limi` in a process of its own, to its end."""

    def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 - our own command
            [sys.executable, "-m", "limi", *arguments],
            cwd=folder,
            env={**clean_environment(), **environ},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


def clean_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("LIMI_", "OPENAI_"))}
