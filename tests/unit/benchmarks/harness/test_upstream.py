"""The fixed upstream answers what Limi takes for a client secret."""

import asyncio

import pytest

from benchmarks.harness.in_process import InstantTransport
from benchmarks.harness.upstream import EPHEMERAL_KEY, EXPIRES_AT, MODEL, SECRET_BODY, listen, read_keys_made
from limi.adapters.upstream.openai import OpenAIUpstream
from limi.kernel.clock import SystemClock
from limi.kernel.secret import Secret


async def _ask(port: int, request: bytes, answers: int) -> list[bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    bodies = []
    for _ in range(answers):
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200")
        length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        bodies.append(await reader.readexactly(length))
    writer.close()
    await writer.wait_closed()
    return bodies


async def test_its_answer_is_a_client_secret_to_limi() -> None:
    upstream = OpenAIUpstream(
        transport=InstantTransport(), api_key=Secret("sk-test"), clock=SystemClock(), observe=lambda _: None
    )
    secret = await upstream.mint(b"{}", safety_identifier="nobody")
    assert (secret.value.reveal(), secret.expires_at, secret.model) == (EPHEMERAL_KEY, EXPIRES_AT, MODEL)


def test_its_answer_is_as_long_as_a_real_one() -> None:
    assert 1000 < len(SECRET_BODY) < 1400


async def test_connections_are_kept_alive_and_every_post_is_answered(upstream_port: int) -> None:
    post = b"POST /v1/realtime/client_secrets HTTP/1.1\r\nHost: here\r\nContent-Length: 2\r\n\r\n{}"
    assert await _ask(upstream_port, post + post, 2) == [SECRET_BODY, SECRET_BODY]


async def test_a_get_lists_the_model(upstream_port: int) -> None:
    (body,) = await _ask(upstream_port, b"GET /v1/models HTTP/1.1\r\nHost: here\r\n\r\n", 1)
    assert MODEL.encode() in body


async def test_it_counts_the_keys_it_made(upstream_port: int) -> None:
    assert await asyncio.to_thread(read_keys_made, upstream_port) == 0
    await _ask(upstream_port, b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n" * 3, 3)
    assert await asyncio.to_thread(read_keys_made, upstream_port) == 3


@pytest.mark.parametrize("delay_seconds", [0.02])
async def test_a_delay_is_kept(delay_seconds: float) -> None:
    server = await listen(0, delay_seconds=delay_seconds)
    async with server:
        port = server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        started = loop.time()
        await _ask(port, b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n", 1)
        assert loop.time() - started >= delay_seconds * 0.9
