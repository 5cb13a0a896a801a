"""Where a request comes from and which host it asks for."""

from ipaddress import ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from limi.http.addresses import ClientAddresses, Hosts, caller_of, is_loopback_host
from limi.kernel.settings import SettingsError
from tests.unit.http.harness import make_scope


def _find(trusted: list[str], *forwarded: bytes, peer: str = "127.0.0.1") -> str:
    scope = make_scope("GET", "/", *((b"x-forwarded-for", value) for value in forwarded))
    scope["client"] = (peer, 1)
    return ClientAddresses(trusted).find(scope)


@pytest.mark.parametrize(
    ("peer", "expected"),
    [("203.0.113.7", "203.0.113.7"), ("::ffff:203.0.113.7", "203.0.113.7"), ("2001:DB8::0:1", "2001:db8::1")],
)
def test_an_address_is_written_in_its_shortest_form(peer: str, expected: str) -> None:
    assert _find([], peer=peer) == expected


def test_a_socket_without_an_address_is_unknown() -> None:
    scope = make_scope()
    scope["client"] = None
    assert ClientAddresses([]).find(scope) == "unknown"
    assert _find([], peer="/run/limi.sock") == "unknown"


def test_a_peer_that_is_not_trusted_says_nothing_about_others() -> None:
    assert _find(["10.0.0.0/8"], b"203.0.113.7") == "127.0.0.1"


def test_a_trusted_proxy_may_be_a_single_address_or_a_network_with_host_bits() -> None:
    assert _find(["127.0.0.1"], b"203.0.113.7") == "203.0.113.7"
    assert _find(["127.0.0.9/8"], b"203.0.113.7") == "203.0.113.7"
    assert _find(["::1"], b"203.0.113.7", peer="::1") == "203.0.113.7"


@pytest.mark.parametrize("wrong", ["everybody", "10.0.0.0/33", "10.0.0", "proxy.internal"])
def test_a_trusted_proxy_that_is_no_network_stops_the_start(wrong: str) -> None:
    with pytest.raises(SettingsError, match=r"LIMI_TRUSTED_PROXIES .*" + wrong):
        ClientAddresses([wrong])


@given(st.lists(st.binary(max_size=60), max_size=4))
@example([b"1.1.1.1,[::1"])
@example([b"," * 60])
@example([b"fe80::1%eth0"])
def test_whatever_a_header_holds_the_answer_is_an_address(forwarded: list[bytes]) -> None:
    ip_address(_find(["127.0.0.0/8"], *forwarded).partition("%")[0])


@pytest.mark.parametrize(
    ("ip", "caller"),
    [
        ("203.0.113.7", "ip:203.0.113.7"),
        ("2001:db8:5:6:7::1", "ip:2001:db8:5:6::/64"),
        ("2001:db8:5:6::2", "ip:2001:db8:5:6::/64"),
        ("unknown", "ip:unknown"),
    ],
)
def test_an_anonymous_caller_is_an_address_or_a_64(ip: str, caller: str) -> None:
    assert caller_of(ip) == caller


@pytest.mark.parametrize("name", ["localhost", "a.b.localhost", "127.0.0.1", "127.255.255.254", "::1"])
def test_loopback_by_name_and_number(name: str) -> None:
    assert is_loopback_host(name)


@pytest.mark.parametrize("name", ["localhost.example", "notlocalhost", "128.0.0.1", "::2", "", "localhost."])
def test_what_only_looks_like_loopback_is_not(name: str) -> None:
    assert not is_loopback_host(name)


def test_the_base_url_is_the_checked_host_or_the_public_url() -> None:
    local = Hosts(public_url=None, allowed=())
    assert local.base_url("http", b"localhost:3001") == "http://localhost:3001"
    assert local.base_url("ws", b"localhost:3001") == "http://localhost:3001"
    public = Hosts(public_url="https://voice.example.com/limi/", allowed=())
    assert public.base_url("http", b"localhost:3001") == "https://voice.example.com/limi"
    assert public.base_url("http", b"evil.example") is None


@given(st.binary(max_size=40))
@example(b"localhost:\xff")
@example(b"[")
@example(b"\xc2\xa0localhost")
def test_a_host_that_is_answered_for_is_one_that_is_known(host: bytes) -> None:
    if Hosts(public_url=None, allowed=("voice.internal",)).base_url("http", host) is not None:
        name = host.decode().lower()
        assert "localhost" in name or "voice.internal" in name or "127." in name or "::" in name


@pytest.mark.parametrize(
    "host",
    [
        *(
            "*",
            "*.example.com",
            "voice.internal:3001",
            "https://voice.internal",
            "voice.internal/",
            "[::1]",
            "",
            "a b",
        ),
        *("10.1.2.3:80", "b\u00fccher.example", "voice.internal\n", "::1::"),
    ],
    ids=ascii,
)
def test_an_allowed_host_that_no_request_could_name_stops_the_start(host: str) -> None:
    with pytest.raises(
        SettingsError, match=r"^LIMI_ALLOWED_HOSTS \(server\.allowed_hosts\): .* must be a host name"
    ):
        Hosts(public_url=None, allowed=("voice.internal", host))


@pytest.mark.parametrize(
    ("allowed", "header"),
    [
        ("Voice.Internal", b"voice.internal:3001"),
        ("10.1.2.3", b"10.1.2.3"),
        ("2001:DB8::1", b"[2001:db8::1]:3001"),
        ("my_service", b"my_service"),
        ("voice.internal.", b"voice.internal."),
    ],
)
def test_every_other_host_may_be_allowed(allowed: str, header: bytes) -> None:
    assert Hosts(public_url=None, allowed=(allowed,)).base_url("http", header) == f"http://{header.decode()}"
