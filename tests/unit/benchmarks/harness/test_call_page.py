"""The page with the button is served, and a click's moments are read."""

import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from benchmarks.harness.browser import Browser
from benchmarks.harness.call_page import Click, click_to_call, serving_page

_MOMENTS = {"key_ms": 4.0, "connected_ms": 90.0, "event_ms": 120.5}


class _Browser:
    """Remembers which page was opened, and knows what a click on it brings."""

    def __init__(self) -> None:
        self.opened = ""
        self.asked = 0

    @asynccontextmanager
    async def page(self, url: str) -> AsyncIterator[str]:
        self.opened = url
        yield "session"

    async def evaluate(self, _: str, expression: str) -> Any:
        self.asked += 1
        if expression == "clickOnce()":
            return _MOMENTS
        # The page is an empty one at first.
        return "undefined" if self.asked == 1 else "function"


async def test_a_click_is_made_on_a_page_that_knows_where_limi_is() -> None:
    browser = _Browser()
    click = await click_to_call(cast("Browser", browser), "http://localhost:1/", "http://localhost:2")
    assert click == Click(**_MOMENTS)
    assert browser.opened == "http://localhost:1/#http://localhost:2"


def test_the_page_is_served_within_the_block() -> None:
    with serving_page() as url, urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - our own server
        assert answer.headers["Content-Type"].startswith("text/html")
        assert b"clickOnce" in answer.read()
