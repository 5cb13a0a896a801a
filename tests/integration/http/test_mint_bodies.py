"""How large, how slow and of what type a body may be."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from tests.integration.http.harness import MINT, OpenSite, Site, assert_error

_LIMIT = 65_536


def _padded(size: int) -> bytes:
    return b'{"sessionId": "x"' + b" " * (size - 18) + b"}"


async def test_a_body_of_exactly_64_kib_is_read(site: Site) -> None:
    assert len(_padded(_LIMIT)) == _LIMIT
    assert (await site.mint(_padded(_LIMIT))).status_code == 200


async def test_one_byte_more_is_too_large(site: Site) -> None:
    assert_error(await site.mint(_padded(_LIMIT + 1)), "payload_too_large")
    assert not site.upstream.asked


async def test_a_chunked_body_is_measured_as_it_arrives(site: Site) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(17):
            yield b" " * 4096

    response = await site.client.post(MINT, content=chunks(), headers={"content-type": "application/json"})
    assert_error(response, "payload_too_large")


async def test_a_body_that_only_claims_to_be_large_is_refused_unread(site: Site) -> None:
    reader, writer = await asyncio.open_connection(*site.address)
    writer.write(b"POST /api/client-secret HTTP/1.1\r\nhost: localhost\r\ncontent-length: 99999999\r\n\r\n")
    assert (await reader.readline()).startswith(b"HTTP/1.1 413 ")
    writer.close()


@pytest.mark.parametrize("sent", [b"", b'{"model"'])
async def test_a_body_that_does_not_arrive_in_time_is_a_request_timeout(opened: OpenSite, sent: bytes) -> None:
    site = await opened(environ={"LIMI_SERVER_BODY_SECONDS": "0.05"})
    reader, writer = await asyncio.open_connection(*site.address)
    head = b"POST /api/client-secret HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
    writer.write(head + b"content-length: 20\r\n\r\n" + sent)
    answer = await reader.read()  # to the end: the connection is closed, since its next bytes mean nothing
    status, _, body = answer.partition(b"\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in status.lower()
    assert json.loads(body)["code"] == "request_timeout"
    writer.close()


async def test_a_client_that_leaves_in_mid_body_costs_no_mint(site: Site) -> None:
    _, writer = await asyncio.open_connection(*site.address)
    writer.write(b"POST /api/client-secret HTTP/1.1\r\nhost: localhost\r\ncontent-length: 20\r\n\r\n{")
    await writer.drain()
    writer.transport.abort()
    assert (await site.mint({})).status_code == 200
    assert len(site.upstream.asked) == 1


GOOD_TYPES = [
    "application/json",
    "application/json; charset=utf-8",
    'application/JSON;charset="UTF-8"',
    "application/json;",
]


@pytest.mark.parametrize("content_type", GOOD_TYPES)
async def test_json_in_utf8_is_accepted_however_it_is_spelled(site: Site, content_type: str) -> None:
    assert (await site.mint({}, {"content-type": content_type})).status_code == 200


BAD_TYPES = ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "application/jsonp", "json"]


@pytest.mark.parametrize("content_type", [*BAD_TYPES, "application/json; charset=latin-1", "*/*", "é", ""])
async def test_any_other_content_type_is_refused(site: Site, content_type: str) -> None:
    response = await site.client.post(
        MINT, content=b"{}", headers=[(b"content-type", content_type.encode("latin-1"))]
    )
    assert_error(response, "unsupported_media_type")


async def test_a_body_without_a_content_type_is_refused(site: Site) -> None:
    """A page of another origin can send such a body without asking for permission."""
    assert_error(await site.client.post(MINT, content=b"{}"), "unsupported_media_type")


async def test_an_empty_body_of_another_type_is_refused_too(site: Site) -> None:
    assert_error(await site.mint(None, {"content-type": "text/plain"}), "unsupported_media_type")
