"""What the backend hands out, as values."""

from dataclasses import dataclass, field
from typing import Literal

__all__ = ["CallURLs", "Capability", "EphemeralKey", "Health"]

Capability = Literal["audio_input", "audio_output", "text_input", "text_output"]


@dataclass(frozen=True)
class CallURLs:
    """Where a key is used; both are complete."""

    webrtc: str
    websocket: str


@dataclass(frozen=True)
class EphemeralKey:
    """A key for one conversation. Mint it just before connecting: it lives for minutes.

    Its `repr` hides the key; `ephemeral_key` is the key itself.
    """

    ephemeral_key: str = field(repr=False)
    expires_at: int
    """Unix seconds."""
    session_id: str
    model: str
    """The model that the key is for, after aliases were resolved."""
    request_id: str
    urls: CallURLs
    mode: str
    """`direct`: the conversation is with OpenAI. `supervised`: the backend watches over it."""


@dataclass(frozen=True)
class Health:
    """Whether the backend can mint."""

    status: str
    """`healthy` or `unhealthy`."""
    accessible: bool
    """Whether the backend reaches OpenAI with its key."""
    response_time: str
    """How long that took, as the backend words it: `245ms`."""
    request_id: str
    code: str | None = None
    """Of an unhealthy one: what is wrong, as a code of the catalogue."""
    message: str | None = None
    """Of an unhealthy one: what is wrong, in words."""

    @property
    def is_healthy(self) -> bool:
        """Whether keys can be minted."""
        return self.status == "healthy"
