"""Which requests open a WebSocket, and how the others lose their upgrade."""

import pytest

from limi.cli.upgrades import opens_websocket, request_head, without_upgrade
from limi.http.asgi import Header, Scope

HANDSHAKE: list[Header] = [(b"connection", b"keep-alive, Upgrade"), (b"upgrade", b"WebSocket")]


def _scope(method: str = "GET", version: str = "1.1", headers: list[Header] = HANDSHAKE) -> Scope:
    return {"method": method, "http_version": version, "headers": headers}


def test_a_handshake_is_one_whatever_its_case() -> None:
    assert opens_websocket(_scope())


@pytest.mark.parametrize(
    "scope",
    [
        pytest.param(_scope(method="POST"), id="by POST"),
        pytest.param(_scope(version="1.0"), id="of HTTP/1.0"),
        pytest.param(_scope(headers=[HANDSHAKE[0], (b"upgrade", b"h2c")]), id="to something else"),
        pytest.param(_scope(headers=[HANDSHAKE[1]]), id="without Connection"),
    ],
)
def test_what_is_none_is_told_from_it(scope: Scope) -> None:
    assert not opens_websocket(scope)


def test_only_the_upgrade_is_taken_out() -> None:
    headers: list[Header] = [(b"a", b"1"), (b"connection", b"a, UPGRADE, b"), (b"upgrade", b"h2c")]
    assert without_upgrade(headers) == [(b"a", b"1"), (b"connection", b"a, b")]


def test_a_head_is_what_was_sent() -> None:
    head = request_head(_scope("POST"), b"/a?b", [(b"host", b"limi"), (b"x", b"")])
    assert head == b"POST /a?b HTTP/1.1\r\nhost: limi\r\nx: \r\n\r\n"
