"""Where a request comes from and which host it asks for: both are claims, and believed only so far."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

from limi.http.asgi import Scope, headers_of
from limi.kernel.settings import SettingsError

__all__ = ["ClientAddresses", "Hosts", "caller_of", "is_loopback_host"]

_MOST_HOPS: Final = 32
"""Longest chain of proxies looked through; no honest one is near it."""
_NAME: Final = re.compile(r"[a-z0-9_-][a-z0-9._-]*")
"""A host as a Host header may spell it: a name in ASCII, or an IPv4 address."""

Address = IPv4Address | IPv6Address


class ClientAddresses:
    """Finds the client's address behind proxies that are trusted, and no others.

    Raises:
        SettingsError: a trusted proxy is no CIDR.
    """

    def __init__(self, trusted_proxies: Iterable[str]) -> None:
        self._trusted = [_network(text) for text in trusted_proxies]

    def find(self, scope: Scope) -> str:
        """Return the socket's peer or, where that is a trusted proxy, the rightmost hop that is not one.

        A hop that is no address ends the search: what stands left of it could be anybody's invention.
        """
        client = scope.get("client")
        peer = _address(client[0]) if client else None
        if peer is None:
            return "unknown"
        if self._trusted and self._is_trusted(peer):
            peer = self._behind(scope, peer)
        return _shown(peer)

    def _behind(self, scope: Scope, peer: Address) -> Address:
        for hop in self._hops(scope):
            if hop is None:
                break
            peer = hop
            if not self._is_trusted(hop):
                break
        return peer

    def _hops(self, scope: Scope) -> Iterable[Address | None]:
        chain = headers_of(scope).get(b"x-forwarded-for", b"").decode("latin-1")
        hops = [hop for hop in chain.rsplit(",", _MOST_HOPS) if hop.strip()]
        return (_address(hop.strip()) for hop in reversed(hops))

    def _is_trusted(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)


class Hosts:
    """The host names this server answers for: loopback, the public URL's, and those it was given.

    Raises:
        SettingsError: one that was given can match no Host header.
    """

    def __init__(self, *, public_url: str | None, allowed: Iterable[str]) -> None:
        public = urlsplit(public_url).hostname if public_url else None
        self._allowed = {*map(_allowed_host, allowed), *([public] if public else [])}
        self.public_url = public_url.rstrip("/") if public_url else None
        """The URL under which every client sees this server, where it was given one."""
        # Nearly every request repeats the host of the one before.
        self.base_url = lru_cache(maxsize=256)(self._base_url)

    def _base_url(self, scheme: str, host: bytes) -> str | None:
        """Return the URL under which the client sees this server, or None for a host it does not answer for.

        Args:
            scheme: ASGI's word for how it was reached.
            host: the Host header.
        """
        name = _host_name(host)
        if name is None or not (name in self._allowed or is_loopback_host(name)):
            return None
        return self.public_url or f"{_HTTP[scheme]}://{host.decode()}"


_HTTP: Final = {"http": "http", "https": "https", "ws": "http", "wss": "https"}


def _host_name(host: bytes) -> str | None:
    """Return the name in a Host header, lower-cased and without its port; None when it is no host."""
    try:
        parts = urlsplit(f"//{host.decode('ascii')}")
        _ = parts.port  # raises for a port that is no number
    except ValueError:
        return None
    # A comma joins two Host headers into one value.
    plain = not (parts.path or parts.query or parts.fragment or "@" in parts.netloc or "," in parts.netloc)
    return parts.hostname if plain else None


def _allowed_host(text: str) -> str:
    """Return a host in lower case; headers are compared with it, so it must look as they are read."""
    host = text.lower()
    if _NAME.fullmatch(host) or isinstance(_plain_address(host), IPv6Address):
        return host
    msg = (
        f"LIMI_ALLOWED_HOSTS (server.allowed_hosts): {text!r} must be a host name or address such as "
        "voice.internal, without scheme, port, brackets or wildcard."
    )
    raise SettingsError(msg)


def _plain_address(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def is_loopback_host(name: str) -> bool:
    """Say whether a host name always means this machine (RFC 6761 §6.3 for `localhost`)."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    return address is not None and address.is_loopback


@lru_cache(maxsize=4096)
def caller_of(ip: str) -> str:
    """Return the name by which an anonymous caller is counted: the address, or for IPv6 its /64."""
    address = _address(ip)
    if isinstance(address, IPv6Address):
        return f"ip:{IPv6Network((address, 64), strict=False)}"
    return f"ip:{ip}"


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text, strict=False)
    except ValueError as exc:
        msg = f"LIMI_TRUSTED_PROXIES (server.trusted_proxies): {text!r} is no address or CIDR."
        raise SettingsError(msg) from exc


@lru_cache(maxsize=4096)
def _address(text: str) -> Address | None:
    """Read an address as proxies write it: bare, with a port, or in brackets."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    address = _plain_address(text)
    # A dual-stack socket shows IPv4 clients as mapped addresses; both forms must be one caller.
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


_shown = lru_cache(maxsize=4096)(str)
"""An address as text; making it costs more than anything else about it."""
