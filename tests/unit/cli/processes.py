"""Commands that run until they are stopped."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.unit.cli.conftest import clean_environment


class Started:
    """A running `limi`, both of whose streams are one."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def until(self, text: str) -> list[str]:
        """Read lines up to the one that holds `text`."""
        assert self._process.stdout
        lines: list[str] = []
        for line in self._process.stdout:
            lines.append(line)
            if text in line:
                return lines
        raise AssertionError(f"it ended without saying {text!r}: {lines}")

    def rest(self) -> str:
        assert self._process.stdout
        return self._process.stdout.read()

    def stop(self) -> int:
        """Ask it to end, and return how it did."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=30)


@contextmanager
def started(*arguments: str, folder: Path, **environ: str) -> Iterator[Started]:
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "limi", *arguments],
        cwd=folder,
        env={**clean_environment(), "PYTHONUNBUFFERED": "1", **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        try:
            yield Started(process)
        finally:
            process.kill()
