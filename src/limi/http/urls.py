"""The URLs a client connects to with its key: upstream's own, or this server's where the sandbox is inside."""

from functools import lru_cache
from urllib.parse import quote

import msgspec

__all__ = ["CallURLs", "URLMaker"]


class CallURLs(msgspec.Struct, frozen=True):
    """Both usable verbatim with the key they come with."""

    webrtc: str
    websocket: str


class URLMaker:
    """Makes them; `upstream` is a base URL ending in /v1, or a path of this server when it begins with a slash."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        # A server has few names and models, so nearly every mint repeats an answer.
        self.make = lru_cache(maxsize=256)(self._make)

    def _make(self, base_url: str, model: str) -> CallURLs:
        """Return the URLs for `model`, as the client that reached us by `base_url` sees them."""
        root = base_url + self._upstream if self._upstream.startswith("/") else self._upstream
        # http becomes ws and https becomes wss.
        socket = "ws" + root.removeprefix("http")
        return CallURLs(
            webrtc=f"{root}/realtime/calls", websocket=f"{socket}/realtime?model={quote(model, safe='')}"
        )
