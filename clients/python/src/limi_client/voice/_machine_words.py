"""What the state machine of a conversation is told, what it remembers, and what it asks for.

The same words as the TypeScript client has; `conformance/transitions/*.json` of the repository holds runs of the
machine which the tests of both clients replay. Times are whole milliseconds, as there.
"""

from dataclasses import dataclass, field
from typing import Literal

__all__ = [
    "Effect",
    "EffectType",
    "Input",
    "InputType",
    "Machine",
    "MachineSettings",
    "Moment",
    "Phase",
    "TimerName",
    "TransportKind",
    "Trouble",
]

TransportKind = Literal["webrtc", "websocket"]

Phase = Literal["idle", "preparing", "minting", "opening", "live", "unsteady", "renewing", "waiting", "failed"]
"""Where a conversation is. `preparing`: the microphone is being opened. `unsteady`: live, but the path has gone
bad. `renewing`: live, while the key of the next session is asked for. `waiting`: lost, until the next attempt."""

TimerName = Literal["open", "grace", "stable", "renew", "retry"]

InputType = Literal[
    "connect",
    "disconnect",
    "microphone_opened",
    "microphone_failed",
    "microphone_lost",
    "devices_changed",
    "minted",
    "mint_failed",
    "opened",
    "open_failed",
    "lost",
    "ended",
    "unsteady",
    "steady",
    "busy",
    "quiet",
    "timer",
    "online",
    "offline",
    "visible",
]

EffectType = Literal[
    "open_microphone",
    "use_microphone",
    "close_microphone",
    "mint",
    "cancel_mint",
    "open",
    "close",
    "restore_history",
    "start_timer",
    "stop_timer",
    "report_connected",
    "report_error",
]


@dataclass(frozen=True)
class MachineSettings:
    """Numbers and facts that are fixed for the life of a conversation."""

    transport: Literal["auto", "webrtc", "websocket"] = "auto"
    has_webrtc: bool = True
    max_attempts: int = 3
    delays_ms: tuple[float, ...] = (1000, 2000, 3000)
    jitter: float = 0.2
    webrtc_timeout_ms: float = 10_000
    websocket_timeout_ms: float = 10_000
    grace_ms: float = 5_000
    stable_after_ms: float = 10_000
    """A connection that held so long is a success, and failures are counted anew."""
    offline_ms: float = 30_000
    renew_after_ms: float = 3_300_000
    renew_patience_ms: float = 180_000
    """How long a renewal waits for a quiet moment before it is done in the middle of speech."""
    renew_retry_ms: float = 30_000


@dataclass(frozen=True)
class Input:
    """What happens to a conversation; the members below belong to some types only."""

    type: InputType
    code: str | None = None
    reason: str | None = None
    retryable: bool = False
    retry_after_ms: float = 0
    name: TimerName | None = None


@dataclass(frozen=True)
class Effect:
    """What the driver is asked to do; the members below belong to some types only."""

    type: EffectType
    name: TimerName | None = None
    delay_ms: float | None = None
    transport: TransportKind | None = None
    duration_ms: float | None = None
    code: str | None = None


@dataclass(frozen=True)
class Moment:
    """When an input came, in milliseconds, and a random number of [0, 1) for the jitter."""

    at: float
    random: float


@dataclass(frozen=True)
class Trouble:
    """Why a conversation failed, or what is amiss in it."""

    code: str
    reason: str | None = None


@dataclass(frozen=True)
class Machine:
    """What the machine remembers."""

    phase: Phase = "idle"
    transport: TransportKind | None = None
    attempt: int = 0
    """Attempts to get a lost connection back, since it last held."""
    resuming: bool = False
    """Whether this conversation was live before, so that there may be something to restore."""
    microphone: Literal["closed", "opening", "open", "missing"] = "closed"
    online: bool = True
    busy: bool = False
    renewal: Literal["none", "due", "forced"] = "none"
    error: Trouble | None = None
    since: float | None = None
    """When the present try to get a connection began."""
    timers: tuple[TimerName, ...] = field(default=())
