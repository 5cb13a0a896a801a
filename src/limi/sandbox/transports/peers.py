"""Makes the server's ends of WebRTC calls, and imports what they need when the first one is wanted."""

import asyncio
from importlib import import_module
from typing import Protocol

from limi.sandbox.config import SandboxConfig
from limi.sandbox.sessions.live_session import Faculties, LiveSession
from limi.sandbox.transports.playback import Player
from limi.sandbox.transports.sdp import Offer

__all__ = ["MakePeer", "Peer", "WebRTCUnavailableError", "make_peer"]


class WebRTCUnavailableError(Exception):
    """The WebRTC library is not installed here."""

    hint = "install limi[sandbox] to let browsers call, or connect by WebSocket"

    def __init__(self) -> None:
        super().__init__(f"WebRTC is not installed here; {self.hint}")


class Peer(Protocol):
    """The server's end of one call."""

    async def answer(self, offer: Offer) -> str:
        """Return the SDP answer to an offer; `run` must follow, or `close`.

        Raises:
            InvalidOfferError: The offer cannot be answered.
        """

    async def run(self) -> None:
        """Carry the session until either side ends it; leaves nothing running."""

    async def close(self) -> None:
        """End the connection and the session; may be called twice."""


class MakePeer(Protocol):
    """Makes an end for a session."""

    async def __call__(
        self, *, live: LiveSession, player: Player, faculties: Faculties, config: SandboxConfig
    ) -> Peer:
        """Return an end that nobody is connected to."""


async def make_peer(*, live: LiveSession, player: Player, faculties: Faculties, config: SandboxConfig) -> Peer:
    """Return an end made with aiortc.

    Raises:
        WebRTCUnavailableError: It is not installed.
    """
    try:
        # It takes half a second the first time, which the event loop must not.
        module = await asyncio.to_thread(import_module, "limi.sandbox.transports.webrtc")
    except ImportError as exc:
        raise WebRTCUnavailableError from exc
    peer: Peer = module.WebRTCPeer(live=live, player=player, faculties=faculties, config=config)
    return peer
