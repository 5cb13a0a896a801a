"""Runs commands and servers for a conformance run."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Final

__all__ = ["CommandError", "SandboxError", "run", "running_sandbox", "say"]

_LONGEST_SECONDS: Final = 1800
"""For installing on a slow line, or a whole suite on a busy machine."""


class CommandError(Exception):
    """A command failed; its own words have been shown."""


class SandboxError(Exception):
    """The sandbox did not start; its own words have been shown."""


def say(text: str) -> None:
    """Tell whoever waits what happens now."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def run(command: Sequence[str | Path], folder: Path, environ: Mapping[str, str] = MappingProxyType({})) -> None:
    """Run a command to its end, its output on this process's standard error.

    Raises:
        CommandError: It failed or took too long.
    """
    try:
        subprocess.run(  # noqa: S603 - our own commands
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            check=True,
            timeout=_LONGEST_SECONDS,
        )
    except (OSError, subprocess.SubprocessError) as exc:
        raise CommandError(f"{command[0]}: {exc}") from exc


@contextmanager
def running_sandbox(folder: Path, *options: str) -> Iterator[Mapping[str, str]]:
    """Run `limi sandbox` of this checkout on a free port and yield what it says of itself as JSON.

    Raises:
        SandboxError: It ended before it answered.
    """
    command = [sys.executable, "-m", "limi", "sandbox", "--port", "0", "--print-json", "--exit-with-parent"]
    with subprocess.Popen(  # noqa: S603 - our own command
        [*command, *options], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        if process.stdin is None or process.stdout is None:
            raise SandboxError("there are no pipes to it")
        line = process.stdout.readline()
        if not line:
            raise SandboxError(f"limi sandbox ended with {process.wait()}")
        yield json.loads(line)
        # Whose standard input ends, ends itself; leaving the block waits for it.
        process.stdin.close()
