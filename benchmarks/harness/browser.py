"""Chromium without a window, driven by the protocol of its own debugger (https://chromedevtools.github.io/devtools-protocol)."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

__all__ = ["Browser", "BrowserError", "browsing"]

_START_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.05
_ANSWER_SECONDS: Final = 30.0
_SWITCHES: Final = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    # A host without any network has only its loopback to offer, which browsers leave out otherwise.
    "--allow-loopback-in-peer-connection",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
)


class BrowserError(Exception):
    """The browser did not start, or a page did not do what it was asked."""


class Browser:
    """A running browser, asked one thing after the other."""

    def __init__(self, socket: ClientConnection) -> None:
        """Take over the debugger's socket."""
        self._socket = socket
        self._numbers = itertools.count(1)

    async def ask(self, method: str, *, session: str | None = None, **params: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Send a command and return its result; what the browser tells besides is skipped.

        Raises:
            BrowserError: it was refused, or there is no answer.
        """
        number = next(self._numbers)
        command = {"id": number, "method": method, "params": params}
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                addressed = {**command, "sessionId": session} if session else command
                await self._socket.send(msgspec.json.encode(addressed).decode())
                while (answer := msgspec.json.decode(await self._socket.recv())).get("id") != number:
                    pass
        except (TimeoutError, WebSocketException) as exc:
            raise BrowserError(f"{method}: the browser does not answer") from exc
        if "error" in answer:
            raise BrowserError(f"{method}: {answer['error']['message']}")
        result: dict[str, Any] = answer["result"]
        return result

    @asynccontextmanager
    async def page(self, url: str) -> AsyncIterator[str]:
        """Open a page until the end of the block; yields the session that commands to it name."""
        target = (await self.ask("Target.createTarget", url=url))["targetId"]
        try:
            yield (await self.ask("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        finally:
            with suppress(BrowserError):
                await self.ask("Target.closeTarget", targetId=target)

    async def evaluate(self, session: str, expression: str) -> Any:  # noqa: ANN401 - JSON
        """Return what an expression of JavaScript comes to in a page; a promise is waited for.

        Raises:
            BrowserError: it threw.
        """
        wanted = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        found = await self.ask("Runtime.evaluate", session=session, **wanted)
        if details := found.get("exceptionDetails"):
            thrown = details.get("exception", {})
            raise BrowserError(thrown.get("description") or details["text"])
        return found["result"].get("value")


@asynccontextmanager
async def browsing(program: str, folder: Path) -> AsyncIterator[Browser]:
    """Run Chromium until the end of the block.

    Args:
        program: Where it is.
        folder: For its profile; Chromium makes it.

    Raises:
        BrowserError: it did not start.
    """
    # Chromium refuses to put a sandbox around its pages where it is root.
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    switches = [*_SWITCHES, *as_root, f"--user-data-dir={folder}"]
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(program, *switches, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        url = await _debugger(process, folder / "DevToolsActivePort")
        async with connect(url, max_size=None, proxy=None) as socket:
            yield Browser(socket)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _debugger(process: asyncio.subprocess.Process, file: Path) -> str:
    """Wait for the file in which Chromium says where its debugger listens, and return the URL."""
    loop = asyncio.get_running_loop()
    until = loop.time() + _START_SECONDS
    while loop.time() < until and process.returncode is None:
        if len(lines := _lines(file)) > 1:
            return f"ws://127.0.0.1:{lines[0]}{lines[1]}"
        await asyncio.sleep(_POLL_SECONDS)
    raise BrowserError("Chromium did not start")


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="ascii").splitlines() if file.exists() else []
