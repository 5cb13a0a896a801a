"""No test reaches another machine."""

import socket

import pytest

from tests.architecture.network_guard import GUARD, NetworkGuard, NetworkUsedError


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "api.openai.com", b"example.com", "10.0.0.1"])
def test_another_machine_is_refused_and_remembered(host: str | bytes) -> None:
    guard = NetworkGuard()
    for event, args in (("socket.connect", (None, (host, 443))), ("socket.getaddrinfo", (host, 443, 0, 0, 0))):
        with pytest.raises(NetworkUsedError):
            guard(event, args)
    assert guard.attempts == [str(host)] * 2


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", None, ""])
def test_this_machine_is_not(host: str | None) -> None:
    NetworkGuard()("socket.connect", (None, (host, 443)))
    NetworkGuard()("socket.connect", (None, "/run/some.sock"))


def test_it_is_on_guard() -> None:
    with socket.socket() as connection, pytest.raises(NetworkUsedError):
        connection.connect(("192.0.2.1", 80))
    assert GUARD.attempts.pop() == "192.0.2.1"
