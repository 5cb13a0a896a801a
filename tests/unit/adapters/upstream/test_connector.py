"""Who is connected to: by TLS only to those a trusted authority vouches for, past a proxy where there is one."""

import asyncio
import base64
import errno
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohappyeyeballs
import pytest
import trustme

from limi.adapters.upstream.connector import Connector, Destination
from limi.adapters.upstream.http_transport import HTTPTransport
from limi.adapters.upstream.transports import Answer, TransportError
from limi.kernel.secret import Secret

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@asynccontextmanager
async def serving_tls(authority: trustme.CA, name: str = "127.0.0.1") -> AsyncIterator[int]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(OK)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.transport.abort()

    server = await asyncio.start_server(respond, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def proxying(answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n") -> AsyncIterator["Proxy"]:
    proxy = Proxy(answer)
    server = await asyncio.start_server(proxy.connected, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in proxy.tasks:
            task.cancel()
        await asyncio.gather(*proxy.tasks, return_exceptions=True)
        await server.wait_closed()


class Proxy:
    """Tunnels, as RFC 9110 §9.3.6 has it."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer
        self.port = 0
        self.heads: list[str] = []
        self.tasks: set[asyncio.Task[None]] = set()

    def url(self, login: str = "") -> Secret:
        return Secret(f"http://{login}127.0.0.1:{self.port}")

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self.tasks.add(task)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        writer.write(self.answer)
        if b" 200 " not in self.answer:
            writer.close()
            return
        host, _, port = head.split(" ")[1].rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        try:
            await asyncio.gather(_pass_on(reader, far_writer), _pass_on(far_reader, writer))
        finally:
            far_writer.transport.abort()
            writer.transport.abort()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while piece := await reader.read(65_536):
            writer.write(piece)
            await writer.drain()
    except ConnectionError:
        pass
    writer.transport.abort()


async def ask(url: str, *, proxy: Secret | None = None, times: int = 1) -> Answer:
    transport = HTTPTransport(base_url=url, timeout_seconds=5, max_bytes=4096, user_agent="test", proxy=proxy)
    try:
        for _ in range(times - 1):
            await transport.send("GET", "/models", headers={})
        return await transport.send("GET", "/models", headers={})
    finally:
        await transport.close()


@pytest.fixture
def trusting(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the authority in the way an operator adds one: OpenSSL's SSL_CERT_FILE."""
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


class TestTLS:
    @pytest.mark.usefixtures("trusting")
    async def test_a_trusted_server_answers(self, authority: trustme.CA) -> None:
        async with serving_tls(authority) as port:
            assert (await ask(f"https://127.0.0.1:{port}/v1", times=3)).status == 200

    async def test_a_server_nobody_vouches_for_gets_no_key(self, authority: trustme.CA) -> None:
        async with serving_tls(authority) as port:
            with pytest.raises(TransportError, match="its certificate is not trusted"):
                await ask(f"https://127.0.0.1:{port}/v1")

    @pytest.mark.usefixtures("trusting")
    async def test_another_servers_certificate_is_not_enough(self, authority: trustme.CA) -> None:
        async with serving_tls(authority, "other.example") as port:
            with pytest.raises(TransportError, match="its certificate is not trusted"):
                await ask(f"https://127.0.0.1:{port}/v1")

    async def test_a_server_without_tls_is_an_error(self) -> None:
        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(100)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        async with await asyncio.start_server(respond, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(TransportError, match=r"no TLS came about \(WRONG_VERSION_NUMBER\)"):
                await ask(f"https://127.0.0.1:{port}/v1")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENETUNREACH, "Multiple exceptions: ('192.0.2.1', 443)"), "Network is unreachable"),
        (OSError("Multiple exceptions: ('192.0.2.1', 443)"), "OSError"),
        (
            ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('192.0.2.1', 443)"),
            "nothing listens there",
        ),
    ],
)
async def test_a_failure_is_told_in_words_and_without_the_address(
    error: OSError, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(aiohappyeyeballs, "start_connection", fail)
    with pytest.raises(TransportError) as caught:
        await ask("http://127.0.0.1:443/v1")
    assert caught.value.reason == reason


class TestProxy:
    @pytest.mark.usefixtures("trusting")
    async def test_it_is_asked_to_tunnel_and_sees_no_key(self, authority: trustme.CA) -> None:
        async with serving_tls(authority) as port, proxying() as proxy:
            answer = await ask(f"https://127.0.0.1:{port}/v1", proxy=proxy.url("user:p%40ss@"), times=2)
        assert answer.status == 200
        (head,) = proxy.heads
        login = base64.b64encode(b"user:p@ss").decode()
        assert head == (
            f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n"
            f"proxy-authorization: Basic {login}\r\n\r\n"
        )

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", "the proxy answered 407"),
            (b"HTTP/1.1 502 Bad Gateway\r\n\r\n", "the proxy answered 502"),
            (b"", "the proxy gave no answer"),
            (b"x" * 40_000, "the proxy gave no answer"),
        ],
    )
    async def test_a_proxy_that_does_not_tunnel_is_named(self, answer: bytes, reason: str) -> None:
        async with proxying(answer) as proxy:
            with pytest.raises(TransportError, match=reason):
                await ask("https://upstream.example/v1", proxy=proxy.url())


class TestDestination:
    @pytest.mark.parametrize(
        ("url", "authority", "path"),
        [
            ("https://api.openai.com/v1", "api.openai.com", "/v1"),
            ("https://api.openai.com:443/v1/", "api.openai.com", "/v1"),
            ("http://localhost:8080", "localhost:8080", ""),
            ("http://[::1]:80/v1", "[::1]", "/v1"),
            ("https://[::1]:80/v1", "[::1]:80", "/v1"),
        ],
    )
    def test_the_host_header_has_a_port_only_where_it_is_not_the_usual(
        self, url: str, authority: str, path: str
    ) -> None:
        destination = Destination.of(url)
        assert (destination.authority, destination.path) == (authority, path)

    @pytest.mark.parametrize("url", ["", "api.openai.com/v1", "ftp://host/v1", "http:///v1", "http://host:99999"])
    def test_what_is_no_such_url_is_refused(self, url: str) -> None:
        with pytest.raises(ValueError, match=r"."):
            Destination.of(url)

    @pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1080", "127.0.0.1:3128", "https://proxy:3128"])
    def test_a_proxy_of_another_kind_is_refused(self, proxy: str) -> None:
        with pytest.raises(ValueError, match="http://user:password@host:3128"):
            Connector(Destination.of("https://api.openai.com/v1"), proxy=Secret(proxy))
