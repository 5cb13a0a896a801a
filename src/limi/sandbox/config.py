"""Everything about the sandbox that somebody may want different."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from types import MappingProxyType
from typing import Final

from limi.kernel.secret import Secret
from limi.protocol import REALTIME_MODELS, Eagerness, RealtimeModel
from limi.sandbox.speech.choice import SpeechLevel

__all__ = ["SandboxConfig"]

_MIB: Final = 1024 * 1024
_EAGERNESS_SILENCE_MS: Final = MappingProxyType(
    {Eagerness.LOW: 2_000, Eagerness.MEDIUM: 1_000, Eagerness.AUTO: 1_000, Eagerness.HIGH: 500}
)
_EAGERNESS_LONGEST_MS: Final = MappingProxyType(
    {Eagerness.LOW: 8_000, Eagerness.MEDIUM: 4_000, Eagerness.AUTO: 4_000, Eagerness.HIGH: 2_000}
)

_POSITIVE: Final = (
    "max_sessions",
    "max_calls",
    "semantic_pause_ms",
    "semantic_opening_ms",
    "semantic_opening_pause_ms",
    "max_sidebands",
    "session_seconds",
    "connect_seconds",
    "max_secrets",
    "max_body_bytes",
    "send_queue_bytes",
    "sideband_queue_bytes",
    "unspoken_bytes",
    "inbox_bytes",
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
    max_calls: int = 16
    """WebRTC calls among the sessions. Each takes 6 % of the event loop's core, however little is said, and up to
    4 % of another for its turn detector (docs/decisions/0012): this many are what the loop can carry."""
    max_sidebands: int = 8
    """Sideband sockets of one call: an application's own, its supervisor's, and some that look on."""
    public_ip: str = "127.0.0.1"
    """The address that WebRTC clients are told, and sockets are bound to. The loopback one keeps calls on this
    machine, as HTTP is; where it is no address of this machine, sockets are bound on all of its interfaces."""
    connect_seconds: float = 30.0
    """How long a call may take from its answer to its connection; agents-js gives up after as much."""
    any_origin: bool = True
    """Whether web pages of every origin may call, as they may call upstream. Whoever mounts the sandbox and looks
    after origins themselves says no."""
    session_seconds: float = 3600
    """OpenAI ends a session after 60 minutes."""
    max_secrets: int = 100_000
    """Unexpired client secrets kept, about 2 kB each: as many as 166 mints a second make in ten minutes."""
    max_body_bytes: int = _MIB
    """The largest HTTP body: instructions and tools may be long, but not a megabyte."""
    audio_pace: float = 5.0
    """How many times faster than it plays a reply's speech is sent, and how many times faster than it was spoken a
    transcript is written, within 100 ms at the latest. OpenAI's is several times faster too. Without a pace
    (`math.inf`) a reply would always be complete before anybody could interrupt it."""
    audio_lead_seconds: float = 1.0
    """How much speech is sent at once before the pace holds, so that a player has a cushion from the start."""
    semantic_silence_ms: Mapping[Eagerness, int] = field(default_factory=lambda: _EAGERNESS_SILENCE_MS)
    """The silence that ends a turn under semantic VAD where nothing can tell whether the words sound finished. It
    is a quarter of the longest: more than a pause for breath (0.7 s), unless the eagerness is high."""
    semantic_longest_ms: Mapping[Eagerness, int] = field(default_factory=lambda: _EAGERNESS_LONGEST_MS)
    """The silence that ends a turn under semantic VAD however unfinished the words sound, as long as OpenAI's; the
    more finished they sound, the less of it is waited for."""
    semantic_pause_ms: int = 250
    """The silence after which semantic VAD asks how finished the words sound, and which ends the turn if they do.
    Its model is made for 200 ms; a little more spares half of the questions within a sentence."""
    semantic_opening_ms: int = 1_500
    """A turn that is shorter with its pause may be no more than an opening: "Hello there," sounds finished to the
    model (0.98), and in most conversations something follows."""
    semantic_opening_pause_ms: int = 400
    """The silence that ends so short a turn at the earliest, unless the eagerness is high: more than speakers
    pause at a comma, and 150 ms that a short question waits longer for its answer."""
    speech: SpeechLevel = SpeechLevel.SMALL
    """Small by default, so that whoever builds a sandbox in a test has the same one on every machine; the commands
    ask for all that is installed."""
    speech_dir: Path = Path(".limi/speech")
    """Where `limi speech install` put the weights; beside the database, below the working directory."""
    send_queue_bytes: int = 512 * 1024
    """Events that may wait for a slow client, some 8 s of speech in base64; then the session waits as well."""
    sideband_queue_bytes: int = 16 * _MIB
    """Events that may wait for a slow observer of a call: four of the largest, which hold 3 MiB of sound each in
    base64. Past it the observer is sent away, because nobody else may wait for it."""
    unspoken_bytes: int = 6 * _MIB
    """Speech of replies that may wait to be heard in a call, two minutes of it; then the reply waits as well."""
    inbox_bytes: int = 4 * _MIB
    """Messages of a call's data channel that may wait to be worked on. SCTP cannot be told to stop, so a client
    that sends more than this without reading the answers is hung up on."""
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
        for name in _POSITIVE:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name}: must be above 0, not {getattr(self, name)}")
        try:
            ip_address(self.public_ip)
        except ValueError as exc:
            raise ValueError(f"public_ip: must be an IP address, not {self.public_ip!r}") from exc
