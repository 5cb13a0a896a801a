"""Clients that mean no good, or whose networks are poor: on every kind of route, bounds of bytes and seconds."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from tests.e2e.harness import MINT, Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

_SETTINGS = {
    "LIMI_TOKENS_PER_MINUTE": "1000000",
    "LIMI_LIMITS_CONNECTIONS_PER_MINUTE": "1000000",
    "LIMI_SERVER_MAX_HEAD_BYTES": "4096",
    "LIMI_SERVER_HEAD_SECONDS": "0.3",
    "LIMI_SERVER_BODY_SECONDS": "0.3",
    "LIMI_SERVER_WRITE_SECONDS": "0.5",
}
_POSTS = [
    MINT,
    "/api/admin/keys",
    "/sandbox/v1/realtime/client_secrets",
    "/sandbox/v1/realtime/calls",
]
_GETS = [
    "/",
    "/healthz",
    "/metrics",
    "/openapi.json",
    f"{MINT}/stats",
    f"{MINT}/health",
    "/api/admin/keys",
    "/sandbox/v1/models",
    "/sandbox/v1/realtime",
    "/no-such-path",
]
_UPGRADE = (
    "connection: upgrade\r\nupgrade: websocket\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


class Site:
    """A server with short patience."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.admin_key = (server.folder / ".limi" / "admin-key").read_text().strip()

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(self.server.url).port)
        try:
            yield reader, writer
        finally:
            writer.close()

    async def answer(self, *parts: bytes) -> tuple[int, Any]:
        """Send and return status and body of what comes until the server closes."""
        async with self.connected() as (reader, writer):
            for part in parts:
                writer.write(part)
            answer = await asyncio.wait_for(reader.read(), 20)
        head, _, body = answer.partition(b"\r\n\r\n")
        return int(head.split(b" ")[1]), json.loads(body)

    def head(self, method: str, path: str, *lines: str) -> bytes:
        given = "".join(f"{line}\r\n" for line in lines)
        key = f"authorization: Bearer {self.admin_key}\r\n" if "sandbox" not in path else ""
        return f"{method} {path} HTTP/1.1\r\nhost: localhost\r\n{key}{given}".encode()


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with Server.running(tmp_path_factory.mktemp("abuse"), **_SETTINGS) as server:
        yield Site(server)


def _code(body: Any) -> Any:
    return body["error"]["code"] if isinstance(body["error"], dict) else body["code"]


def _all(methods: Sequence[tuple[str, Sequence[str]]]) -> list[tuple[str, str]]:
    return [(method, path) for method, paths in methods for path in paths]


@pytest.mark.parametrize(("method", "path"), _all([("GET", _GETS), ("POST", _POSTS)]))
async def test_a_head_that_stops_halfway_is_answered_408(site: Site, method: str, path: str) -> None:
    status, body = await site.answer(site.head(method, path) + b"x-half: ")
    assert (status, _code(body)) == (408, "request_timeout")


@pytest.mark.parametrize(("method", "path"), _all([("GET", _GETS), ("POST", _POSTS)]))
async def test_a_head_that_is_too_long_is_answered_431(site: Site, method: str, path: str) -> None:
    status, body = await site.answer(site.head(method, path) + b"x-long: " + b"a" * 4096)
    assert (status, _code(body)) == (431, "headers_too_large")


@pytest.mark.parametrize("path", _POSTS)
@pytest.mark.parametrize("how", ["content-length: 100", "transfer-encoding: chunked"])
async def test_a_body_that_does_not_arrive_is_answered_408(site: Site, path: str, how: str) -> None:
    body = b'{"a"' if "length" in how else b'4\r\n{"a"\r\n'
    head = site.head("POST", path, "content-type: application/json", "connection: close", how)
    status, answer = await site.answer(head + b"\r\n", body)
    assert (status, _code(answer)) == (408, "request_timeout")


@pytest.mark.parametrize("path", _POSTS)
async def test_a_body_that_trickles_in_is_answered_408_in_time(site: Site, path: str) -> None:
    """Each byte comes soon after the one before; the whole would take for ever."""
    head = site.head("POST", path, "content-type: application/json", "content-length: 10000")
    async with site.connected() as (reader, writer):
        writer.write(head + b"\r\n")
        answer = asyncio.ensure_future(reader.read())
        async with asyncio.timeout(20):
            while not answer.done():
                writer.write(b" ")
                # Not a plain pause: what is written after the server has closed would reset the connection.
                await asyncio.wait({answer}, timeout=0.25)
        assert b" 408 " in answer.result()[:20]


@pytest.mark.parametrize("path", _POSTS)
@pytest.mark.parametrize("how", ["content-length: 2000000", "transfer-encoding: chunked"])
async def test_a_body_that_is_too_long_is_answered_413(site: Site, path: str, how: str) -> None:
    head = site.head("POST", path, "content-type: application/json", how)
    pieces = [b"10000\r\n" + b" " * 65_536 + b"\r\n"] * 20 if "chunked" in how else []
    status, answer = await site.answer(head + b"\r\n", *pieces)
    assert (status, _code(answer)) == (413, "payload_too_large")


@pytest.mark.parametrize("path", ["/openapi.json", "/docs", "/metrics"])
async def test_a_client_that_takes_no_answer_is_let_go(site: Site, path: str) -> None:
    """It asks for megabytes and reads nothing; the server neither keeps them nor the connection."""
    async with site.connected() as (reader, writer):
        writer.transport.pause_reading()  # type: ignore[attr-defined] # a socket's transport can
        writer.write((site.head("GET", path) + b"\r\n") * 1000)
        async with asyncio.timeout(20):
            while not any('"connection.cut"' in line for line in site.server.log):  # noqa: ASYNC110 - a process's
                await asyncio.sleep(0.05)
        site.server.log.clear()
        assert not reader.at_eof()


@pytest.mark.parametrize("path", ["/sandbox/v1/realtime?model=gpt-realtime-2.1", "/no-such-socket"])
async def test_a_handshake_by_another_method_is_a_plain_request(site: Site, path: str) -> None:
    async with site.connected() as (reader, writer):
        writer.write(site.head("POST", path) + f"{_UPGRADE}content-length: 0\r\n\r\n".encode())
        assert b" 101 " not in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)


async def test_after_all_that_the_server_answers_and_holds_nobody(site: Site) -> None:
    async with site.server.client() as client:
        assert (await client.get("/readyz")).json()["status"] == "ready"
        assert (await client.post(MINT)).status_code == 200
    assert not [line for line in site.server.log if "Traceback" in line]
