"""The upstream that behaves as told, seen by a client that reads bytes."""

import asyncio
import json
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from openai.types.realtime import ClientSecretCreateResponse

from limi.testing import FakeUpstream, Reply

BODY = b'{"session": {"type": "realtime", "model": "gpt-realtime-2.1"}}'
MINT = b"POST /v1/realtime/client_secrets HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
CHECK = b"GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n"


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connected(cls, url: str) -> "Client":
        parts = urlsplit(url)
        return cls(*await asyncio.open_connection(parts.hostname, parts.port))

    def send(self, request: bytes) -> None:
        self._writer.write(request)

    async def answer(self) -> tuple[int, dict[str, str], bytes]:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await self._reader.readexactly(int(headers["content-length"]))
        return int(first.split(" ")[1]), headers, body

    async def rest(self) -> bytes:
        """Read until the other side ends it, however it does."""
        found = b""
        try:
            while more := await self._reader.read(65_536):
                found += more
        except ConnectionError:
            pass
        return found

    async def close(self) -> None:
        self._writer.close()


async def until_asked(upstream: FakeUpstream) -> None:
    async with asyncio.timeout(10):
        while not upstream.asked:  # noqa: ASYNC110 - it tells nobody, and need not for its users
            await asyncio.sleep(0)


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    async with FakeUpstream(ttl_seconds=60).running() as running:
        yield running


@pytest.fixture
async def client(upstream: FakeUpstream) -> AsyncIterator[Client]:
    made = await Client.connected(upstream.url)
    yield made
    await made.close()


async def test_unless_told_otherwise_it_makes_client_secrets_that_the_sdk_accepts(
    upstream: FakeUpstream, client: Client
) -> None:
    client.send(MINT)
    status, headers, body = await client.answer()
    assert (status, headers["content-type"]) == (200, "application/json")
    secret = json.loads(body)
    ClientSecretCreateResponse.model_validate(secret)
    assert secret["value"].startswith("ek_")
    assert secret["expires_at"] == upstream.now + 60
    assert secret["session"]["model"] == "gpt-realtime-2.1"


async def test_each_secret_is_another_on_one_connection(client: Client) -> None:
    values = set()
    for _ in range(3):
        client.send(MINT)
        values.add(json.loads((await client.answer())[2])["value"])
    assert len(values) == 3


async def test_models_are_listed(client: Client) -> None:
    client.send(CHECK)
    assert json.loads((await client.answer())[2]) == {"object": "list", "data": []}


async def test_it_remembers_what_it_was_asked(upstream: FakeUpstream, client: Client) -> None:
    client.send(MINT)
    await client.answer()
    (asked,) = upstream.asked
    assert (asked.method, asked.path, asked.headers["host"]) == ("POST", "/v1/realtime/client_secrets", "x")
    assert asked.json() == json.loads(BODY)


async def test_queued_replies_come_first_and_in_order(upstream: FakeUpstream, client: Client) -> None:
    upstream.queued += [Reply(status=503, body=b"no"), Reply(status=429, headers={"retry-after": "7"}, body=b"")]
    answers = []
    for _ in range(3):
        client.send(CHECK)
        answers.append(await client.answer())
    assert [status for status, _, _ in answers] == [503, 429, 200]
    assert answers[0][2] == b"no"
    assert answers[1][1]["retry-after"] == "7"


async def test_a_reply_can_break_the_connection_in_mid_body(upstream: FakeUpstream, client: Client) -> None:
    upstream.queued.append(Reply(body=b"x" * 100, cut_after=10))
    client.send(CHECK)
    assert (await client.rest()).count(b"x") in range(11)


async def test_a_reply_can_be_silence(upstream: FakeUpstream, client: Client) -> None:
    upstream.queued.append(Reply(silent=True))
    client.send(CHECK)
    reading = asyncio.create_task(client.answer())
    await until_asked(upstream)
    assert not reading.done()
    reading.cancel()


async def test_while_the_gate_is_shut_nothing_is_answered(upstream: FakeUpstream, client: Client) -> None:
    upstream.gate = asyncio.Event()
    client.send(CHECK)
    reading = asyncio.create_task(client.answer())
    await until_asked(upstream)
    assert not reading.done()
    upstream.gate.set()
    assert (await reading)[0] == 200


async def test_ending_it_ends_its_connections() -> None:
    async with FakeUpstream(always=Reply(silent=True)).running() as upstream:
        client = await Client.connected(upstream.url)
        client.send(CHECK)
        await until_asked(upstream)
    assert await client.rest() == b""
    await client.close()
    with pytest.raises(ConnectionRefusedError):
        await Client.connected(upstream.url)
