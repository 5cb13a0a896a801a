"""The socket that is taken before a server is built."""

import socket

import pytest

from limi.cli.listening import bind_socket
from limi.kernel.settings import SettingsError


@pytest.mark.parametrize(
    ("host", "address"), [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("::1", "::1")]
)
def test_it_listens_at_once(host: str, address: str) -> None:
    with bind_socket(host, 0) as listener:
        found, port = listener.getsockname()[:2]
        assert found == address
        socket.create_connection((found, port), timeout=30).close()


def test_of_two_that_start_together_the_second_is_told() -> None:
    with bind_socket("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with pytest.raises(
            SettingsError, match=rf"^127\.0\.0\.1:{port} cannot be had: Address already in use; stop "
        ):
            bind_socket("127.0.0.1", port)


@pytest.mark.parametrize("host", ["127.0.0.1:80", "[::1]", "a" * 70 + ".example", "a\x00b", "no..name"])
def test_a_host_that_is_no_address_and_no_name_is_told(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(name: str, *_: object, **__: object) -> None:
        name.encode("idna")
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(
        SettingsError, match="the host is no address and no known name; set LIMI_HOST to an address"
    ):
        bind_socket(host, 0)


def test_an_address_of_another_machine_is_told_with_what_sets_it() -> None:
    with pytest.raises(SettingsError, match=r"cannot be had: .*; set --host to an address of this machine\.$"):
        bind_socket("203.0.113.1", 0, host_setting="--host", port_setting="--port")
