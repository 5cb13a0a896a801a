"""What an endpoint's members may be, and what is said of one that is not."""

import re
from collections.abc import Set as AbstractSet
from typing import Final
from urllib.parse import SplitResult, urlsplit

from limi.features.webhooks.addresses import AddressKind, kind_of
from limi.features.webhooks.errors import InvalidEndpointError
from limi.features.webhooks.payload import EVENT_TYPES

__all__ = [
    "MAX_OVERLAP_SECONDS",
    "MAX_URL_LENGTH",
    "WEBHOOK_RULES",
    "allowed_kinds",
    "check_endpoint",
    "check_url",
]

MAX_URL_LENGTH: Final = 2000
MAX_OVERLAP_SECONDS: Final = 7 * 86_400
"""Longest life of a secret after its successor: a week is time enough to change a receiver."""

WEBHOOK_RULES: Final = {
    "url": "must be an https URL of at most 2,000 visible ASCII characters, with a host, without user or fragment",
    "url.http": "must begin with https; plain http is for this machine itself (localhost), where that is allowed",
    "url.port": "must have port 443, or one from 1024 to 65535",
    "url.address": (
        "must not be at a private or loopback address, unless LIMI_WEBHOOKS_ALLOW_PRIVATE_ADDRESSES=true is set"
    ),
    "url.reserved": "must not be at an address that is link-local, reserved or a cloud's metadata service",
    "events": f"must name some of {', '.join(EVENT_TYPES)}, or nothing for all",
    "description": "must be at most 200 characters without control characters",
    "tenant": "must be a tenant that is there, or nothing for the events of all",
    "overlap_seconds": f"must be a whole number from 0 to {MAX_OVERLAP_SECONDS:,}",
}
"""The rule of each member in words, for error messages and the API description; `url.…` are parts of the URL's."""

_VISIBLE: Final = re.compile(rf"[\x21-\x7e]{{1,{MAX_URL_LENGTH}}}")
_NAME: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})*\.?", re.IGNORECASE)
_MAX_NAME: Final = 253
"""A DNS name's characters (RFC 1035 §2.3.4)."""
_DESCRIPTION: Final = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,200}")
_PORTS: Final = {"http": 80, "https": 443}
_FIRST_FREE_PORT: Final = 1024
"""Below it are services that something other than web servers answers, such as mail."""


def allowed_kinds(*, development: bool, private: bool) -> frozenset[AddressKind]:
    """Return the kinds of addresses that endpoints may be at.

    Args:
        development: whether this is a developer's machine, whose receivers are on it.
        private: whether the operator allows private addresses.
    """
    kinds = {AddressKind.PUBLIC}
    if development or private:
        kinds.add(AddressKind.LOOPBACK)
    if private:
        kinds.add(AddressKind.PRIVATE)
    return frozenset(kinds)


def check_endpoint(
    *, url: str, events: AbstractSet[str], description: str, kinds: AbstractSet[AddressKind]
) -> None:
    """Return when every member follows its rule.

    Raises:
        InvalidEndpointError: naming the first that does not.
    """
    check_url(url, kinds)
    _require("events", fits=events <= frozenset(EVENT_TYPES))
    _require("description", fits=_DESCRIPTION.fullmatch(description) is not None)


def check_url(url: str, kinds: AbstractSet[AddressKind]) -> None:
    """Return when deliveries may go to `url`, as far as it can be told without looking up its name.

    A name is looked up and its addresses are checked whenever a connection is made, because they may change.

    Raises:
        InvalidEndpointError: it breaks a rule.
    """
    parts = _parts(url)
    host, literal = parts.hostname or "", _literal_kind(parts.hostname or "")
    if literal is not None:
        _require("url.reserved", fits=literal is not AddressKind.FORBIDDEN)
        _require("url.address", fits=literal in kinds)
    else:
        _require("url", fits=_NAME.fullmatch(host) is not None and len(host) <= _MAX_NAME)
    here = literal is AddressKind.LOOPBACK or host == "localhost"
    if host == "localhost":
        _require("url.address", fits=AddressKind.LOOPBACK in kinds)
    _require("url.http", fits=parts.scheme == "https" or (here and AddressKind.LOOPBACK in kinds))
    port = parts.port if parts.port is not None else _PORTS[parts.scheme]
    _require("url.port", fits=port == _PORTS[parts.scheme] or port >= _FIRST_FREE_PORT)


def _parts(url: str) -> SplitResult:
    """Return what `url` is made of, where it may be used at all."""
    _require("url", fits=_VISIBLE.fullmatch(url) is not None and "\\" not in url)
    try:
        parts = urlsplit(url)
        fits = bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise InvalidEndpointError(field="url", rule=WEBHOOK_RULES["url"]) from None
    _require("url", fits=fits and parts.scheme in _PORTS and "@" not in parts.netloc and "#" not in url)
    return parts


def _literal_kind(host: str) -> AddressKind | None:
    try:
        return kind_of(host)
    except ValueError:
        return None


def _require(rule: str, *, fits: bool) -> None:
    if not fits:
        raise InvalidEndpointError(field=rule.partition(".")[0], rule=WEBHOOK_RULES[rule])
