"""Which kind of application sent a request: by its own word first, by its user agent else.

Both are written by whoever calls, so nothing is decided by them; they are counted only.
"""

import re
from functools import lru_cache
from typing import Final

from limi.http.asgi import Scope, headers_of
from limi.http.authentication import client_kind
from limi.http.context import context_of
from limi.kernel.frontends import Frontend
from limi.kernel.principal import ClientKind

__all__ = ["frontend_of", "told_frontend"]

_NAME: Final = re.compile(rb"[ \t]*([A-Za-z-]{1,32})(?:/[\x21-\x7e]{0,64})?[ \t]*\Z")
_LONGEST: Final = 128
"""Bytes of the header that are looked at, and remembered: a longer one is nobody's name."""
_SAID: Final = {
    "react": Frontend.REACT,
    "vue": Frontend.VUE,
    "angular": Frontend.ANGULAR,
    "electron": Frontend.ELECTRON,
    "mobile": Frontend.MOBILE,
    "react-native": Frontend.MOBILE,
    "expo": Frontend.MOBILE,
    "ios": Frontend.MOBILE,
    "android": Frontend.MOBILE,
}


def frontend_of(scope: Scope) -> Frontend:
    """Return which kind of application sent the request of `scope`."""
    return told_frontend(headers_of(scope).get(b"x-limi-client"), context_of(scope).user_agent)


def told_frontend(client: bytes | None, user_agent: str | None) -> Frontend:
    """Tell the kind of application.

    Args:
        client: the header `X-Limi-Client`, such as `react/1.0.0`. A name that is not one of ours tells nothing.
        user_agent: the user agent. It tells of Electron and of telephones, never of what a page is made with.
    """
    # Each is remembered by itself: a mint may pay for one look-up, and most applications say what they are.
    said = _said(client[:_LONGEST]) if client else None
    return said or _shown(user_agent)


@lru_cache(maxsize=256)
def _said(client: bytes) -> Frontend | None:
    found = _NAME.match(client)
    return _SAID.get(found[1].decode().lower()) if found else None


@lru_cache(maxsize=1024)
def _shown(user_agent: str | None) -> Frontend:
    if user_agent and "electron/" in user_agent.lower():
        return Frontend.ELECTRON
    return Frontend.MOBILE if client_kind(user_agent) is ClientKind.MOBILE else Frontend.UNKNOWN
