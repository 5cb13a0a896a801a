"""The voice page behind everything that every request passes through."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from limi.adapters.configuration import load_settings
from limi.app import create_app
from limi.features.journal.memory import InMemoryJournalStore
from limi.http.web_build import WebBuild, WebFile
from limi.testing import serving
from limi.testing.backend import known_keys
from tests.integration.http.harness import assert_error

_BUILD = WebBuild(
    WebFile(b"<html>", "text/html", 'W/"page"'), {"page-1.js": WebFile(b"run()", "text/javascript", 'W/"script"')}
)


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """Ask a backend that has the page."""
    settings = load_settings({"LIMI_SPEECH": "small"})
    app = create_app(settings, keys=known_keys(), store=InMemoryJournalStore(), web=_BUILD)
    async with serving(app.asgi) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield client


async def test_the_page_brings_its_own_policy_and_keeps_the_other_protections(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")
    assert (answer.status_code, answer.content) == (200, b"<html>")
    assert len(answer.headers.get_list("content-security-policy")) == 1
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"


async def test_the_page_may_connect_to_where_a_key_sends_it(client: httpx.AsyncClient) -> None:
    urls = (await client.post("/api/client-secret")).json()["urls"]
    policy = (await client.get("/")).headers["content-security-policy"]
    for url in urls.values():
        origin = "/".join(url.split("/")[:3])
        assert f" {origin}" in policy.partition("connect-src")[2]


async def test_an_asset_can_do_nothing_by_itself(client: httpx.AsyncClient) -> None:
    answer = await client.get("/assets/page-1.js")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src")


@pytest.mark.parametrize("path", ["/assets/page-2.js", "/assets/", "/assets/%2e%2e%2findex.html", "/index.html"])
async def test_what_is_not_in_the_build_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    assert_error(await client.get(path), "not_found")


async def test_a_head_has_the_length_and_no_body(client: httpx.AsyncClient) -> None:
    answer = await client.head("/assets/page-1.js")
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "5")


async def test_a_repeat_costs_nothing(client: httpx.AsyncClient) -> None:
    first = await client.get("/")
    again = await client.get("/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_page_can_ask_what_runs_here(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api")
    assert (answer.json()["upstream"], answer.json()["authentication"]) == ("sandbox", "optional")
