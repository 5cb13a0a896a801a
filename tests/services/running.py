"""A server program that a test run starts for itself: on a port of its own, with data that nobody will miss."""

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

__all__ = ["RunningProgram", "free_port", "make_folder"]

_PATIENCE_SECONDS: Final = 60.0
"""Longest wait for a server to answer: far above what a busy machine needs."""
_PORTS: Final = range(20_000, 32_000)
"""Below net.ipv4.ip_local_port_range, which begins at 32768."""
_PR_SET_PDEATHSIG: Final = 1
"""See prctl(2)."""


class RunningProgram:
    """One process, known by its own id and ended by it."""

    def __init__(
        self, command: Sequence[str], *, folder: Path, answers: Callable[[], bool], user: str | None
    ) -> None:
        """Start `command` and wait until it answers.

        Args:
            command: what to run; the first word is a path.
            folder: where it runs and where its log is kept.
            answers: says whether it does what it is for.
            user: who runs it, where that is not who runs the tests.
        """
        self._log = folder / "log"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - a server that the machine has
                command,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                user=user,
                group=user,
                extra_groups=[] if user else None,
                # Apart from the terminal's group: Ctrl-C is for the tests, which end the server afterwards.
                start_new_session=True,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - one call of the kernel, no lock of this process
            )
        self._wait_for(answers)

    @property
    def pid(self) -> int:
        return self._process.pid

    def end(self, number: int) -> None:
        """Send a signal and wait for the end; nothing when it has ended."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        self._process.wait(timeout=_PATIENCE_SECONDS)

    def _wait_for(self, answers: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not answers():
            ended = self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                self._process.kill()
                self._process.wait()
                raise RuntimeError(f"{self._process.args!r} does not answer:\n{self._log.read_text()}")
            time.sleep(0.02)


def _end_with_parent() -> None:
    """Have the kernel end this process when the one that started it does, however that happens (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def free_port() -> int:
    """Return a port of this machine that nobody listens on now, nor will by chance.

    It is below those that the kernel gives to whoever connects or listens on port 0: while a server of ours is
    killed and away, one of those might be taken by another's connection, or by a client's to itself.
    """
    for port in (secrets.choice(_PORTS) for _ in range(100)):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise RuntimeError(f"all ports of {_PORTS} are in use")


def make_folder(name: str, *, user: str | None = None) -> Path:
    """Return a new folder that only its owner can look into; pytest's own are below one that is root's alone."""
    folder = Path(tempfile.mkdtemp(prefix=f"limi-{name}-"))
    if user is not None:
        shutil.chown(folder, user, user)
    os.chmod(folder, 0o700)  # noqa: PTH101 - beside its neighbour above
    return folder
