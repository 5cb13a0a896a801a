"""Which proxy stands between this machine and a URL, as the usual environment variables say."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

__all__ = ["is_usable_proxy", "proxy_from"]

_VARIABLES: Final = {"https": ("https_proxy", "HTTPS_PROXY"), "http": ("http_proxy",)}
"""The lower-case name first, as curl has it. `HTTP_PROXY` is left out, because under CGI a client can set it."""


def proxy_from(environ: Mapping[str, str], url: str) -> str | None:
    """Return the proxy that `environ` names for `url`, or None; this machine itself is never behind one.

    Args:
        environ: environment variables; `NO_PROXY` lists names, suffixes or `*`, separated by commas.
        url: of http or https.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    found = next((environ[name] for name in _VARIABLES.get(parts.scheme, ()) if environ.get(name)), None)
    if found is None or _is_this_machine(host):
        return None
    excepted = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    return None if _is_excepted(host, port, excepted) else found


def is_usable_proxy(proxy: str) -> bool:
    """Say whether `proxy` is a URL of the one kind that is spoken: `http://[user:password@]host[:port]`."""
    try:
        parts = urlsplit(proxy)
        return parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _is_excepted(host: str, port: int | None, excepted: str) -> bool:
    """Say whether a name, its domain, either with the port, or everything is listed."""
    listed = {entry.strip().lower().removeprefix(".") for entry in excepted.split(",")}
    labels = host.split(".")
    domains = {".".join(labels[start:]) for start in range(len(labels))}
    return not listed.isdisjoint({"*", *domains, *(f"{domain}:{port}" for domain in domains)})


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
