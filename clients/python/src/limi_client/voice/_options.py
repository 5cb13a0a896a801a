"""How a conversation is to be."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from limi_client._models import Capability
from limi_client.voice._ports import AudioSink, AudioSource
from limi_client.voice._tools import Tool

__all__ = ["VoiceOptions"]


@dataclass(frozen=True)
class VoiceOptions:
    """What the key is minted with, what the session is told, and how long anything may take."""

    model: str | None = None
    """A public name or alias; the profile's model unless given."""
    session_id: str | None = None
    """Your name for the conversation in the backend's records."""
    capabilities: Sequence[Capability] | None = None
    """What the conversation is to be able to; the profile decides unless given."""
    profile: str | None = None
    """The backend's named session configuration."""
    variables: Mapping[str, str] | None = None
    """What the profile's instructions have gaps for."""
    instructions: str | None = None
    """In place of the profile's; a supervised backend may refuse."""
    tools: Sequence[Tool] = ()
    """What the assistant may call."""
    microphone: AudioSource | None = None
    """Listens from the first connection to the end; `Microphone` of the extra `mic` is one."""
    speaker: AudioSink | None = None
    """Plays the answers, and says how far it has come when the user interrupts; `Speaker` of `mic` is one."""
    connect_timeout_seconds: float = 10.0
    """From the key to the session's first event: handshakes take two round trips, a busy server some seconds."""
    reconnect_attempts: int = 3
    """In a row, each with a fresh key; 0 switches reconnecting off."""
    reconnect_delays_seconds: Sequence[float] = (1.0, 2.0, 3.0)
    """Before the first, second, … attempt; the last one is repeated."""
    reconnect_jitter: float = 0.2
    """The share of a wait that chance adds or takes, so that clients do not return all at once."""
    stable_after_seconds: float = 10.0
    """A connection that held so long is a success, and attempts are counted anew."""
    renew_after_seconds: float = 55 * 60.0
    """A session ends after 60 minutes (https://platform.openai.com/docs/guides/realtime-conversations); from here
    on the next quiet moment is used for a new one."""
    renew_patience_seconds: float = 180.0
    """How long a renewal waits for that moment before it is done in the middle of speech."""
    renew_retry_seconds: float = 30.0
    """The wait after a renewal's key was refused."""
    carry_history: bool = True
    """Whether a new session is told what was said in the one before."""
    history_entries: int = 40
    """How much of it, the newest first: it costs tokens at every answer."""
    tool_timeout_seconds: float = 30.0
    """For one call of a tool; the model is told when it takes longer."""
    max_waiting_bytes: int = 32 * 1024 * 1024
    """Of events that nobody has read yet: eleven minutes of sound."""
    analytics: bool = True
    """Whether connection times and error codes, never content, are reported to the backend."""

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name in (
            "connect_timeout_seconds",
            "stable_after_seconds",
            "renew_after_seconds",
            "renew_patience_seconds",
            "renew_retry_seconds",
            "tool_timeout_seconds",
            "max_waiting_bytes",
        ):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: must be above 0")
        for name in ("reconnect_attempts", "history_entries"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: must not be below 0")
        if not 0 <= self.reconnect_jitter < 1:
            raise ValueError("reconnect_jitter: must be from 0 to below 1")
        if not self.reconnect_delays_seconds or min(self.reconnect_delays_seconds) < 0:
            raise ValueError("reconnect_delays_seconds: must be one or more seconds, none below 0")
        if not all(isinstance(tool, Tool) for tool in self.tools):
            raise TypeError("tools: each must be a Tool, as the decorator @tool() makes one of a function")
        names = [tool.name for tool in self.tools]
        if len(set(names)) < len(names):
            raise ValueError("tools: must have different names")

    @classmethod
    def made_from(cls, options: "VoiceOptions | None", changes: Mapping[str, Any]) -> "VoiceOptions":
        """Return `options` with changes.

        Raises:
            TypeError: There is no such member, or a tool is a plain function.
            ValueError: A member breaks its rule.
        """
        return dataclasses.replace(options, **changes) if options else cls(**changes)

    def key_members(self) -> dict[str, Any]:
        """Return what the key is minted with."""
        names = ("model", "session_id", "capabilities", "profile", "variables")
        return {name: getattr(self, name) for name in names}
