"""What the voice page may do in a browser: run its own files, and talk to this server and to where calls go."""

from typing import Final
from urllib.parse import urlsplit

from limi.http.urls import CallURLs

__all__ = ["page_policy"]

_FIXED: Final = (
    "default-src 'none'",
    # Where WebRTC does not get through the page carries the sound itself, in a worklet whose code is a blob.
    "script-src 'self' blob:",
    "worker-src 'self' blob:",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self' data:",
    "media-src 'self' blob: mediastream:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)


def page_policy(urls: CallURLs) -> str:
    """Return the page's content security policy (https://www.w3.org/TR/CSP3/).

    Args:
        urls: where a call of a key goes; nothing else outside may be connected to. WebRTC's media is not among
            what a policy can name.
    """
    origins = sorted({origin for url in (urls.webrtc, urls.websocket) if (origin := _origin_of(url))})
    return "; ".join((*_FIXED, " ".join(("connect-src 'self'", *origins))))


def _origin_of(url: str) -> str | None:
    """Return a URL's origin; None for an IPv6 literal, which no policy can name: `'self'` must do there."""
    parts = urlsplit(url)
    return None if "[" in parts.netloc else f"{parts.scheme}://{parts.netloc}"
