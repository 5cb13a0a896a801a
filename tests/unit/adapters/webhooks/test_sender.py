"""Deliveries over real sockets of this machine, to receivers of every kind, and to names that lie."""

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trustme

from limi.adapters.webhooks.network import PinnedConnector
from limi.adapters.webhooks.sender import WebhookSender
from limi.features.webhooks.addresses import AddressKind
from limi.features.webhooks.ports import Answer, SendFailure
from limi.testing import ReceiverReply, RecordingReceiver
from tests.unit.adapters.webhooks.harness import FakeConnector, FakeResolver, make_sender, port_of, post

PUBLIC = "93.184.216.34"
METADATA = "169.254.169.254"


@asynccontextmanager
async def receiver(*replies: ReceiverReply) -> AsyncIterator[RecordingReceiver]:
    made = RecordingReceiver()
    made.queued.extend(replies)
    async with made.running():
        yield made


async def send_once(reply: ReceiverReply, *, timeout_seconds: float = 5.0) -> Answer:
    async with receiver(reply) as made:
        sender = make_sender(timeout_seconds=timeout_seconds)
        try:
            return await post(sender, made.url)
        finally:
            await sender.close()


async def test_a_delivery_is_a_post_of_json_with_the_headers_it_was_given() -> None:
    async with receiver() as made:
        sender = make_sender()
        answer = await sender.send(f"{made.url}?a=1", headers={"webhook-id": "m1"}, body=b'{"a":"\xc3\xa9"}')
        await sender.close()
    assert answer == Answer(status=200)
    (receipt,) = made.received
    assert (receipt.path, receipt.body) == ("/hook?a=1", b'{"a":"\xc3\xa9"}')
    assert receipt.headers["webhook-id"] == "m1"
    assert receipt.headers["content-type"] == "application/json"
    assert receipt.headers["user-agent"] == "Limi/test"
    assert receipt.headers["host"] == made.url.split("/")[2]
    assert receipt.headers["accept-encoding"] == "identity"


async def test_a_connection_is_used_again() -> None:
    async with receiver() as made:
        sender = make_sender()
        for _ in range(5):
            assert (await post(sender, made.url)).status == 200
        await sender.close()
    assert (len(made.received), made.connections) == (5, 1)


async def test_a_connection_that_was_closed_while_idle_is_replaced_without_a_failure() -> None:
    async with receiver(ReceiverReply(), ReceiverReply(cut=True)) as made:
        sender = make_sender()
        answers = [await post(sender, made.url) for _ in range(2)]
        await sender.close()
    assert [answer.status for answer in answers] == [200, 200]
    assert len(made.received) == 3


async def test_a_new_connection_that_is_closed_without_an_answer_is_a_failure() -> None:
    assert await send_once(ReceiverReply(cut=True)) == Answer(failure=SendFailure.CONNECTION_FAILED)


@pytest.mark.parametrize("status", [200, 204, 301, 302, 307, 308, 400, 410, 429, 500, 503])
async def test_every_status_is_handed_back_and_a_redirect_is_not_followed(status: int) -> None:
    reply = ReceiverReply(status=status, headers={"location": f"http://{METADATA}/latest/meta-data"})
    async with receiver(reply) as made:
        resolver = FakeResolver({"127.0.0.1": [["127.0.0.1"]]})
        connector = FakeConnector(port=port_of(made.url))
        sender = WebhookSender(
            resolver=resolver,
            connector=connector,
            kinds=frozenset(AddressKind),
            timeout_seconds=5,
            user_agent="Limi/test",
            now=lambda: 0.0,
        )
        assert (await post(sender, made.url)).status == status
        await sender.close()
    assert resolver.asked == ["127.0.0.1"]
    assert len(connector.asked) == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Mon, 21 Sep 2026 14:14:20 GMT", 60.0),
        ("Mon, 21 Sep 2026 14:13:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("99999999999999999999", 9999999999.0),
        ("Mon, 99 Sep 99999 00:00:00 GMT", None),
    ],
)
async def test_retry_after_is_read_as_seconds_and_as_a_date(text: str, seconds: float | None) -> None:
    answer = await send_once(ReceiverReply(status=503, headers={"retry-after": text}))
    assert answer == Answer(status=503, retry_after=seconds)


async def test_a_receiver_that_never_answers_costs_the_time_allowed_and_no_more() -> None:
    answer = await send_once(ReceiverReply(silent=True), timeout_seconds=0.05)
    assert answer == Answer(failure=SendFailure.TIMEOUT)


async def test_a_body_without_end_is_cut_off_and_the_status_counts() -> None:
    async with receiver(ReceiverReply(endless=True), ReceiverReply()) as made:
        sender = make_sender()
        answers = [await post(sender, made.url) for _ in range(2)]
        await sender.close()
    assert [answer.status for answer in answers] == [200, 200]
    assert made.connections == 2


async def test_a_head_without_end_is_no_answer() -> None:
    answer = await send_once(ReceiverReply(headers={"x": "y" * 1_000_000}))
    assert answer == Answer(failure=SendFailure.NOT_HTTP)


async def test_a_body_that_would_unpack_to_much_is_not_unpacked() -> None:
    """It is 30 MB in 30 KB; nothing is read but its size, and the connection goes on."""
    bomb = ReceiverReply(body=gzip.compress(b"\0" * 30_000_000), headers={"content-encoding": "gzip"})
    async with receiver(bomb, ReceiverReply()) as made:
        sender = make_sender()
        answers = [await post(sender, made.url) for _ in range(2)]
        await sender.close()
    assert [answer.status for answer in answers] == [200, 200]
    assert made.connections == 1


async def test_what_is_no_http_is_said_to_be_none() -> None:
    async def babble(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    sender = make_sender()
    answer = await post(sender, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    await sender.close()
    server.close()
    await server.wait_closed()
    assert answer == Answer(failure=SendFailure.NOT_HTTP)


async def test_nobody_listening_is_a_failed_connection() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        sender = make_sender()
        answer = await post(sender, f"http://127.0.0.1:{unused.getsockname()[1]}/")
    await sender.close()
    assert answer == Answer(failure=SendFailure.CONNECTION_FAILED)


async def test_a_name_that_is_not_there_is_said() -> None:
    answer = await post(make_sender(), "https://nowhere.example/")
    assert answer == Answer(failure=SendFailure.NAME_NOT_FOUND)


@pytest.mark.parametrize("bad", [METADATA, "10.0.0.1", "fd00:ec2::254", "::ffff:192.168.0.1", "::", "nonsense"])
async def test_a_name_with_one_address_that_is_not_allowed_is_not_connected_to_at_all(bad: str) -> None:
    connector = FakeConnector()
    sender = make_sender(names={"evil.example": [[PUBLIC, bad]]}, connector=connector)
    answer = await post(sender, "https://evil.example/")
    assert answer == Answer(failure=SendFailure.ADDRESS_REFUSED)
    assert connector.asked == []


async def test_a_name_that_points_elsewhere_after_the_check_is_connected_to_where_it_was_checked() -> None:
    """A rebinding name: public for the first question, the metadata service for the next."""
    async with receiver(ReceiverReply(headers={"connection": "close"})) as made:
        connector = FakeConnector(port=port_of(made.url))
        sender = make_sender(names={"evil.example": [[PUBLIC], [METADATA]]}, connector=connector)
        first = await post(sender, "https://evil.example/")
        second = await post(sender, "https://evil.example/")
        await sender.close()
    assert first == Answer(status=200)
    assert second == Answer(failure=SendFailure.ADDRESS_REFUSED)
    assert connector.asked == [((PUBLIC,), 443, "evil.example", True)]


async def test_plain_http_goes_to_this_machine_only_whatever_else_is_allowed() -> None:
    connector = FakeConnector()
    kinds = frozenset({AddressKind.PUBLIC, AddressKind.LOOPBACK, AddressKind.PRIVATE})
    sender = make_sender(names={"localhost": [["10.0.0.1"]]}, connector=connector, kinds=kinds)
    assert await post(sender, "http://localhost/") == Answer(failure=SendFailure.ADDRESS_REFUSED)
    assert connector.asked == []


async def test_tls_is_for_the_name_although_the_address_is_pinned() -> None:
    authority, wanted = trustme.CA(), []
    server_context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("hooks.example").configure_cert(server_context)
    server_context.sni_callback = lambda _socket, name, _context: wanted.append(name)
    client_context = ssl.create_default_context()
    authority.configure_trust(client_context)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wanted.append((await reader.readuntil(b"\r\n\r\n")).decode())
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=server_context)
    port = server.sockets[0].getsockname()[1]
    names = {"hooks.example": [["127.0.0.1"]], "other.example": [["127.0.0.1"]]}
    sender = make_sender(names=names, connector=PinnedConnector(tls=client_context))
    good = await post(sender, f"https://hooks.example:{port}/")
    bad = await post(sender, f"https://other.example:{port}/")
    await sender.close()
    server.close()
    await server.wait_closed()
    assert good == Answer(status=204)
    assert bad == Answer(failure=SendFailure.CERTIFICATE_REFUSED)
    assert wanted[0] == "hooks.example"
    assert f"host: hooks.example:{port}\r\n" in wanted[1]


async def test_a_certificate_that_nobody_vouches_for_is_refused() -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("hooks.example").configure_cert(context)
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    sender = make_sender(names={"hooks.example": [["127.0.0.1"]]})
    answer = await post(sender, f"https://hooks.example:{server.sockets[0].getsockname()[1]}/")
    await sender.close()
    server.close()
    await server.wait_closed()
    assert answer == Answer(failure=SendFailure.CERTIFICATE_REFUSED)


async def test_a_cancelled_delivery_leaves_no_connection_that_another_might_use() -> None:
    async with receiver(ReceiverReply(silent=True), ReceiverReply()) as made:
        sender = make_sender()
        task = asyncio.create_task(post(sender, made.url))
        await made.until_received()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (await post(sender, made.url)).status == 200
        await sender.close()
    assert made.connections == 2


async def test_closing_twice_does_no_harm() -> None:
    sender = make_sender()
    async with receiver() as made:
        await post(sender, made.url)
        await sender.close()
        await sender.close()
