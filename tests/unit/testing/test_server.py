import asyncio
from typing import Any
from urllib.request import urlopen

import pytest

from limi.testing import serving


class Echo:
    """Answers with the path, and notes how it was started and stopped."""

    def __init__(self, *, fails: bool = False) -> None:
        self.life: list[str] = []
        self._fails = fails

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            self.life.append("started")
            await send({"type": "lifespan.startup.failed" if self._fails else "lifespan.startup.complete"})
            if not self._fails:
                await receive()
                self.life.append("stopped")
                await send({"type": "lifespan.shutdown.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": scope["path"].encode()})


def fetch(url: str) -> bytes:
    with urlopen(url, timeout=30) as answer:  # noqa: S310 - our own server
        body: bytes = answer.read()
        return body


async def test_it_answers_on_loopback_while_the_test_runs() -> None:
    async with serving(Echo()) as url:
        assert url.startswith("http://127.0.0.1:")
        assert await asyncio.to_thread(fetch, f"{url}/path") == b"/path"


async def test_the_application_lives_as_long_as_it_is_served() -> None:
    app = Echo()
    async with serving(app):
        assert app.life == ["started"]
    assert app.life == ["started", "stopped"]


async def test_an_application_without_a_lifespan_can_be_served() -> None:
    app = Echo()
    async with serving(app, lifespan=False) as url:
        await asyncio.to_thread(fetch, url)
    assert app.life == []


async def test_several_run_side_by_side() -> None:
    async with serving(Echo()) as one, serving(Echo()) as other:
        assert one != other


async def test_an_application_that_does_not_start_is_an_error_and_not_a_silence() -> None:
    with pytest.raises(RuntimeError, match="did not start"):
        async with serving(Echo(fails=True)):
            pytest.fail("it must not be served")


async def test_a_test_that_fails_still_stops_the_server() -> None:
    app = Echo()
    with pytest.raises(ZeroDivisionError):
        async with serving(app):
            _ = 1 / 0
    assert app.life == ["started", "stopped"]
