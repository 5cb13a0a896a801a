"""What every request passes through."""

from collections.abc import Mapping

import pytest
from structlog.testing import capture_logs

from limi.http.addresses import ClientAddresses, Hosts
from limi.http.asgi import ASGIApp, Header, Message, RawResponse, Receive, Scope, Send
from limi.http.context import context_of
from limi.http.cors import CORS
from limi.http.envelope import Envelope
from limi.http.errors import Refusal
from limi.testing import CountingIds, ManualClock
from tests.unit.http.harness import RequestLog, call, make_scope, refusal_audit, wrong_credentials


async def _ok(scope: Scope, _: Receive, send: Send) -> None:
    path = f"{scope['root_path']}|{scope['path']}".encode()
    await RawResponse(200, path, [(b"x-frame-options", b"SAMEORIGIN")]).send(send)


async def _crash(_: Scope, __: Receive, ___: Send) -> None:
    raise RuntimeError("a cause that nobody outside may read")


async def _crash_late(scope: Scope, receive: Receive, send: Send) -> None:
    await _ok(scope, receive, send)
    raise RuntimeError("too late")


def _envelope(
    app: ASGIApp = _ok,
    *,
    routes: Mapping[str, ASGIApp] | None = None,
    mounts: Mapping[str, ASGIApp] | None = None,
    https: bool = False,
    public_url: str | None = None,
    observer: RequestLog | None = None,
    clock: ManualClock | None = None,
) -> Envelope:
    return Envelope(
        app,
        routes=routes or {},
        mounts=mounts or {},
        hosts=Hosts(public_url=public_url, allowed=()),
        addresses=ClientAddresses([]),
        cors=CORS(origins=[], allow_localhost=True),
        https=https,
        wrong_credentials=wrong_credentials(),
        refusals=refusal_audit(),
        observer=observer or RequestLog(),
        clock=clock or ManualClock(),
        ids=CountingIds(),
    )


async def test_the_context_says_who_asks_and_how() -> None:
    seen: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(context_of(scope))
        await _ok(scope, receive, send)

    agent = (b"user-agent", b"x" * 600)
    await call(_envelope(app), make_scope("GET", "/", (b"x-request-id", b"abc"), agent))
    (context,) = seen
    assert repr(context) == (
        "RequestContext(request_id='abc', ip='203.0.113.7', base_url='http://localhost', "
        f"user_agent='{'x' * 512}')"
    )


@pytest.mark.parametrize("public", ["https://voice.example", None])
async def test_what_a_wrong_host_is_referred_to_is_at_one_that_answers(public: str | None) -> None:
    scope = make_scope()
    scope["headers"] = [(b"host", b"evil.example")]
    answer = await call(_envelope(public_url=public), scope)
    assert answer.json["reference"] == f"{public or ''}/errors/host_not_allowed"


async def test_credentials_that_are_refused_too_often_end_in_429() -> None:
    async def refuse(_: Scope, __: Receive, ___: Send) -> None:
        raise Refusal("auth_required")

    envelope, wrong = _envelope(refuse), (b"authorization", b"Bearer wrong")
    statuses = [(await call(envelope, make_scope("GET", "/x", wrong))).status for _ in range(4)]
    assert statuses == [401, 401, 401, 429]
    assert (await call(envelope, make_scope("GET", "/x"))).status == 401


async def test_a_header_of_the_applications_own_is_left_alone() -> None:
    answer = await call(_envelope(), make_scope())
    names = [name for name, _ in answer.messages[0]["headers"]]
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert len(names) == len(set(names))


async def test_a_server_that_takes_whole_responses_gets_them_with_the_same_headers() -> None:
    class Server:
        def __init__(self) -> None:
            self.taken: list[tuple[int, dict[str, str], bytes]] = []

        def whole(self, status: int, headers: list[Header], body: bytes) -> bool:
            self.taken.append((status, {name.decode(): value.decode() for name, value in headers}, body))
            return True

        async def __call__(self, _: Message) -> None:
            raise AssertionError("it was taken already")

    server, log = Server(), RequestLog()
    await _envelope(observer=log)(make_scope(), _nothing, server)
    answer = await call(_envelope(), make_scope())
    assert server.taken == [(answer.status, answer.headers, answer.body)]
    assert log.ended[0][3] == answer.status


async def test_headers_that_the_application_sends_twice_stay_two() -> None:
    async def app(_: Scope, __: Receive, send: Send) -> None:
        await RawResponse(200, b"", [(b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]).send(send)

    answer = await call(_envelope(app), make_scope())
    sent = [value for name, value in answer.messages[0]["headers"] if name == b"set-cookie"]
    assert sent == [b"a=1", b"b=2"]
    assert answer.headers["x-frame-options"] == "DENY"


async def test_a_crash_is_an_internal_error_that_says_nothing_of_its_cause() -> None:
    with capture_logs() as logs:
        answer = await call(_envelope(_crash), make_scope("GET", "/x", (b"x-request-id", b"abc")))
    assert (answer.status, answer.json["code"]) == (500, "internal_error")
    assert b"cause" not in answer.body
    assert b"Traceback" not in answer.body
    assert [(entry["event"], entry["request_id"], entry["path"]) for entry in logs] == [
        ("request.crashed", "abc", "/x")
    ]


async def test_a_crash_after_the_answer_began_is_the_servers_to_end() -> None:
    with pytest.raises(RuntimeError, match="too late"):
        await call(_envelope(_crash_late), make_scope())


async def test_a_crash_below_an_sdks_path_has_openais_shape() -> None:
    answer = await call(_envelope(mounts={"/sandbox": _crash}), make_scope("GET", "/sandbox/v1/x"))
    assert answer.status == 500
    assert answer.json["error"]["type"] == "server_error"


async def test_a_mounted_application_sees_its_own_paths() -> None:
    envelope = _envelope(_crash, mounts={"/sandbox": _ok})
    assert (await call(envelope, make_scope("GET", "/sandbox/v1/x"))).body == b"/sandbox|/v1/x"


async def test_a_hand_written_route_is_taken_by_its_exact_path() -> None:
    envelope = _envelope(_crash, routes={"/fast": _ok})
    assert (await call(envelope, make_scope("GET", "/fast"))).body == b"|/fast"
    assert (await call(envelope, make_scope("GET", "/fast/"))).status == 500


async def test_a_hand_written_route_is_no_socket() -> None:
    async def no_sockets(_: Scope, __: Receive, ___: Send) -> None:
        raise Refusal("not_found")

    envelope = _envelope(no_sockets, routes={"/fast": _crash})
    answer = await call(envelope, make_scope(path="/fast", kind="websocket"))
    assert (answer.messages[0]["type"], answer.status) == ("websocket.http.response.start", 404)


@pytest.mark.parametrize(
    ("header", "status"), [((b"host", b"evil.example"), 400), ((b"origin", b"https://evil.example"), 403)]
)
async def test_a_handshake_is_refused_by_an_ordinary_response(header: tuple[bytes, bytes], status: int) -> None:
    answer = await call(_envelope(), make_scope("GET", "/sandbox/v1/realtime", header, kind="websocket"))
    assert [message["type"] for message in answer.messages] == [
        "websocket.http.response.start",
        "websocket.http.response.body",
    ]
    assert answer.status == status
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_start_and_stop_pass_through() -> None:
    seen: list[str] = []

    async def app(scope: Scope, _: Receive, __: Send) -> None:
        seen.append(scope["type"])

    await call(_envelope(app), {"type": "lifespan"})
    assert seen == ["lifespan"]


@pytest.mark.parametrize("https", [True, False])
async def test_browsers_are_kept_on_https_only_where_it_is_used(*, https: bool) -> None:
    answer = await call(_envelope(https=https), make_scope())
    assert ("strict-transport-security" in answer.headers) is https


class TestCounting:
    """Every request is counted by a route of a closed set, however odd its path."""

    @pytest.mark.parametrize(
        ("path", "route"),
        [
            ("/mint", "/mint"),
            ("/box/a/b", "/box/*"),
            ("/things/7", "/things/{number}"),
            ("/../../etc/passwd", "none"),
            ("/box", "none"),
        ],
    )
    async def test_a_request_is_counted_by_its_route(self, path: str, route: str) -> None:
        async def framework(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["path"].startswith("/things/"):
                scope["path_template"] = "/things/{number}"
            await _ok(scope, receive, send)

        log = RequestLog()
        envelope = _envelope(framework, routes={"/mint": _ok}, mounts={"/box": _ok}, observer=log)
        await call(envelope, make_scope("POST", path))
        assert log.began == ["http"]
        assert [entry[:4] for entry in log.ended] == [("http", route, "POST", 200)]

    async def test_the_time_is_that_of_the_whole_answer(self) -> None:
        clock, log = ManualClock(), RequestLog()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            clock.advance(1.5)
            await _ok(scope, receive, send)

        await call(_envelope(slow, observer=log, clock=clock), make_scope())
        assert log.ended[0][4] == 1.5

    async def test_an_error_is_counted_by_its_code(self) -> None:
        async def refuse(_: Scope, __: Receive, ___: Send) -> None:
            raise Refusal("forbidden")

        log = RequestLog()
        await call(_envelope(refuse, observer=log), make_scope())
        await call(_envelope(_crash, observer=log), make_scope())
        scope = make_scope()
        scope["headers"] = [(b"host", b"evil.example")]
        await call(_envelope(observer=log), scope)
        assert log.errors == ["forbidden", "internal_error", "host_not_allowed"]
        assert [entry[3] for entry in log.ended] == [403, 500, 400]

    async def test_one_who_left_before_the_answer_is_counted_out_again(self) -> None:
        async def silent(_: Scope, __: Receive, ___: Send) -> None:
            return

        log = RequestLog()
        scope = make_scope()
        await _envelope(silent, observer=log)(scope, _nothing, _never)
        assert [entry[3] for entry in log.ended] == [None]

    async def test_one_that_breaks_off_is_counted_out_again(self) -> None:
        log = RequestLog()
        with pytest.raises(RuntimeError):
            await call(_envelope(_crash_late, observer=log), make_scope())
        assert [entry[3] for entry in log.ended] == [200]

    async def test_a_preflight_is_no_request_of_a_route(self) -> None:
        log = RequestLog()
        headers = [(b"origin", b"http://localhost:5173"), (b"access-control-request-method", b"POST")]
        await call(_envelope(observer=log), make_scope("OPTIONS", "/things/7", *headers))
        assert [entry[:4] for entry in log.ended] == [("http", "preflight", "OPTIONS", 204)]

    async def test_a_socket_is_counted_with_the_status_of_its_handshake(self) -> None:
        async def accept(_: Scope, __: Receive, send: Send) -> None:
            await send({"type": "websocket.accept"})

        log, sent = RequestLog(), list[Message]()

        async def send(message: Message) -> None:
            sent.append(message)

        await _envelope(accept, observer=log)(make_scope(kind="websocket"), _nothing, send)
        assert log.began == ["websocket"]
        assert [entry[:4] for entry in log.ended] == [("websocket", "none", "GET", 101)]


async def _nothing() -> Message:
    raise AssertionError("nobody reads here")


async def _never(_: Message) -> None:
    raise AssertionError("nobody answers here")
