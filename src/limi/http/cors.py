"""Which pages of other origins may call the API (https://fetch.spec.whatwg.org/#http-cors-protocol)."""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from limi.http.addresses import is_loopback_host
from limi.http.asgi import Header, Scope, headers_of
from limi.kernel.settings import SettingsError

__all__ = ["CORS"]

_ALLOWED: Final = "authorization, content-type, x-client-version, x-request-id, idempotency-key, x-limi-client"
_ALLOWED_BY_SDKS: Final = f"{_ALLOWED}, x-openai-agents-sdk, openai-safety-identifier"
# By name, because not every browser in use understands a wildcard here.
_EXPOSED: Final = (
    "x-request-id, retry-after, ratelimit-limit, ratelimit-remaining, ratelimit-reset, idempotent-replayed, "
    "x-limi-model-replaced"
)
_ORIGIN: Final = re.compile(
    r"(?!https://[^/]*:443$|http://[^/]*:80$)[a-z][a-z0-9+.-]*://(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[1-9][0-9]{0,4})?"
)
"""An origin as browsers spell it: in ASCII and without the port that its scheme implies
(https://html.spec.whatwg.org/#ascii-serialisation-of-an-origin)."""
_VARY: Final[Header] = (b"vary", b"origin")


class CORS:
    """Answers preflights and says which responses a page may read. Cookies play no part, so none are allowed.

    Raises:
        SettingsError: an origin that was given is none, so that no page could match it.
    """

    def __init__(self, *, origins: Iterable[str], allow_localhost: bool) -> None:
        self._origins = frozenset(map(_configured, origins))
        self._allow_localhost = allow_localhost
        # A page asks many times, and nearly all callers are a few pages.
        self.allows = lru_cache(maxsize=1024)(self._allows)

    def _allows(self, origin: bytes, *, base_url: str) -> bool:
        """Say whether a page of `origin` may call; pages of this server itself always may."""
        text = origin.decode("latin-1").lower()
        if text in self._origins or text == _origin_of(base_url):
            return True
        return self._allow_localhost and _is_localhost(text)

    @staticmethod
    def is_preflight(scope: Scope) -> bool:
        """Say whether a browser asks for permission rather than for something."""
        asks = b"access-control-request-method" in headers_of(scope)
        return asks and scope["method"] == "OPTIONS"

    @staticmethod
    def preflight_headers(origin: bytes, *, for_sdks: bool) -> list[Header]:
        """Return the permission for an allowed origin; official SDKs send headers of their own."""
        allowed = _ALLOWED_BY_SDKS if for_sdks else _ALLOWED
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-allow-methods", b"GET, POST, PUT, PATCH, DELETE, OPTIONS"),
            (b"access-control-allow-headers", allowed.encode()),
            (b"access-control-max-age", b"600"),
            _VARY,
        ]

    @staticmethod
    def response_headers(origin: bytes, *, for_sdks: bool) -> list[Header]:
        """Return what lets a page of an allowed origin read a response."""
        exposed = f"{_EXPOSED}, location" if for_sdks else _EXPOSED
        return [
            (b"access-control-allow-origin", origin),
            (b"access-control-expose-headers", exposed.encode()),
            _VARY,
        ]


def _configured(text: str) -> str:
    origin = text.rstrip("/").lower()
    if not _ORIGIN.fullmatch(origin):
        msg = (
            f"LIMI_CORS_ORIGINS (server.cors_origins): {text!r} must be an origin such as "
            "https://app.example.com: scheme, host, and a port unless it is the usual one, no path or wildcard."
        )
        raise SettingsError(msg)
    return origin


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower()


def _is_localhost(origin: str) -> bool:
    try:
        host = urlsplit(origin).hostname
    except ValueError:
        return False
    return host is not None and is_loopback_host(host)
