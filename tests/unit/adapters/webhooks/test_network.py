"""Names and connections as the machine has them; only loopback is asked."""

import asyncio
import base64
import socket
import ssl
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trustme

from limi.adapters.webhooks.network import NameNotFoundError, PinnedConnector, ThreadResolver
from limi.features.webhooks.addresses import AddressKind
from limi.features.webhooks.ports import SendFailure
from limi.kernel.secret import Secret
from tests.unit.adapters.webhooks.harness import make_sender, post

HOOKS = "hooks.example"
PUBLIC = ["2606:2800:21f:cb07::1", "93.184.216.34"]
"""Public addresses; the proxies of these tests lead elsewhere, so nothing leaves this machine."""


class Proxy:
    """Tunnels to one port of this machine, whatever it is asked for, unless it says no."""

    def __init__(self, leads_to: int, *, refused: int = 0) -> None:
        self.heads: list[str] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self._leads_to = leads_to
        self._refused = refused

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self.tasks.add(task)
        self.heads.append((await reader.readuntil(b"\r\n\r\n")).decode())
        if len(self.heads) <= self._refused:
            writer.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            writer.close()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._leads_to)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer))
        finally:
            for each in (writer, far_writer):
                each.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(65_536):
        writer.write(piece)
    writer.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
    writer.close()


@asynccontextmanager
async def served(
    authority: trustme.CA, name: str = HOOKS, *, refused: int = 0
) -> AsyncIterator[tuple[Proxy, Secret]]:
    """Run a receiver with a certificate for `name`, and a proxy that leads there; give the proxy and its URL."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    async with await asyncio.start_server(_answer, "127.0.0.1", 0, ssl=context) as receiver:
        proxy = Proxy(receiver.sockets[0].getsockname()[1], refused=refused)
        async with await asyncio.start_server(proxy.serve, "127.0.0.1", 0) as server:
            yield proxy, Secret(f"http://user:p%40ss@127.0.0.1:{server.sockets[0].getsockname()[1]}")
            for task in proxy.tasks:
                task.cancel()
            await asyncio.gather(*proxy.tasks, return_exceptions=True)


def trusting(authority: trustme.CA, proxy: Secret) -> PinnedConnector:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return PinnedConnector(tls=context, proxy=proxy)


async def test_this_machine_is_found() -> None:
    found = await ThreadResolver().resolve("localhost", 443)
    assert set(found) <= {"127.0.0.1", "::1"}
    assert len(found) == len(set(found)) >= 1


async def test_a_number_is_its_own_address() -> None:
    assert list(await ThreadResolver().resolve("127.0.0.1", 443)) == ["127.0.0.1"]


@pytest.mark.parametrize("name", ["nowhere.invalid", "a" * 64 + ".example"])
async def test_a_name_that_cannot_be_found_is_said(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def look_up(*_: Any, **__: Any) -> list[Any]:
        if len(name) > 63:
            raise UnicodeError
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with pytest.raises(NameNotFoundError):
        await ThreadResolver().resolve(name, 443)


async def test_names_whose_servers_are_dead_hold_so_many_threads_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = threading.Event()

    def hang(*_: Any, **__: Any) -> list[Any]:
        answered.wait(30)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    resolver = ThreadResolver()
    waiting = [asyncio.create_task(resolver.resolve("dead.example", 443)) for _ in range(128)]
    await asyncio.sleep(0)
    with pytest.raises(NameNotFoundError):
        await resolver.resolve("one.more.example", 443)
    # Whoever gives up waiting does not free the thread, which waits still.
    waiting[0].cancel()
    await asyncio.sleep(0)
    with pytest.raises(NameNotFoundError):
        await resolver.resolve("one.more.example", 443)
    answered.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(result) for result in results} == {NameNotFoundError, asyncio.CancelledError}


async def test_a_connection_is_made_to_the_address_and_no_name_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    real = socket.getaddrinfo

    def look_up(host: str, *rest: Any, **options: Any) -> Any:
        asked.append((host, options.get("flags")))
        return real(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    asked.clear()
    connection = await PinnedConnector().connect(["127.0.0.1"], port, name="hooks.example", tls=False)
    await connection.closed
    server.close()
    await server.wait_closed()
    assert asked == [("127.0.0.1", socket.AI_NUMERICHOST | socket.AI_NUMERICSERV)]


async def test_of_two_addresses_one_that_answers_is_enough() -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    connection = await PinnedConnector().connect(["127.0.0.2", "127.0.0.1"], port, name="hooks.example", tls=False)
    await connection.closed
    server.close()
    await server.wait_closed()


async def test_a_proxy_is_asked_for_an_address_that_was_checked_and_the_certificate_is_for_the_name() -> None:
    authority = trustme.CA()
    async with served(authority, refused=1) as (proxy, url):
        sender = make_sender(names={HOOKS: [PUBLIC]}, connector=trusting(authority, url))
        assert (await post(sender, f"https://{HOOKS}/limi")).status == 204
        await sender.close()
    login = base64.b64encode(b"user:p@ss").decode()
    assert proxy.heads == [
        f"CONNECT {where}:443 HTTP/1.1\r\nhost: {where}:443\r\nproxy-authorization: Basic {login}\r\n\r\n"
        for where in (f"[{PUBLIC[0]}]", PUBLIC[1])
    ]


async def test_a_proxy_that_leads_elsewhere_gets_no_event() -> None:
    authority = trustme.CA()
    async with served(authority, "other.example") as (_, url):
        sender = make_sender(names={HOOKS: [PUBLIC]}, connector=trusting(authority, url))
        assert (await post(sender, f"https://{HOOKS}/limi")).failure is SendFailure.CERTIFICATE_REFUSED
        await sender.close()


async def test_a_proxy_that_opens_nothing_is_a_failed_connection() -> None:
    authority = trustme.CA()
    async with served(authority, refused=2) as (proxy, url):
        sender = make_sender(names={HOOKS: [PUBLIC]}, connector=trusting(authority, url))
        assert (await post(sender, f"https://{HOOKS}/limi")).failure is SendFailure.CONNECTION_FAILED
        await sender.close()
    assert len(proxy.heads) == 2


@pytest.mark.parametrize("addresses", [["169.254.169.254"], [PUBLIC[1], "10.0.0.1"]])
async def test_a_proxy_is_not_asked_for_what_no_endpoint_may_be_at(addresses: list[str]) -> None:
    authority = trustme.CA()
    async with served(authority) as (proxy, url):
        sender = make_sender(names={HOOKS: [addresses]}, connector=trusting(authority, url))
        assert (await post(sender, f"https://{HOOKS}/limi")).failure is SendFailure.ADDRESS_REFUSED
    assert proxy.heads == []


async def test_this_machine_and_its_network_are_reached_without_the_proxy() -> None:
    """To the proxy, 127.0.0.1 is the proxy."""
    async with (
        served(trustme.CA()) as (proxy, url),
        await asyncio.start_server(_answer, "127.0.0.1", 0) as receiver,
    ):
        sender = make_sender(connector=PinnedConnector(proxy=url), kinds=frozenset(AddressKind))
        assert (await post(sender, f"http://127.0.0.1:{receiver.sockets[0].getsockname()[1]}/")).status == 204
        await sender.close()
    assert proxy.heads == []
