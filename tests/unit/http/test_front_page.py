"""What is at the root of the server."""

import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from limi.http.asgi import ASGIApp, Header
from limi.http.errors import Refusal
from limi.http.front_page import FrontPage
from limi.http.routes import make_routes
from limi.http.urls import URLMaker
from limi.http.web_build import WebBuild, WebFile
from tests.unit.http.harness import Answer, call, make_context, make_scope

_PAGE = WebFile(b"<html>", "text/html", 'W/"page"', gzip.compress(b"<html>"))
_SCRIPT = WebFile(b"run()", "text/javascript", 'W/"script"')
_BUILD = WebBuild(_PAGE, {"page-1.js": _SCRIPT})


def _app(*, build: WebBuild | None = _BUILD, upstream: str = "sandbox", anonymous: bool = True) -> ASGIApp:
    @asynccontextmanager
    async def lifespan() -> AsyncIterator[None]:
        yield

    front = FrontPage(
        upstream_name=upstream,
        environment="development",
        version="9.9.9",
        anonymous=anonymous,
        urls=URLMaker("/sandbox/v1"),
        build=build,
    )
    return make_routes(handlers=front.handlers(), lifespan=lifespan)


async def _get(app: ASGIApp, path: str, *headers: Header) -> Answer:
    return await call(app, make_scope("GET", path, *headers, context=make_context()))


async def test_the_voice_page_is_asked_for_anew_each_time_and_may_do_little() -> None:
    answer = await _get(_app(), "/")
    assert (answer.status, answer.body) == (200, b"<html>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert "connect-src 'self' http://localhost ws://localhost" in answer.headers["content-security-policy"]
    assert answer.headers["permissions-policy"].startswith("microphone=(self)")


async def test_an_asset_is_kept_for_ever() -> None:
    answer = await _get(_app(), "/assets/page-1.js")
    assert (answer.status, answer.body) == (200, b"run()")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_what_a_browser_has_already_is_not_sent_again() -> None:
    answer = await _get(_app(), "/", (b"if-none-match", b'"other", W/"page"'))
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["etag"] == 'W/"page"'
    assert (await _get(_app(), "/", (b"if-none-match", b'W/"older"'))).status == 200


@pytest.mark.parametrize(("accepted", "encoding"), [(b"br, gzip", "gzip"), (b"br", None), (b"gzip;q=0", None)])
async def test_whoever_takes_gzip_gets_it(accepted: bytes, encoding: str | None) -> None:
    answer = await _get(_app(), "/", (b"accept-encoding", accepted))
    assert answer.headers.get("content-encoding") == encoding
    assert answer.headers["vary"] == "accept-encoding"
    assert (gzip.decompress(answer.body) if encoding else answer.body) == b"<html>"


@pytest.mark.parametrize("path", ["/assets/page-2.js", "/assets/..%2Findex.html", "/assets/../index.html"])
async def test_an_asset_that_is_none_is_not_found(path: str) -> None:
    with pytest.raises(Refusal) as caught:
        await _get(_app(), path)
    assert caught.value.code == "not_found"


async def test_without_a_build_a_plain_page_says_what_runs_and_how_to_build() -> None:
    answer = await _get(_app(build=None), "/")
    page = answer.body.decode()
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    for text in (
        "sandbox",
        "development",
        "9.9.9",
        "make serve",
        "curl -X POST http://localhost/api/client-secret",
    ):
        assert text in page
    with pytest.raises(Refusal):
        await _get(_app(build=None), "/assets/page-1.js")


async def test_a_host_that_makes_the_keys_is_named_as_text() -> None:
    page = (await _get(_app(build=None, upstream="<b>.example"), "/")).body.decode()
    assert "Keys come from &lt;b&gt;.example" in page


@pytest.mark.parametrize(("anonymous", "authentication"), [(True, "optional"), (False, "required")])
async def test_programs_are_told_what_runs(*, anonymous: bool, authentication: str) -> None:
    answer = await _get(_app(anonymous=anonymous), "/api")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json == {
        "service": "Limi AI Backend",
        "version": "9.9.9",
        "environment": "development",
        "upstream": "sandbox",
        "authentication": authentication,
    }
