"""What reaches upstream over HTTP and what of its answers gets back, over real sockets and on both event loops."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from limi.adapters.upstream.http_transport import HTTPTransport
from limi.adapters.upstream.transports import TransportError
from limi.testing import FakeUpstream, Reply

LIMIT = 20_000


Respond = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def transport_to(url: str, *, timeout_seconds: float = 5.0) -> AsyncIterator[HTTPTransport]:
    transport = HTTPTransport(
        base_url=url, timeout_seconds=timeout_seconds, max_bytes=LIMIT, user_agent="Limi-AI-Backend/1.0.0"
    )
    try:
        yield transport
    finally:
        await transport.close()


@asynccontextmanager
async def listening(respond: Respond) -> AsyncIterator[str]:
    """Let `respond` do as it likes with each connection, and give the URL."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await respond(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def upstream() -> AsyncIterator[FakeUpstream]:
    async with FakeUpstream().running() as running:
        yield running


@pytest.fixture
async def transport(upstream: FakeUpstream) -> AsyncIterator[HTTPTransport]:
    async with transport_to(upstream.url) as made:
        yield made


class TestHTTP:
    async def test_the_request_arrives_as_it_was_sent(
        self, upstream: FakeUpstream, transport: HTTPTransport
    ) -> None:
        upstream.always = Reply(body=b"{}")
        await transport.send("POST", "/realtime/client_secrets", headers={"x-one": "1"}, body=b'{"a": 1}')
        (asked,) = upstream.asked
        assert (asked.method, asked.path, asked.body) == ("POST", "/v1/realtime/client_secrets", b'{"a": 1}')
        assert asked.headers["x-one"] == "1"
        assert asked.headers["user-agent"] == "Limi-AI-Backend/1.0.0"

    @pytest.mark.parametrize("status", [200, 204, 302, 401, 404, 429, 500, 503])
    async def test_an_answer_is_an_answer_whatever_its_status(
        self, status: int, upstream: FakeUpstream, transport: HTTPTransport
    ) -> None:
        upstream.always = Reply(status=status, body=b"")
        assert (await transport.send("GET", "/models", headers={})).status == status

    async def test_headers_about_time_come_back_and_no_others(
        self, upstream: FakeUpstream, transport: HTTPTransport
    ) -> None:
        given = {"Retry-After": "7", "retry-after-ms": "6500", "Date": "now", "Set-Cookie": "a=b"}
        upstream.always = Reply(status=429, body=b"", headers=given)
        answer = await transport.send("GET", "/models", headers={})
        assert answer.headers == {"retry-after": "7", "retry-after-ms": "6500", "date": "now"}

    async def test_a_header_that_is_no_text_is_left_out(
        self, upstream: FakeUpstream, transport: HTTPTransport
    ) -> None:
        upstream.always = Reply(status=429, body=b"", headers={"retry-after": "\xff\xfe"})
        answer = await transport.send("GET", "/models", headers={})
        assert (answer.status, answer.headers) == (429, {})

    async def test_connections_are_kept_and_used_again(self) -> None:
        connections = 0

        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                await writer.drain()

        async with listening(ending(respond)) as url, transport_to(url) as transport:
            for _ in range(5):
                await transport.send("GET", "/", headers={})
        assert connections == 1

    async def test_many_at_once_use_the_connections_that_as_many_before_them_left(self) -> None:
        """However many they are: whoever connects anew pays for a TLS handshake."""
        connections, at_once = 0, 300
        gathered = asyncio.Barrier(at_once)

        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            while await reader.readuntil(b"\r\n\r\n"):
                await gathered.wait()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                await writer.drain()

        async with listening(ending(respond)) as url, transport_to(url) as transport:
            for _ in range(3):
                await asyncio.gather(*(transport.send("GET", "/", headers={}) for _ in range(at_once)))
        assert connections == at_once

    async def test_a_connection_closed_while_it_lay_idle_is_replaced(self) -> None:
        """The server's word may cross the next request; nothing came back, so it is asked again."""
        connections = 0

        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
            await writer.drain()
            await reader.readuntil(b"\r\n\r\n")

        async with listening(respond) as url, transport_to(url) as transport:
            answers = [await transport.send("POST", "/", headers={}, body=b"") for _ in range(3)]
        assert [answer.status for answer in answers] == [200, 200, 200]
        assert connections == 3

    async def test_a_connection_that_is_known_to_be_closed_is_not_asked(self) -> None:
        closed = asyncio.Event()

        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            closed.set()

        async with listening(respond) as url, transport_to(url, timeout_seconds=1) as transport:
            for _ in range(3):
                assert (await transport.send("GET", "/", headers={})).body == b"{}"
                await closed.wait()
                closed.clear()
                for _ in range(10):
                    await asyncio.sleep(0)

    async def test_a_fresh_connection_that_ends_without_a_word_is_an_error(self) -> None:
        asked = 0

        async def respond(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            nonlocal asked
            await reader.readuntil(b"\r\n\r\n")
            asked += 1

        async with listening(respond) as url, transport_to(url) as transport:
            with pytest.raises(TransportError, match="ended before an answer began"):
                await transport.send("POST", "/", headers={})
        assert asked == 1

    async def test_who_gives_up_leaves_no_answer_for_the_next(self, upstream: FakeUpstream) -> None:
        upstream.queued.extend([Reply(body=b"late"), Reply(body=b"mine")])
        upstream.gate = asyncio.Event()
        async with transport_to(upstream.url) as transport:
            given_up = asyncio.create_task(transport.send("GET", "/one", headers={}))
            await upstream.until_asked(1)
            given_up.cancel()
            with pytest.raises(asyncio.CancelledError):
                await given_up
            upstream.gate.set()
            assert (await transport.send("GET", "/two", headers={})).body in {b"late", b"mine"}
            assert [asked.path for asked in upstream.asked] == ["/v1/one", "/v1/two"]

    async def test_who_gives_up_closes_the_connection(self) -> None:
        asked, ended = asyncio.Event(), asyncio.Event()

        async def respond(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            asked.set()
            try:
                await reader.read()
            finally:
                ended.set()

        async with listening(respond) as url, transport_to(url, timeout_seconds=60) as transport:
            given_up = asyncio.create_task(transport.send("GET", "/", headers={}))
            await asked.wait()
            given_up.cancel()
            await asyncio.wait_for(ended.wait(), 5)

    async def test_as_many_connections_as_requests_at_once_and_all_are_closed_at_the_end(
        self, upstream: FakeUpstream
    ) -> None:
        upstream.gate = asyncio.Event()
        async with transport_to(upstream.url) as transport:
            asking = [
                asyncio.create_task(transport.send("GET", f"/{number}", headers={})) for number in range(150)
            ]
            await upstream.until_asked(150)
            upstream.gate.set()
            assert {answer.status for answer in await asyncio.gather(*asking)} == {200}
        before = len(upstream.asked)
        assert before == 150

    async def test_a_connection_is_not_used_again_when_the_server_will_close_it(self) -> None:
        connections = 0

        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}")
            await writer.drain()
            await reader.read()

        async with listening(respond) as url, transport_to(url) as transport:
            for _ in range(2):
                assert (await transport.send("GET", "/", headers={})).body == b"{}"
        assert connections == 2

    async def test_a_body_that_comes_in_slow_pieces_is_read_whole(self) -> None:
        pieces = [b"%d," % number for number in range(50)]

        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            for piece in pieces:
                writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                await writer.drain()
                await asyncio.sleep(0.001)
            writer.write(b"0\r\n\r\n")
            await writer.drain()

        async with listening(respond) as url, transport_to(url) as transport:
            assert (await transport.send("GET", "/", headers={})).body == b"".join(pieces)

    async def test_compression_is_not_asked_for(self, upstream: FakeUpstream, transport: HTTPTransport) -> None:
        """A secret is too small to gain by it, and a small packed body could unpack to a huge one."""
        await transport.send("GET", "/models", headers={})
        assert "accept-encoding" not in upstream.asked[0].headers

    @pytest.mark.parametrize(("size", "fits"), [(LIMIT, True), (LIMIT + 1, False), (10_000_000, False)])
    async def test_a_body_past_the_bound_is_refused(
        self,
        size: int,
        fits: bool,  # noqa: FBT001
        upstream: FakeUpstream,
        transport: HTTPTransport,
    ) -> None:
        upstream.queued.append(Reply(body=b"x" * size))
        if fits:
            assert len((await transport.send("GET", "/", headers={})).body) == size
        else:
            with pytest.raises(TransportError, match="an answer of more than 20000 bytes") as caught:
                await transport.send("GET", "/", headers={})
            assert not caught.value.timed_out
        assert (await transport.send("GET", "/models", headers={})).status == 200

    async def test_no_more_than_the_bound_and_the_sockets_buffers_is_read(self) -> None:
        """A server that never stops sending is cut off long before the gigabyte it would send."""
        sent = 0
        cut_off = asyncio.Event()

        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal sent
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000000\r\n\r\n")
            try:
                while sent < 1_000_000_000:
                    writer.write(b"x" * 65_536)
                    await writer.drain()
                    sent += 65_536
            finally:
                cut_off.set()

        async with listening(respond) as url, transport_to(url) as transport:
            with pytest.raises(TransportError, match="more than 20000 bytes"):
                await transport.send("GET", "/", headers={})
            await asyncio.wait_for(cut_off.wait(), 5)
        assert sent < 50_000_000

    async def test_a_redirect_is_not_followed_and_the_key_goes_nowhere_else(self, upstream: FakeUpstream) -> None:
        async with FakeUpstream().running() as elsewhere, transport_to(upstream.url) as transport:
            for status in (301, 302, 303, 307, 308):
                upstream.queued.append(Reply(status=status, body=b"", headers={"location": f"{elsewhere.url}/x"}))
                answer = await transport.send("POST", "/x", headers={"authorization": "Bearer sk-1"}, body=b"{}")
                assert answer.status == status
            assert elsewhere.asked == []


class TestHTTPFailures:
    async def test_nobody_listening(self) -> None:
        async with FakeUpstream().running() as gone:
            url = gone.url
        async with transport_to(url) as transport:
            with pytest.raises(TransportError) as caught:
                await transport.send("GET", "/models", headers={})
        assert not caught.value.timed_out

    @pytest.mark.parametrize("bytes_sent", [0, 1, 50])
    async def test_a_connection_cut_in_mid_body(
        self, bytes_sent: int, upstream: FakeUpstream, transport: HTTPTransport
    ) -> None:
        upstream.queued.append(Reply(body=b"x" * 100, cut_after=bytes_sent))
        with pytest.raises(TransportError) as caught:
            await transport.send("GET", "/models", headers={})
        assert not caught.value.timed_out

    @pytest.mark.parametrize(
        "sent", [b"", b"HTTP/1.1 2", b"SSH-2.0-OpenSSH_9.2\r\n", b"\x15\x03\x01\x00\x02\x02\x16"]
    )
    async def test_an_answer_that_is_no_http(self, sent: bytes) -> None:
        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(sent)
            await writer.drain()

        async with listening(respond) as url, transport_to(url) as transport:
            with pytest.raises(TransportError) as caught:
                await transport.send("GET", "/", headers={})
        assert not caught.value.timed_out

    async def test_silence_is_a_time_out(self, upstream: FakeUpstream) -> None:
        upstream.always = Reply(silent=True)
        async with transport_to(upstream.url, timeout_seconds=0.05) as transport:
            with pytest.raises(TransportError, match="no whole answer in time") as caught:
                await transport.send("GET", "/models", headers={})
        assert caught.value.timed_out

    async def test_silence_in_mid_body_is_a_time_out_too(self) -> None:
        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{")
            await reader.read()

        async with listening(respond) as url, transport_to(url, timeout_seconds=0.05) as transport:
            with pytest.raises(TransportError) as caught:
                await transport.send("GET", "/", headers={})
        assert caught.value.timed_out

    async def test_the_reason_tells_neither_url_nor_key(self) -> None:
        async with transport_to("http://127.0.0.1:1/secret-path") as transport:
            with pytest.raises(TransportError) as caught:
                await transport.send("GET", "/models", headers={"authorization": "Bearer sk-1"})
        assert "secret-path" not in caught.value.reason
        assert "sk-1" not in caught.value.reason

    @pytest.mark.parametrize("url", ["http://[::1", "http://127.0.0.1:99999"])
    async def test_a_url_that_is_none_is_an_error_of_the_transport(self, url: str) -> None:
        async with transport_to(url) as transport:
            with pytest.raises(TransportError, match="no request can be made"):
                await transport.send("GET", "/models", headers={})

    async def test_a_header_that_cannot_be_sent_is_not_quoted(self, transport: HTTPTransport) -> None:
        with pytest.raises(TransportError, match="no request can be made") as caught:
            await transport.send("GET", "/models", headers={"authorization": "Bearer sk-1\nsk-2"})
        assert "sk-1" not in str(caught.value)
        assert caught.value.__context__ is None

    async def test_a_server_that_takes_no_connection_is_a_time_out(self) -> None:
        """A full backlog answers nothing at all, as a firewall that drops packets does."""
        with socket.socket() as silent, socket.socket() as filler:
            silent.bind(("127.0.0.1", 0))
            silent.listen(0)
            filler.connect(silent.getsockname())
            url = f"http://127.0.0.1:{silent.getsockname()[1]}"
            async with transport_to(url, timeout_seconds=0.1) as transport:
                with pytest.raises(TransportError) as caught:
                    await asyncio.gather(*(transport.send("GET", "/", headers={}) for _ in range(3)))
        assert caught.value.timed_out

    async def test_closing_twice_is_nothing(self, upstream: FakeUpstream) -> None:
        async with transport_to(upstream.url) as transport:
            await transport.close()


def ending(respond: Respond) -> Respond:
    """End quietly when the other side closes."""

    async def until_closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await respond(reader, writer)
        except asyncio.IncompleteReadError:
            return

    return until_closed


class SkippingLoop(asyncio.SelectorEventLoop):
    """Has a clock that can be put forward."""

    skipped = 0.0

    def time(self) -> float:
        return super().time() + self.skipped


def test_connections_that_nobody_has_needed_for_a_minute_are_closed() -> None:
    """A burst leaves many behind; those that are used on stay."""
    opened = 0
    ended: asyncio.Queue[int] = asyncio.Queue()
    both = asyncio.Barrier(2)

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        number = opened
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if b"/both" in head:
                    await both.wait()
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                await writer.drain()
        finally:
            ended.put_nowait(number)

    async def work(loop: SkippingLoop) -> None:
        async with listening(ending(respond)) as url, transport_to(url) as transport:
            await asyncio.gather(*(transport.send("GET", "/both", headers={}) for _ in range(2)))
            for _ in range(3):
                loop.skipped += 25
                await transport.send("GET", "/", headers={})
            unneeded = await asyncio.wait_for(ended.get(), 5)
            assert (opened, ended.empty()) == (2, True)
            loop.skipped += 61
            await transport.send("GET", "/", headers={})
            assert {unneeded, await asyncio.wait_for(ended.get(), 5)} == {1, 2}
            assert (opened, ended.empty()) == (3, True)

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, SkippingLoop)
        runner.run(work(loop))
