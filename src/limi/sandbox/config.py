"""Everything about the sandbox that somebody may want different."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from limi.kernel.secret import Secret
from limi.protocol import REALTIME_MODELS, Eagerness, RealtimeModel

__all__ = ["SandboxConfig"]

_MIB: Final = 1024 * 1024
_EAGERNESS_SILENCE_MS: Final = MappingProxyType(
    {Eagerness.LOW: 2_000, Eagerness.MEDIUM: 1_000, Eagerness.AUTO: 1_000, Eagerness.HIGH: 500}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """The sandbox's settings; the defaults suit one developer, and a test suite as well."""

    api_key: Secret | None = None
    """The one standard key that is accepted. None accepts any, because a sandbox has nothing to protect."""
    models: Mapping[str, RealtimeModel] = field(default_factory=lambda: REALTIME_MODELS)
    """The models that exist, by name; by default those which OpenAI serves."""
    default_model: str = "gpt-realtime-2.1"
    """The model of a secret whose request names none; the newest, as both agents SDKs have it."""
    max_sessions: int = 128
    """Sessions at a time. One that speaks takes about 4 % of a core, so a laptop is full well before this."""
    session_seconds: float = 3600
    """OpenAI ends a session after 60 minutes."""
    max_secrets: int = 100_000
    """Unexpired client secrets kept, about 2 kB each: as many as 166 mints a second make in ten minutes."""
    max_body_bytes: int = _MIB
    """The largest HTTP body: instructions and tools may be long, but not a megabyte."""
    audio_pace: float = 5.0
    """How many times faster than it plays a reply's speech is sent. OpenAI's is several times faster too. Without
    a pace (`math.inf`) a reply would always be complete before anybody could interrupt it."""
    audio_lead_seconds: float = 1.0
    """How much speech is sent at once before the pace holds, so that a player has a cushion from the start."""
    semantic_silence_ms: Mapping[Eagerness, int] = field(default_factory=lambda: _EAGERNESS_SILENCE_MS)
    """The silence that ends a turn under semantic VAD. OpenAI waits 8, 4 or 2 s at most, but much less when the
    words sound finished. The sandbox cannot tell, so it takes a quarter: longer than a pause for breath (0.7 s),
    unless the eagerness is high."""
    send_queue_bytes: int = 512 * 1024
    """Events that may wait for a slow client, some 8 s of speech in base64; then the session waits as well."""
    unheard_bytes: int = 2 * _MIB
    """Sound that may wait for the turn detector, 44 s of it, which takes it two seconds; then nothing is read."""
    close_seconds: float = 5.0
    """How long a stopping sandbox waits for its sessions to say good-bye."""

    def __post_init__(self) -> None:
        """Refuse what cannot work."""
        if self.default_model not in self.models:
            raise ValueError(f"default_model: {self.default_model!r} is not one of the models")
        if not self.audio_pace > 0:
            raise ValueError(f"audio_pace: must be above 0, or {math.inf} for no pace, not {self.audio_pace}")
        for name in ("max_sessions", "session_seconds", "max_secrets", "max_body_bytes", "send_queue_bytes"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: must be above 0, not {getattr(self, name)}")
