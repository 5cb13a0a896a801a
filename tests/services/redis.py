"""A Redis (or Valkey) server for one test run."""

import shutil
import signal
import socket
import time
from itertools import islice
from typing import Final

from limi.adapters.redis.window_script import LIFE_KEY
from tests.services.running import RunningProgram, free_port, make_folder

__all__ = ["RedisServer"]

_NAMES: Final = ("redis-server", "valkey-server")


class RedisServer:
    """A server that keeps nothing on disk."""

    def __init__(self) -> None:
        self._program_path = next(filter(None, map(shutil.which, _NAMES)), None)
        if self._program_path is None:
            raise RuntimeError("Redis is missing: run scripts/system_packages.sh redis-server")
        self._folder = make_folder("redis")
        self.port = free_port()
        self._program = self._start()

    @property
    def url(self) -> str:
        """Its URL as `LIMI_REDIS_URL` takes it."""
        return f"redis://127.0.0.1:{self.port}/0"

    def flush(self) -> None:
        """Forget everything."""
        assert self._say("FLUSHALL") == ["+OK"]

    def grow_up(self) -> None:
        """Make it look as if it kept the limits for hours: one that may have forgotten is not asked at first."""
        run_id = next(line for line in self._say("INFO server", lines=60) if line.startswith("run_id:"))
        since = (int(time.time()) - 7200) * 1_000_000
        assert self._say(f'SET {LIFE_KEY.decode()} "{run_id.partition(":")[2]} {since}"') == ["+OK"]

    def kill(self) -> None:
        """End it as a power cut would: what it held is gone."""
        self._program.end(signal.SIGKILL)

    def restart(self) -> None:
        """Start it again on the same port, empty."""
        self._program = self._start()

    def close(self) -> None:
        """End it and remove its folder."""
        self._program.end(signal.SIGKILL)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self) -> RunningProgram:
        command = [
            str(self._program_path),
            *("--port", str(self.port)),
            *("--bind", "127.0.0.1"),
            *("--save", ""),
            *("--appendonly", "no"),
            *("--dir", str(self._folder)),
        ]
        return RunningProgram(command, folder=self._folder, answers=self._answers, user=None)

    def _answers(self) -> bool:
        try:
            return self._say("PING") == ["+PONG"]
        except OSError:
            return False

    def _say(self, command: str, *, lines: int = 1) -> list[str]:
        """Send one inline command and return the first lines of the answer.

        https://redis.io/docs/latest/develop/reference/protocol-spec/
        """
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(f"{command}\r\nQUIT\r\n".encode())
            answer = connection.makefile("rb")
            return [line.decode().strip() for line in islice(answer, lines)]
