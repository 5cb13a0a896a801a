"""A server in a process, a folder and an environment of its own, as an operator runs it."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from tests.architecture.log_watch import WATCH

__all__ = ["MINT", "Server", "audit", "audit_until", "environment", "free", "run_limi"]

MINT: Final = "/api/client-secret"
_SMALL_SPEECH: Final = {"LIMI_SPEECH": "small"}
"""What most tests start with, so that they are the same on every machine; `LIMI_SPEECH=auto` asks for the rest."""
_PATIENCE_SECONDS: Final = 30.0
"""Longest wait for a process to do what it should: far above what a busy machine needs."""


def environment(folder: Path, **settings: str) -> dict[str, str]:
    """Return an environment in which nothing is set but what Python needs and the test says."""
    return {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8", **settings}


@dataclass
class Server:
    """`limi serve`, running."""

    process: asyncio.subprocess.Process
    folder: Path
    log: list[str] = field(default_factory=list)
    started: dict[str, Any] = field(default_factory=dict)
    """The start line."""

    @classmethod
    @asynccontextmanager
    async def running(cls, folder: Path, **settings: str) -> AsyncIterator["Server"]:
        """Start in `folder`; kill at the end whatever still runs."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "limi", "serve", "--port", "0"),
            cwd=folder,
            env=environment(folder, **{**_SMALL_SPEECH, **settings}),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        server = cls(process, folder)
        ready = asyncio.Event()
        reading = asyncio.create_task(server._read_log(ready))
        try:
            await asyncio.wait_for(ready.wait(), _PATIENCE_SECONDS)
            assert server.started, "\n".join(server.log)
            yield server
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()
            await reading

    @property
    def url(self) -> str:
        return str(self.started["url"])

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=_PATIENCE_SECONDS)

    def kill(self) -> None:
        """End it as a power cut would: nothing runs after this."""
        self.process.kill()

    async def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self.process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(self.process.wait(), _PATIENCE_SECONDS) == 0, "\n".join(self.log)

    async def _read_log(self, ready: asyncio.Event) -> None:
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            text = line.decode().rstrip()
            WATCH.take(text)
            self.log.append(text)
            if '"limi.started"' in text:
                self.started = msgspec.json.decode(text)
                ready.set()
        ready.set()


async def run_limi(folder: Path, *arguments: str, **settings: str) -> tuple[int, str, str]:
    """Run a command to its end; return exit code, output and errors."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "limi", *arguments),
        cwd=folder,
        env=environment(folder, **settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), _PATIENCE_SECONDS)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    WATCH.take(err.decode())
    return process.returncode or 0, out.decode(), err.decode()


async def audit(folder: Path, **settings: str) -> list[dict[str, Any]]:
    """Return the rows of the audit log as the operator exports it."""
    code, out, err = await run_limi(folder, "audit", "export", "--format", "jsonl", **settings)
    assert code == 0, err
    WATCH.take(out)
    lines = [msgspec.json.decode(line) for line in out.splitlines()]
    return [line for line in lines if "event" in line]


async def audit_until(folder: Path, *, intents_ended: bool, **settings: str) -> list[dict[str, Any]]:
    """Export until every intent has an outcome, which after a crash takes until the lease ends."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            rows = await audit(folder, **settings)
            ended = {row["resolves"] for row in rows}
            left = [row for row in rows if row["event"] == "token.requested" and row["id"] not in ended]
            if not left or not intents_ended:
                return rows


def free(values: Mapping[str, str]) -> dict[str, str]:
    """Return settings under which callers are not limited and a crash is noticed soon."""
    return {"LIMI_TOKENS_PER_MINUTE": "1000000", "LIMI_JOURNAL_LEASE_SECONDS": "0.5", **values}
