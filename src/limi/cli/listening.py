"""The socket a server listens on, taken before anything else is done: a port in use then costs nobody anything."""

import errno
import os
import socket
from ipaddress import ip_address

from limi.kernel.settings import SettingsError

__all__ = ["bind_socket"]


def bind_socket(
    host: str, port: int, *, host_setting: str = "LIMI_HOST", port_setting: str = "LIMI_PORT"
) -> socket.socket:
    """Return a listening socket, which the caller closes.

    It listens already, because of two sockets that are only bound to one port the second would learn it too late.

    Args:
        host: An address or a name; of a name's addresses an IPv4 one is preferred, as `localhost` has both.
        port: The port; 0 picks a free one.
        host_setting: What sets the host, for the error's sentence.
        port_setting: What sets the port, likewise.

    Raises:
        SettingsError: The host is no address of this machine, or the port cannot be had.
    """
    place = f"{host}:{port}"
    elsewhere = f"set {host_setting} to an address of this machine"
    try:
        family, address = _resolve(host, port)
    # A name that cannot be encoded is a ValueError.
    except (OSError, ValueError) as exc:
        msg = f"{place} cannot be had: the host is no address and no known name; {elsewhere}."
        raise SettingsError(msg) from exc
    try:
        return socket.create_server(address, family=family)
    except OSError as exc:
        number = exc.errno or errno.EINVAL
        another = f"stop what uses it (`limi serve` may run already), or choose another with {port_setting}"
        advice = {errno.EADDRINUSE: another, errno.EACCES: f"choose another with {port_setting}"}
        msg = f"{place} cannot be had: {os.strerror(number)}; {advice.get(number, elsewhere)}."
        raise SettingsError(msg) from exc


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[object, ...]]:
    # Asked for without a look-up, which a machine without a network may not answer.
    try:
        version = ip_address(host).version
    except ValueError:
        pass
    else:
        return socket.AF_INET6 if version == 6 else socket.AF_INET, (host, port)  # noqa: PLR2004 - IPv6
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, _, _, _, address = min(found, key=lambda info: info[0] is not socket.AF_INET)
    return family, address
