"""The bounds on what a client sends before its request is known, and how those past them are refused."""

import asyncio
import re

import msgspec
import pytest
from structlog.testing import capture_logs

from limi.cli.connection_limits import ConnectionLimits
from tests.unit.cli.connecting import refusal_in, serving

LONG = ConnectionLimits(head_bytes=1000, head_seconds=60, connections=2)
SHORT = ConnectionLimits(head_bytes=1000, head_seconds=0.05, connections=2)
GET = b"GET / HTTP/1.1\r\nhost: limi\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nhost: limi\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"GET / HTTP/1.1\r\nx: " + b"a" * 5000, id="one long value, all at once"),
        pytest.param(b"GET / HTTP/1.1\r\nx: " + b"a" * 5000 + b"\r\n\r\n", id="complete, and too long"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 500, id="many lines"),
        pytest.param(b"GET /" + b"a" * 5000, id="a long path"),
        pytest.param(b"\r\n" * 2000, id="nothing but empty lines"),
    ],
)
async def test_a_head_past_the_limit_is_answered_431(head: bytes) -> None:
    async with serving(LONG) as connect:
        client = await connect()
        client.writer.write(head)
        error = refusal_in(await client.rest(), 431)
    assert (error["code"], error["message"]) == (
        "headers_too_large",
        "headers: they may be 1000 bytes long, all together",
    )


async def test_a_head_past_the_limit_is_refused_however_small_its_pieces_are() -> None:
    async with serving(LONG) as connect:
        client = await connect()
        client.writer.write(b"GET / HTTP/1.1\r\n")
        for _ in range(200):
            client.writer.write(b"x: aaaa\r\n")
            await asyncio.sleep(0)
        refusal_in(await client.rest(), 431)


async def test_a_head_of_exactly_the_limit_is_served_and_the_next_one_counts_from_nothing() -> None:
    fill = b"a" * (LONG.head_bytes - len(GET) - len(b"x: \r\n"))
    head = GET[:-2] + b"x: " + fill + b"\r\n\r\n"
    assert len(head) == LONG.head_bytes
    async with serving(LONG) as connect:
        client = await connect()
        for _ in range(3):
            assert (await client.ask(head)).endswith(b"<0>")
            assert (await client.ask(GET)).endswith(b"<0>")


async def test_a_body_may_be_longer_than_a_head() -> None:
    head = b"POST / HTTP/1.1\r\nhost: limi\r\ncontent-length: 50000\r\n\r\n"
    async with serving(LONG) as connect:
        client = await connect()
        assert (await client.ask(head + b"a" * 50_000 + GET)).endswith(b"<50000>")
        assert (await client.reader.readuntil(b">")).endswith(b"<0>")


async def test_trailers_count_like_headers() -> None:
    """They are kept in memory just the same, and no body's limit sees them."""
    async with serving(LONG) as connect:
        client = await connect()
        client.writer.write(CHUNKED + b"1\r\na\r\n0\r\n" + b"x: y\r\n" * 1000)
        refusal_in(await client.rest(), 431)


@pytest.mark.parametrize("chunk", [b"1\r\na\r\n", b""], ids=["after a body", "after none"])
async def test_trailers_are_no_part_of_the_head(chunk: bytes) -> None:
    """A proxy that takes a caller's own address out of the head does not look for it behind the body."""
    async with serving(LONG) as connect:
        client = await connect()
        trailers = b"x-forwarded-for: 203.0.113.9\r\nauthorization: Bearer x\r\nhost: elsewhere\r\n\r\n"
        head = CHUNKED.replace(b"POST /", b"POST /head")
        answer = await client.ask(head + chunk + b"0\r\n" + trailers)
        assert answer.endswith(b"<host: limi, transfer-encoding: chunked>")
        assert (await client.ask(GET)).endswith(b"<0>")


async def test_the_host_of_an_absolute_target_is_the_one_that_counts() -> None:
    async with serving(LONG) as connect:
        client = await connect()
        asked = b"GET http://elsewhere:81/head?x HTTP/1.1\r\nhost: limi\r\nx: y\r\n\r\n"
        assert (await client.ask(asked)).endswith(b"<host: elsewhere:81, x: y>")


@pytest.mark.parametrize("pipelined", [b"", GET])
async def test_whoever_ends_its_half_of_the_connection_still_gets_its_answers(pipelined: bytes) -> None:
    """Some clients and proxies say by it that they will ask nothing more (RFC 9293 §3.6)."""
    gate = asyncio.Event()
    async with serving(LONG, gate) as connect:
        client = await connect()
        client.writer.write(GET.replace(b"/ ", b"/held ", 1) + pipelined)
        client.writer.write_eof()
        await connect.until_served()
        for _ in range(10):  # The end has come by then: it takes no network to this same process.
            await asyncio.sleep(0)
        gate.set()
        assert (await client.rest()).count(b"<0>") == 1 + bool(pipelined)
        await connect.until_empty()


@pytest.mark.parametrize("sent", [GET, GET[:10], CHUNKED + b"1\r\na", b""])
async def test_a_client_that_ends_its_half_and_waits_for_nothing_is_let_go(sent: bytes) -> None:
    async with serving(LONG) as connect:
        client = await connect()
        if sent == GET:
            await client.ask(GET)
        else:
            client.writer.write(sent)
        client.writer.write_eof()
        assert await client.rest() == b""


@pytest.mark.parametrize(
    ("wrong", "answers"),
    [
        pytest.param(b"{}", 1, id="what is no request"),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"x: aaaa\r\n" * 500, 1, id="too long a head"),
        pytest.param(GET + CHUNKED + b"no chunk\r\n", 2, id="a wrong body behind another request"),
    ],
)
async def test_what_is_wrong_with_a_request_does_not_cost_those_before_it_their_answers(
    wrong: bytes, answers: int
) -> None:
    """They are under way, and what they do is done: whoever asked for a key would pay for one and never see it."""
    gate = asyncio.Event()
    async with serving(LONG, gate) as connect:
        client = await connect()
        client.writer.write(GET.replace(b"/ ", b"/held ", 1) + wrong)
        await connect.until_asked()
        gate.set()
        answer = await client.rest()
    assert answer.count(b"<0>") == answer.count(b"HTTP/1.1 200 ") == answers
    assert b"connection: close" in answer.split(b"HTTP/1.1 ")[-1]


@pytest.mark.parametrize(("path", "is_openais"), [(b"/v1/realtime/calls", True), (b"/api/x", False)])
async def test_a_refusal_has_the_shape_of_its_path(path: bytes, *, is_openais: bool) -> None:
    async with serving(LONG) as connect:
        client = await connect()
        client.writer.write(b"POST " + path + b" HTTP/1.1\r\n" + b"x: aaaa\r\n" * 200)
        answer = await client.rest()
    assert answer.startswith(b"HTTP/1.1 431 ")
    body = msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])
    # OpenAI's clients read the object; Limi's own error is flat.
    assert isinstance(body["error"], dict) is is_openais


async def test_a_method_that_nobody_knows_is_not_allowed() -> None:
    async with serving(LONG) as connect:
        client = await connect()
        client.writer.write(b"FOO / HTTP/1.1\r\nhost: limi\r\n\r\n")
        assert refusal_in(await client.rest(), 405)["code"] == "method_not_allowed"


async def test_what_is_not_http_is_answered_in_the_shape_of_every_error() -> None:
    async with serving(LONG) as connect:
        client = await connect()
        with capture_logs() as logs:
            client.writer.write(b"\x16\x03\x01 hello\r\n\r\n")
            error = refusal_in(await client.rest(), 400)
    assert error["code"] == "invalid_request"
    assert [line for line in logs if line.get("request_id") == error["requestId"]]


async def test_a_broken_body_is_answered_too() -> None:
    async with serving(LONG) as connect:
        client = await connect()
        client.writer.write(CHUNKED + b"not a length\r\n")
        refusal_in(await client.rest(), 400)


async def test_an_application_that_reads_a_broken_body_is_told_that_it_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At once, and not when the connection ends."""
    monkeypatch.setattr("limi.cli.connections._LINGER_SECONDS", 60.0)
    gate = asyncio.Event()
    async with serving(LONG, gate) as connect:
        client = await connect()
        client.writer.write(CHUNKED.replace(b"/ ", b"/left ", 1) + b"not a length\r\n")
        async with asyncio.timeout(20):
            await gate.wait()
        client.writer.write_eof()
        refusal_in(await client.rest(), 400)


async def test_an_answer_under_way_is_not_followed_by_one_it_could_be_mistaken_for() -> None:
    """The first request's client would take the second's 400 for its own answer."""
    async with serving(LONG) as connect:
        client = await connect()
        client.writer.write(GET + b"\x00 broken\r\n\r\n")
        assert b"400" not in await client.rest()


@pytest.mark.parametrize("begun", [b"", b"\r\n", GET[:20]])
async def test_a_head_that_does_not_arrive_ends_the_connection(begun: bytes) -> None:
    """Half a head is told why; who sent nothing is not, because nothing was asked."""
    async with serving(SHORT) as connect:
        client = await connect()
        client.writer.write(begun)
        answer = await client.rest()
    if begun.strip():
        error = refusal_in(answer, 408)
        assert (error["code"], error["message"]) == (
            "request_timeout",
            "The headers did not arrive within 0.05 s",
        )
    else:
        assert answer == b""


@pytest.mark.parametrize("begun", [b"\r\n", GET[:20]])
async def test_the_second_head_of_a_connection_has_a_deadline_too(begun: bytes) -> None:
    """What is no head yet, such as an empty line, does not prolong the time that a connection may idle."""
    async with serving(SHORT, keep_alive_seconds=1) as connect:
        client = await connect()
        await client.ask(GET)
        client.writer.write(begun)
        assert (b" 408 " in await client.rest()) == bool(begun.strip())


async def test_a_body_nobody_waits_for_any_more_does_not_keep_the_connection() -> None:
    head = b"POST /early HTTP/1.1\r\nhost: limi\r\ncontent-length: 100\r\n\r\n"
    async with serving(SHORT) as connect:
        client = await connect()
        await client.ask(head)
        client.writer.write(b"a")
        assert await client.rest() == b""


async def test_a_request_that_takes_longer_than_a_head_may_is_served() -> None:
    async with serving(SHORT) as connect:
        client, other = await connect(), await connect()
        client.writer.write(CHUNKED + b"1\r\na\r\n")
        # The other connection, opened later, has met its deadline: the first one's is over.
        assert await other.rest() == b""
        assert (await client.ask(b"0\r\n\r\n")).endswith(b"<1>")


async def test_a_head_that_we_do_not_read_is_not_late() -> None:
    """Reading pauses while a pipelined request waits for the one before it."""
    gate = asyncio.Event()
    async with serving(SHORT, gate) as connect:
        client = await connect()
        client.writer.write(GET.replace(b"/ ", b"/held ") + GET + GET[:20])
        await client.writer.drain()
        assert await (await connect()).rest() == b""
        client.writer.write(GET[20:])
        gate.set()
        for _ in range(3):
            assert (await client.reader.readuntil(b">")).endswith(b"<0>")


async def test_a_websocket_has_no_deadline_even_after_a_request_on_its_connection() -> None:
    upgrade = (
        b"GET / HTTP/1.1\r\nhost: limi\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
        b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    async with serving(SHORT) as connect:
        client = await connect()
        await client.ask(GET)
        client.writer.write(upgrade)
        assert b" 101 " in await client.reader.readuntil(b"\r\n\r\n")
        assert await (await connect()).rest() == b""
        client.writer.write(b"\x81\x82\x00\x00\x00\x00hi")
        assert await client.reader.readexactly(4) == b"\x81\x02hi"


async def test_one_connection_too_many_is_told_so_and_those_before_it_are_served() -> None:
    async with serving(LONG) as connect:
        first, second = await connect(), await connect()
        await first.ask(GET)
        await second.ask(GET)
        third = await connect()
        error = refusal_in(await third.rest(), 503)
        assert (error["code"], error["retryAfter"]) == ("overloaded", 1000)
        assert (await first.ask(GET)).endswith(b"<0>")
        first.writer.close()
        await asyncio.sleep(0)
        assert (await second.ask(GET)).endswith(b"<0>")
        assert (await (await connect()).ask(GET)).endswith(b"<0>")


CLOSING = GET[:-2] + b"connection: close\r\n\r\n"
UPGRADE = (
    b"host: limi\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
    b"sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"HEAD", b"OPTIONS", b"DELETE"])
async def test_a_method_that_opens_no_websocket_is_a_plain_request(method: bytes) -> None:
    """uvicorn hands it to a WebSocket all the same, which says nothing and never closes."""
    async with serving(LONG) as connect:
        client = await connect()
        body = b"content-length: 3\r\n\r\nabc" if method in {b"POST", b"PUT"} else b"\r\n"
        client.writer.write(method + b" / HTTP/1.1\r\n" + UPGRADE + body + CLOSING)
        answer = await client.rest()
    first, second = answer.split(b"HTTP/1.1 ")[1:]
    assert first.startswith(b"200 ")
    assert b"connection: close" in second
    if method != b"HEAD":
        assert first.endswith(b"<3>" if body.endswith(b"abc") else b"<0>")


@pytest.mark.parametrize("body", [b"", b"content-length: 3\r\n"])
async def test_an_upgrade_to_what_is_not_spoken_is_ignored(body: bytes) -> None:
    """curl --http2 and Java's client ask for h2c with their first request."""
    method = b"POST" if body else b"GET"
    head = method + b" / HTTP/1.1\r\nhost: limi\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\n"
    async with serving(LONG) as connect:
        client = await connect()
        client.writer.write(head + body + b"\r\n")
        if body:
            client.writer.write(b"a")
            await client.writer.drain()
            await asyncio.sleep(0.01)
            client.writer.write(b"bc")
        assert (await client.reader.readuntil(b">")).endswith(b"<3>" if body else b"<0>")
        client.writer.write(CLOSING)
        assert (await client.rest()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "fill", [b"x: " + b"a" * 9000 + b"\r\n", b"x: y\r\n" * 150], ids=["a long line", "many lines"]
)
async def test_a_handshake_that_the_websocket_cannot_read_is_answered(fill: bytes) -> None:
    roomy = ConnectionLimits(head_bytes=20_000, head_seconds=60, connections=2)
    async with serving(roomy) as connect:
        client = await connect()
        client.writer.write(b"GET / HTTP/1.1\r\n" + UPGRADE + fill + b"\r\n")
        assert refusal_in(await client.rest(), 400)["code"] == "invalid_request"


async def test_a_handshake_of_http_1_0_is_answered() -> None:
    async with serving(LONG) as connect:
        client = await connect()
        client.writer.write(b"GET / HTTP/1.0\r\n" + UPGRADE + b"\r\n")
        assert (await client.rest()).endswith(b"<0>")


async def test_nobody_is_tunnelled_to() -> None:
    async with serving(LONG) as connect:
        client = await connect()
        client.writer.write(b"CONNECT example.com:443 HTTP/1.1\r\nhost: example.com:443\r\n\r\n")
        assert refusal_in(await client.rest(), 405)["code"] == "method_not_allowed"


async def test_pieces_of_an_upgrade_head_may_be_small() -> None:
    async with serving(LONG) as connect:
        client = await connect()
        for byte in b"POST / HTTP/1.1\r\n" + UPGRADE + b"content-length: 3\r\n\r\nabc":
            client.writer.write(bytes([byte]))
            await asyncio.sleep(0)
        assert (await client.reader.readuntil(b">")).endswith(b"<3>")


async def test_whoever_leaves_is_told_to_the_request_that_is_answered_and_not_to_one_behind_it() -> None:
    """An application that works for nobody may stop."""
    gate = asyncio.Event()
    async with serving(LONG, gate) as connect:
        client = await connect()
        client.writer.write(GET.replace(b"/ ", b"/left ", 1) + GET)
        await connect.until_asked()
        client.reset()
        async with asyncio.timeout(20):
            await gate.wait()


@pytest.mark.parametrize("expect", [b"100-continue", b"100-Continue"])
async def test_a_client_that_asks_first_is_told_to_go_on_once_its_body_is_wanted(expect: bytes) -> None:
    head = b"POST / HTTP/1.1\r\nhost: limi\r\ncontent-length: 3\r\nexpect: " + expect + b"\r\n\r\n"
    async with serving(LONG) as connect:
        client = await connect()
        client.writer.write(head)
        assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert (await client.ask(b"abc")).endswith(b"<3>")
        assert b" 100 " not in await client.ask(head.replace(b"POST /", b"POST /early"))


async def test_a_server_that_stops_answers_what_it_has_and_ends_the_connection() -> None:
    gate = asyncio.Event()
    async with serving(LONG, gate) as connect:
        idle, asking = await connect(), await connect()
        await idle.ask(GET)
        asking.writer.write(GET.replace(b"/ ", b"/held ", 1))
        await connect.until_asked()
        for connection in list(connect.state.connections):
            connection.shutdown()
        assert await idle.rest() == b""
        gate.set()
        answer = await asking.rest()
    assert answer.endswith(b"<0>")
    assert b"connection: close\r\n" in answer


async def test_an_idle_connection_is_closed_after_its_time_and_no_sooner() -> None:
    """uvicorn's time to keep a connection alive, which here is shorter than that for a head."""
    async with serving(LONG, keep_alive_seconds=0) as connect:
        client = await connect()
        assert (await client.ask(GET)).endswith(b"<0>")
        assert await client.rest() == b""


async def test_an_application_that_fails_is_answered_for_in_the_shape_of_every_error() -> None:
    async with serving(LONG) as connect:
        client = await connect()
        with capture_logs() as logs:
            client.writer.write(GET.replace(b"/ ", b"/crash ", 1))
            error = refusal_in(await client.rest(), 500)
    assert error["code"] == "internal_error"
    assert [line["event"] for line in logs] == ["request.crashed"]


async def test_answers_do_not_depend_on_how_the_requests_were_cut_into_packets() -> None:
    """Three ways to send a body, sent ahead of their answers, cut in two at one place after another."""
    sized = b"POST /head HTTP/1.1\r\nhost: limi\r\ncontent-length: 3\r\n\r\nabc"
    chunked = CHUNKED + b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\nx-trailer: z\r\n\r\n"
    stream = GET + sized + chunked + b"HEAD / HTTP/1.1\r\nhost: limi\r\n\r\n" + sized + CLOSING
    answers = set()
    async with serving(LONG) as connect:
        for cut in range(0, len(stream), 3):
            client = await connect()
            client.writer.write(stream[:cut])
            await client.writer.drain()
            await asyncio.sleep(0)
            client.writer.write(stream[cut:])
            answers.add(re.sub(rb"date: [^\r]*\r\n", b"", await client.rest()))
    (answer,) = answers
    assert re.findall(rb"<(.*?)>", answer) == [
        b"0",
        b"host: limi, content-length: 3",
        b"3",
        b"host: limi, content-length: 3",
        b"0",
    ]


@pytest.mark.parametrize("more", [b"\r\n", GET, b"\x00"])
async def test_what_follows_a_last_request_does_not_cost_it_its_answer(more: bytes) -> None:
    """A server ignores it (RFC 9112 §9.6)."""
    async with serving(LONG) as connect:
        client = await connect()
        client.writer.write(CLOSING + more)
        assert (await client.rest()).count(b"<0>") == 1


async def test_a_handshake_behind_a_request_under_way_is_a_plain_request() -> None:
    """Handed over, the connection would carry the first request's answer among the frames of the socket."""
    gate = asyncio.Event()
    async with serving(LONG, gate) as connect:
        client = await connect()
        client.writer.write(GET.replace(b"/ ", b"/held ", 1) + b"GET / HTTP/1.1\r\n" + UPGRADE + b"\r\n" + CLOSING)
        await connect.until_asked()
        gate.set()
        answer = await client.rest()
    assert (answer.count(b"HTTP/1.1 200 "), answer.count(b"<0>"), b" 101 " in answer) == (3, 3, False)
