"""The next state of the machine while a rule makes it: small steps that keep timers and effects in agreement."""

import dataclasses
import math
from typing import Any, Final

from limi_client.voice._machine_words import (
    Effect,
    Machine,
    MachineSettings,
    Moment,
    Phase,
    TimerName,
    TransportKind,
    Trouble,
)

__all__ = ["Draft"]

_WITH_SESSION: Final[frozenset[Phase]] = frozenset({"opening", "live", "unsteady", "renewing"})
_WITH_MINT: Final[frozenset[Phase]] = frozenset({"minting", "renewing"})


class Draft:
    """A machine that changes, and the effects that its changes have."""

    def __init__(self, machine: Machine, moment: Moment, settings: MachineSettings) -> None:
        """Begin with the machine as it is."""
        self.machine = machine
        self.moment = moment
        self.settings = settings
        self.effects: list[Effect] = []

    @property
    def transport(self) -> TransportKind:
        """How this conversation travels, or is going to."""
        return self.machine.transport or "websocket"

    @property
    def on_webrtc(self) -> bool:
        """Whether that is WebRTC."""
        return self.machine.transport == "webrtc"

    @property
    def has_session(self) -> bool:
        """Whether there is a session to close."""
        return self.machine.phase in _WITH_SESSION

    def set(self, **changes: Any) -> None:  # noqa: ANN401 - members of the machine
        """Change members."""
        self.machine = dataclasses.replace(self.machine, **changes)

    def enter(self, phase: Phase) -> None:
        """Go to another phase."""
        self.set(phase=phase)

    def do(self, effect: Effect) -> None:
        """Ask for an effect, after those that were asked for before."""
        self.effects.append(effect)

    def start(self, name: TimerName, delay_ms: float) -> None:
        """Start a timer, anew if it runs."""
        self.stop(name)
        self.set(timers=(*self.machine.timers, name))
        self.do(Effect("start_timer", name=name, delay_ms=delay_ms))

    def stop(self, name: TimerName) -> None:
        """Stop a timer if it runs."""
        if name in self.machine.timers:
            self.rang(name)
            self.do(Effect("stop_timer", name=name))

    def stop_all(self) -> None:
        """Stop every timer."""
        for name in self.machine.timers:
            self.stop(name)

    def rang(self, name: TimerName) -> None:
        """Forget a timer that runs no longer."""
        self.set(timers=tuple(other for other in self.machine.timers if other != name))

    def release(self, *, keep_microphone: bool = False) -> None:
        """Give back everything that is held."""
        self.stop_all()
        if self.machine.phase in _WITH_MINT:
            self.do(Effect("cancel_mint"))
        if self.has_session:
            self.do(Effect("close"))
        if not keep_microphone and self.machine.microphone != "closed":
            self.do(Effect("close_microphone"))

    def reset(self) -> None:
        """Forget everything but what the device said of its network."""
        self.machine = Machine(online=self.machine.online)

    def fail(self, code: str, reason: str | None = None) -> None:
        """End it for good."""
        self.release()
        self.do(Effect("report_error", code=code))
        self.set(
            phase="failed",
            microphone="closed",
            busy=False,
            renewal="none",
            since=None,
            error=Trouble(code, reason),
        )

    def recover(self, code: str, at_least_ms: float = 0) -> None:
        """Try again after a while, as often as is allowed."""
        if self.machine.attempt >= self.settings.max_attempts:
            self.fail(code)
            return
        self.release(keep_microphone=True)
        self.do(Effect("report_error", code=code))
        attempt = self.machine.attempt + 1
        self.set(phase="waiting", attempt=attempt, busy=False, renewal="none", since=None)
        wait = max(self._delay(attempt), at_least_ms) if self.machine.online else self.settings.offline_ms
        self.start("retry", wait)

    def _delay(self, attempt: int) -> float:
        delays, jitter = self.settings.delays_ms, self.settings.jitter
        delay = delays[min(attempt, len(delays)) - 1] if delays else 0
        # Halves go up, as in JavaScript: `round` would go to the even neighbour.
        return math.floor(delay * (1 + jitter * (2 * self.moment.random - 1)) + 0.5)
