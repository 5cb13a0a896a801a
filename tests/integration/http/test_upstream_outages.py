"""An upstream that is silent, slow or gone."""

import asyncio
import socket
from urllib.parse import urlsplit

import pytest

from limi.testing import Reply, running_backend
from tests.integration.http.harness import MINT, OpenSite, Site, assert_error


@pytest.mark.parametrize("reply", [Reply(silent=True), Reply(200, b"{", {"content-length": "9999"})])
async def test_a_silent_upstream_is_a_timeout(opened: OpenSite, reply: Reply) -> None:
    site = await opened(environ={"LIMI_UPSTREAM_TIMEOUT_SECONDS": "0.1"})
    site.upstream.queued.append(reply)
    response = await site.mint({})
    body = assert_error(response, "openai_timeout", 504)
    assert body["message"] == "OpenAI API request timeout"
    assert body["action"] == "Retry request or check OpenAI status"
    assert (body["retryAfter"], response.headers["retry-after"]) == (5000, "5")


async def test_an_upstream_that_is_not_there_is_token_generation_failed(site: Site) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    async with running_backend(upstream_url=f"http://127.0.0.1:{port}/v1") as backend:
        response = await site.client.post(f"{backend.url}{MINT}")
    body = assert_error(response, "token_generation_failed", 502)
    assert str(port) not in body["message"]
    assert urlsplit(body["reference"]).netloc == urlsplit(backend.url).netloc


async def test_more_mints_in_flight_than_allowed_are_overload(opened: OpenSite) -> None:
    """Whoever is too many is told at once, and the others get their keys."""
    site = await opened(environ={"LIMI_UPSTREAM_MAX_IN_FLIGHT": "2"})
    site.upstream.gate = asyncio.Event()
    mints = [asyncio.create_task(site.mint({})) for _ in range(2)]
    await site.upstream.until_asked(2)
    response = await site.mint({})
    body = assert_error(response, "overloaded", 503)
    assert (body["retryAfter"], response.headers["retry-after"]) == (1000, "1")
    site.upstream.gate.set()
    assert [answer.status_code for answer in await asyncio.gather(*mints)] == [200, 200]
    assert (await site.mint({})).status_code == 200
