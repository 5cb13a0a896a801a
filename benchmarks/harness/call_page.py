"""A page with a button that calls, served from an origin of its own, and what a click on it brings."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final

import msgspec

from benchmarks.harness.browser import Browser

__all__ = ["Click", "click_to_call", "serving_page"]

_PAGE: Final = Path(__file__).with_name("call_page.html")
_LOAD_SECONDS: Final = 30.0
_POLL_SECONDS: Final = 0.02


class Click(msgspec.Struct, frozen=True, kw_only=True):
    """When what was there after a click, in milliseconds."""

    key_ms: float
    connected_ms: float
    event_ms: float


@contextmanager
def serving_page() -> Iterator[str]:
    """Serve the page until the end of the block; yields its URL."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://localhost:{server.server_address[1]}/"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def click_to_call(browser: Browser, page: str, backend: str) -> Click:
    """Click in a new page.

    Args:
        browser: What opens it.
        page: Its URL.
        backend: Where Limi is.

    Raises:
        BrowserError: no call came of it.
    """
    async with browser.page(f"{page}#{backend}") as session:
        await _loaded(browser, session)
        return msgspec.convert(await browser.evaluate(session, "clickOnce()"), Click)


async def _loaded(browser: Browser, session: str) -> None:
    """Wait for the page's script: a new page is an empty one at first, which counts as complete."""
    async with asyncio.timeout(_LOAD_SECONDS):
        while await browser.evaluate(session, "typeof clickOnce") != "function":  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(_POLL_SECONDS)


class _Handler(BaseHTTPRequestHandler):
    """Answers everything with the page."""

    def do_GET(self) -> None:
        body = _PAGE.read_bytes()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has in the class above
        """Say nothing."""
