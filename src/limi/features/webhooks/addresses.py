"""Which addresses an endpoint may be at: whoever may name a URL must not reach through it what only Limi can.

The tables follow IANA's special-purpose registries
(https://www.iana.org/assignments/iana-ipv4-special-registry, https://www.iana.org/assignments/iana-ipv6-special-registry)
and are written out, because what Python counts as global differs from version to version.
"""

from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

__all__ = ["AddressKind", "kind_of"]


class AddressKind(StrEnum):
    """What can be behind an address."""

    PUBLIC = "public"
    LOOPBACK = "loopback"
    PRIVATE = "private"
    FORBIDDEN = "forbidden"
    """What nobody sends webhooks to: cloud metadata, link-local, multicast, reserved and documentation ranges."""


_FORBIDDEN_V4: Final = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",  # this network
            "169.254.0.0/16",  # link-local, with the metadata service of most clouds
            "100.100.100.200/32",  # Alibaba's metadata service
            "168.63.129.16/32",  # Azure's wire server, at a public address inside every machine
            "192.0.0.0/24",  # protocol assignments, with Oracle's metadata service
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # relays of 6to4
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, and broadcast
        ),
    )
)
_PRIVATE_V4: Final = tuple(map(IPv4Network, ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16")))
_LOOPBACK_V4: Final = IPv4Network("127.0.0.0/8")

_GLOBAL_V6: Final = IPv6Network("2000::/3")
_FORBIDDEN_V6: Final = tuple(
    map(
        IPv6Network,
        (
            "2001::/23",  # protocol assignments, with Teredo
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which no server has any more and which hides an IPv4 address
            "3fff::/20",  # documentation
            "fd00:ec2::/32",  # Amazon's metadata service
            "fd20:ce::/32",  # Google's metadata service
        ),
    )
)
_PRIVATE_V6: Final = IPv6Network("fc00::/7")
_LOOPBACK_V6: Final = IPv6Address("::1")
_NAT64: Final = IPv6Network("64:ff9b::/96")
"""The well-known prefix of RFC 6052; with DNS64 every server of IPv4 alone is behind it."""


def kind_of(address: str) -> AddressKind:
    """Return what can be behind `address`, an IP address as text, with or without a scope.

    Raises:
        ValueError: it is no address.
    """
    found = ip_address(address)
    return _kind_of_v4(found) if isinstance(found, IPv4Address) else _kind_of_v6(found)


def _kind_of_v4(address: IPv4Address) -> AddressKind:
    if any(address in network for network in _FORBIDDEN_V4):
        return AddressKind.FORBIDDEN
    if address in _LOOPBACK_V4:
        return AddressKind.LOOPBACK
    return AddressKind.PRIVATE if any(address in network for network in _PRIVATE_V4) else AddressKind.PUBLIC


def _kind_of_v6(address: IPv6Address) -> AddressKind:
    hidden = address.ipv4_mapped or _behind_nat64(address)
    if hidden is not None:
        return _kind_of_v4(hidden)
    if address == _LOOPBACK_V6:
        return AddressKind.LOOPBACK
    if any(address in network for network in _FORBIDDEN_V6):
        return AddressKind.FORBIDDEN
    if address in _PRIVATE_V6:
        return AddressKind.PRIVATE
    return AddressKind.PUBLIC if address in _GLOBAL_V6 else AddressKind.FORBIDDEN


def _behind_nat64(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else None
