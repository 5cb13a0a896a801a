"""Opens connections to one server: names looked up, TLS checked, past a proxy where there is one."""

import asyncio
import base64
import os
import socket
import ssl
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import SplitResult, unquote, urlsplit

import aiohappyeyeballs
import certifi

from limi.adapters.lookups import Found, SharedLookup
from limi.adapters.upstream.transports import TransportError
from limi.kernel.secret import Secret

__all__ = ["Connector", "Destination", "UntrustedError", "open_tunnel", "tls_context"]

_NEXT_ADDRESS_SECONDS: Final = 0.25
"""How long an address has before the next is tried beside it (RFC 8305 §5)."""
_MAX_PROXY_HEAD_BYTES: Final = 16_384
_PORTS: Final = {"http": 80, "https": 443}
_IN_WORDS: Final = {
    "gaierror": "its name cannot be looked up",
    "ConnectionRefusedError": "nothing listens there",
    "ConnectionResetError": "it cut the connection",
}
"""The commonest failures, for those who do not speak Python."""

_Protocol = TypeVar("_Protocol", bound=asyncio.Protocol)


class UntrustedError(TransportError):
    """Its certificate is not good, or not vouched for by anybody this machine trusts."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a URL leads."""

    host: str
    port: int
    tls: bool
    path: str
    """What comes before every request's own path; empty, or begins with a slash."""

    @classmethod
    def of(cls, url: str) -> "Destination":
        """Read a base URL.

        Raises:
            ValueError: it is none of http or https, or names no host.
        """
        parts = urlsplit(url)
        if not parts.hostname or parts.scheme not in _PORTS:
            raise ValueError("a URL of http or https with a host")
        return cls(parts.hostname, _port(parts), parts.scheme == "https", parts.path.rstrip("/"))

    @property
    def authority(self) -> str:
        """Return host and port as a `Host` header has them (RFC 9110 §7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["https" if self.tls else "http"] else f"{host}:{self.port}"


class Connector:
    """Opens connections to one destination."""

    def __init__(self, destination: Destination, *, proxy: Secret | None) -> None:
        """Prepare, without connecting.

        Args:
            destination: the server.
            proxy: `http://[user:password@]host[:port]` of a proxy that tunnels (RFC 9110 §9.3.6).

        Raises:
            ValueError: the proxy is not such a URL.
        """
        self._destination = destination
        self._proxy = _Proxy.of(proxy, destination) if proxy else None
        self._tls = tls_context() if destination.tls else None
        first = self._proxy or destination
        self._lookup = SharedLookup(first.host, first.port)

    async def connect(self, make: type[_Protocol], **arguments: int) -> _Protocol:
        """Open a connection and return its protocol, made with `arguments`.

        Raises:
            TransportError: nobody answers; an `UntrustedError` where the certificate is why.
        """
        try:
            return await self._connect(make, arguments)
        except ssl.SSLCertVerificationError as exc:
            reason = f"its certificate is not trusted ({exc.verify_message})"
            raise UntrustedError(reason) from exc
        except ssl.SSLError as exc:
            reason = f"no TLS came about ({exc.reason or type(exc).__name__})"
            raise TransportError(reason) from exc
        except (OSError, ValueError) as exc:
            raise TransportError(_in_words(exc)) from exc

    async def _connect(self, make: type[_Protocol], arguments: dict[str, int]) -> _Protocol:
        loop, destination, proxy = asyncio.get_running_loop(), self._destination, self._proxy
        sock = await _open(await self._lookup.find())
        try:
            if proxy:
                await _tunnel(sock, proxy.request)
            _, protocol = await loop.create_connection(
                lambda: make(**arguments),
                sock=sock,
                ssl=self._tls,
                server_hostname=destination.host if self._tls else None,
            )
        except BaseException:
            sock.close()
            raise
        return protocol


@dataclass(frozen=True, slots=True)
class _Proxy:
    host: str
    port: int
    request: bytes

    @classmethod
    def of(cls, proxy: Secret, destination: Destination) -> "_Proxy":
        parts = urlsplit(proxy.reveal())
        if parts.scheme != "http" or not parts.hostname:
            raise ValueError("the proxy must be a URL such as http://user:password@host:3128")
        host = f"[{destination.host}]" if ":" in destination.host else destination.host
        target = f"{host}:{destination.port}"
        head = f"CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n"
        if parts.username is not None:
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}".encode()
            head += f"proxy-authorization: Basic {base64.b64encode(login).decode()}\r\n"
        return cls(parts.hostname, _port(parts), f"{head}\r\n".encode())


async def _open(addresses: Found) -> socket.socket:
    return await aiohappyeyeballs.start_connection(
        addresses,
        happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS,
        interleave=1,
        loop=asyncio.get_running_loop(),
    )


async def open_tunnel(proxy: Secret, destination: Destination) -> socket.socket:
    """Return a socket that leads through `proxy` to `destination`.

    Raises:
        TransportError: the proxy does not open it.
        OSError: the proxy cannot be reached.
        ValueError: it is not such a URL as `Connector` takes.
    """
    way = _Proxy.of(proxy, destination)
    loop = asyncio.get_running_loop()
    sock = await _open(await loop.getaddrinfo(way.host, way.port, type=socket.SOCK_STREAM))
    try:
        await _tunnel(sock, way.request)
    except BaseException:
        sock.close()
        raise
    return sock


async def _tunnel(sock: socket.socket, request: bytes) -> None:
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, request)
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        # A proxy sends nothing past its head before TLS begins, so nothing of that is read here by mistake.
        piece = await loop.sock_recv(sock, 4096)
        if not piece or len(head) > _MAX_PROXY_HEAD_BYTES:
            raise TransportError("the proxy gave no answer")
        head += piece
    status = head.split(b" ", 2)[1:2]
    if status != [b"200"]:
        reason = f"the proxy answered {status[0].decode('latin-1')[:3] if status else 'no HTTP'}"
        raise TransportError(reason)


def tls_context() -> ssl.SSLContext:
    """Return whom this machine trusts, with HTTP/1.1 as what is spoken."""
    context = ssl.create_default_context()
    if not _has_authorities():
        # Python's own builds for macOS come without any, and so do some small images.
        context.load_verify_locations(certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context


def _in_words(exc: OSError | ValueError) -> str:
    """Say what failed; the error's own message may hold the address, which belongs to the operator alone."""
    name = type(exc).__name__
    if name == "OSError" and isinstance(exc, OSError) and exc.errno:
        return os.strerror(exc.errno)
    return _IN_WORDS.get(name, name)


def _has_authorities() -> bool:
    paths = ssl.get_default_verify_paths()
    return any(path is not None for path in (paths.cafile, paths.capath))


def _port(parts: SplitResult) -> int:
    return parts.port if parts.port is not None else _PORTS[parts.scheme]
