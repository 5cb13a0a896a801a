"""Chromium is asked by number, and what goes wrong in a page is an error here."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from benchmarks.harness.browser import Browser, BrowserError, browsing

Answer = Callable[[dict[str, Any]], dict[str, Any]]


@asynccontextmanager
async def _browser(answer: Answer) -> AsyncIterator[Browser]:
    """A browser whose debugger answers what the test says, after an event that nobody asked for."""

    async def debugger(socket: ServerConnection) -> None:
        async for frame in socket:
            command = msgspec.json.decode(frame)
            await socket.send('{"method": "Target.targetCreated", "params": {}}')
            await socket.send(msgspec.json.encode({"id": command["id"], **answer(command)}).decode())

    async with serve(debugger, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with connect(f"ws://127.0.0.1:{port}", proxy=None) as socket:
            yield Browser(socket)


def _page(command: dict[str, Any]) -> dict[str, Any]:
    results = {
        "Target.createTarget": {"targetId": "t"},
        "Target.attachToTarget": {"sessionId": "s"},
        "Target.closeTarget": {"success": True},
        "Runtime.evaluate": {"result": {"type": "number", "value": 3}},
    }
    return {"result": results[command["method"]]}


async def test_a_page_is_opened_asked_and_closed() -> None:
    asked: list[dict[str, Any]] = []

    def answer(command: dict[str, Any]) -> dict[str, Any]:
        asked.append(command)
        return _page(command)

    async with _browser(answer) as browser, browser.page("http://localhost/") as session:
        assert await browser.evaluate(session, "1 + 2") == 3
    assert [command["method"].partition(".")[2] for command in asked] == [
        "createTarget",
        "attachToTarget",
        "evaluate",
        "closeTarget",
    ]
    assert asked[2]["sessionId"] == "s"


async def test_what_a_page_throws_is_an_error() -> None:
    thrown = {"exceptionDetails": {"text": "Uncaught", "exception": {"description": "Error: no microphone"}}}
    async with _browser(lambda _: {"result": {"result": {}, **thrown}}) as browser:
        with pytest.raises(BrowserError, match="no microphone"):
            await browser.evaluate("s", "call()")


async def test_a_command_that_is_refused_is_an_error() -> None:
    async with _browser(lambda _: {"error": {"message": "no such target"}}) as browser:
        with pytest.raises(BrowserError, match=r"Target\.closeTarget: no such target"):
            await browser.ask("Target.closeTarget", targetId="t")


async def test_a_browser_that_does_not_start_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(BrowserError, match="did not start"):
        async with asyncio.timeout(30), browsing("/bin/false", tmp_path / "profile"):
            pass
