"""What a conversation needs from outside: a backend that mints, and perhaps a microphone and a loudspeaker."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from limi_client._models import Capability, EphemeralKey

__all__ = ["AudioSink", "AudioSource", "Sleep", "VoiceBackend"]

Sleep = Callable[[float], Awaitable[None]]


class VoiceBackend(Protocol):
    """Who mints keys and takes reports; `AsyncLimiAIClient` is one."""

    @property
    def origin(self) -> str:
        """What links to the pages of errors begin with."""

    async def generate_ephemeral_key(
        self,
        *,
        model: str | None = None,
        session_id: str | None = None,
        capabilities: Sequence[Capability] | None = None,
        profile: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> EphemeralKey:
        """Mint a key.

        Raises:
            LimiError: There is none to be had.
        """

    async def report_events(self, events: Sequence[Mapping[str, object]]) -> int:
        """Send reports.

        Raises:
            LimiError: They were not accepted.
        """


class AudioSource(Protocol):
    """A microphone, or what stands in for one."""

    async def open(self) -> None:
        """Begin to listen.

        Raises:
            MicrophoneError: It cannot.
        """

    async def read(self) -> bytes:
        """Return the next piece of sound: 24 kHz, one channel, 16 bit.

        Raises:
            MicrophoneError: The device is gone.
        """

    async def close(self) -> None:
        """Stop listening; may be called twice."""


class AudioSink(Protocol):
    """A loudspeaker, or what stands in for one; none of it may block."""

    def open(self) -> None:
        """Begin to play."""

    def play(self, item_id: str, pcm: bytes) -> None:
        """Play a piece of an answer after what is waiting already."""

    def clear(self) -> None:
        """Forget what is waiting: the user spoke into it."""

    def played_seconds(self, item_id: str) -> float:
        """Return how much of an answer has been heard."""

    def close(self) -> None:
        """Stop; may be called twice."""
