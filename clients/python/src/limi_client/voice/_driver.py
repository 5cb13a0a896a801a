"""Carries out what the state machine asks for: keys, sessions and timers come and go as its effects say.

The machine decides, this file only does: it turns outcomes into inputs and effects into tasks. Inputs are taken
one after the other, also those that an effect causes at once.
"""

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from limi_client._errors import (
    LimiError,
    MicrophoneError,
    SessionEndedError,
    VoiceConnectionError,
    VoiceError,
)
from limi_client._models import EphemeralKey
from limi_client._ports import Ports
from limi_client._retry import may_get_better
from limi_client.voice._events import VoiceState
from limi_client.voice._link import Link
from limi_client.voice._machine import status_of, step
from limi_client.voice._machine_words import (
    Effect,
    EffectType,
    Input,
    Machine,
    MachineSettings,
    Moment,
    Trouble,
)
from limi_client.voice._options import VoiceOptions
from limi_client.voice._ports import Sleep, VoiceBackend
from limi_client.voice._realtime import RealtimeConnector
from limi_client.voice._reporter import Reporter
from limi_client.voice._tasks import Tasks

__all__ = ["Driver", "SessionHandler"]

_LAST_SECONDS: Final = 5.0
"""What tasks may take to end: a socket's farewell, which has a time-out of its own below this."""

SessionHandler = Callable[[Mapping[str, Any]], Awaitable[None]]


class Driver:
    """The machine of one conversation, with hands."""

    def __init__(
        self,
        *,
        backend: VoiceBackend,
        options: VoiceOptions,
        connector: RealtimeConnector,
        ports: Ports,
        sleep: Sleep,
        on_state: Callable[[VoiceState], None],
        on_session: Callable[[Mapping[str, Any], bool], Awaitable[None]],
        on_event: SessionHandler,
        on_sound: Callable[[bytes], Awaitable[None]],
    ) -> None:
        """Do nothing yet.

        Args:
            backend: Mints keys and takes reports.
            options: How the conversation is to be.
            connector: Opens sessions.
            ports: Time, chance and identifiers.
            sleep: How timers wait.
            on_state: Is told of each new state.
            on_session: Is handed each new session's first event, and whether to tell it what was said before.
            on_event: Is handed every event after that.
            on_sound: Is handed what the microphone hears.
        """
        self.state = VoiceState()
        self._backend, self._options, self._connector = backend, options, connector
        self._ports, self._sleep = ports, sleep
        self._on_state, self._on_session, self._on_event = on_state, on_session, on_event
        self._on_sound = on_sound
        self._settings = MachineSettings(
            transport="websocket",
            has_webrtc=False,
            max_attempts=options.reconnect_attempts,
            delays_ms=tuple(seconds * 1000 for seconds in options.reconnect_delays_seconds),
            jitter=options.reconnect_jitter,
            websocket_timeout_ms=options.connect_timeout_seconds * 1000,
            stable_after_ms=options.stable_after_seconds * 1000,
            renew_after_ms=options.renew_after_seconds * 1000,
            renew_patience_ms=options.renew_patience_seconds * 1000,
            renew_retry_ms=options.renew_retry_seconds * 1000,
        )
        self._machine = Machine()
        self._inputs: deque[Input] = deque()
        self._taking = False
        self._tasks = Tasks()
        self._reporter = Reporter(send=backend.report_events, ports=ports, sleep=sleep, enabled=options.analytics)
        self._session_id: str | None = None
        self._key: EphemeralKey | None = None
        self._link: Link | None = None
        self._restoring = False
        self._errors: dict[str, LimiError] = {}
        self._effects = self._make_effects()

    def take(self, taken: Input) -> None:
        """Tell the machine what happened, and do what it asks for."""
        self._inputs.append(taken)
        if self._taking:
            return
        self._taking = True
        try:
            while self._inputs:
                moment = Moment(at=round(self._ports.monotonic() * 1000), random=self._ports.chance())
                self._machine, effects = step(self._machine, self._inputs.popleft(), moment, self._settings)
                for effect in effects:
                    if carry_out := self._effects.get(effect.type):
                        carry_out(effect)
                self._show_state()
        finally:
            self._taking = False

    async def send(self, event: Mapping[str, Any]) -> bool:
        """Send a client event; return False where no session is open, or it was just lost."""
        return self._link is not None and await self._link.send(event)

    def run(self, name: str, work: Any) -> None:  # noqa: ANN401 - a coroutine of whatever kind
        """Run something beside the session, until it ends or the conversation does."""
        self._tasks.start(name, work)

    async def close(self) -> None:
        """End everything and leave nothing behind."""
        self.take(Input("disconnect"))
        await self._tasks.end_all(within=_LAST_SECONDS)
        await self._reporter.close()

    def _show_state(self) -> None:
        machine = self._machine
        if machine.phase == "idle":
            self._session_id = None
        state = VoiceState(
            status=status_of(machine.phase),
            error=self._error_for(machine.error) if machine.error else None,
            session_id=self._session_id,
            attempt=machine.attempt if status_of(machine.phase) == "connecting" else 0,
        )
        if state != self.state:
            self.state = state
            self._on_state(state)

    def _error_for(self, trouble: Trouble) -> LimiError:
        """Return the error with all its facts, as it came from where it happened."""
        known, origin = self._errors.get(trouble.code), self._backend.origin
        if known is None or (isinstance(known, SessionEndedError) and known.reason != trouble.reason):
            ended = trouble.code == "session_ended"
            known = (
                SessionEndedError(trouble.reason or "", origin=origin)
                if ended
                else VoiceConnectionError(trouble.code, origin=origin)
            )
            self._errors[trouble.code] = known
        return known

    async def _mint(self) -> None:
        # One name for the whole conversation, so that its reconnects are found together in the backend's records.
        members = {**self._options.key_members(), **({"session_id": self._session_id} if self._session_id else {})}
        try:
            self._key = await self._backend.generate_ephemeral_key(**members)
            self._session_id = self._key.session_id
        except LimiError as exc:
            self._errors[exc.code] = exc
            wait = (exc.retry_after_seconds or 0) * 1000
            retryable = may_get_better(exc)
            self.take(Input("mint_failed", code=exc.code, retryable=retryable, retry_after_ms=wait))
        except Exception as exc:  # noqa: BLE001 - as it is, nobody would hear of it
            self._errors["unknown"] = self._surprise(exc)
            self.take(Input("mint_failed", code="unknown"))
        else:
            self.take(Input("minted"))

    async def _hold_session(self) -> None:
        """Open a session, and read it to its end."""
        key = self._key
        assert key is not None  # noqa: S101 - the machine opens with a key only
        link = Link(connector=self._connector)
        try:
            try:
                created = await link.open(key, origin=self._backend.origin)
            except SessionEndedError as exc:
                self.take(Input("ended", reason=exc.reason))
                return
            except VoiceError as exc:
                self._errors[exc.code] = exc
                self.take(Input("open_failed", code=exc.code))
                return
            self._link, self._restoring = link, False
            self._errors.clear()
            self.take(Input("opened"))
            await self._on_session(created, self._restoring and self._options.carry_history)
            async for event in link.events():
                await self._on_event(event)
            self.take(link.ending)
        except Exception as exc:  # noqa: BLE001 - a loudspeaker's, say; a conversation that nobody reads must not stay up
            self._errors["unknown"] = self._surprise(exc)
            self.take(Input("lost", code="unknown"))
        finally:
            if self._link is link:
                self._link = None
            await link.close()

    def _surprise(self, cause: Exception) -> LimiError:
        error = VoiceError(
            "unknown", message=f"Something unforeseen happened: {cause!r}", origin=self._backend.origin
        )
        error.__cause__ = cause
        return error

    def _close_session(self, _: Effect) -> None:
        self._link = None
        self._tasks.cancel("session")

    def _restore_history(self, _: Effect) -> None:
        self._restoring = True

    def _start_timer(self, effect: Effect) -> None:
        self._tasks.start(f"timer {effect.name}", self._ring(effect))

    async def _ring(self, effect: Effect) -> None:
        await self._sleep((effect.delay_ms or 0) / 1000)
        self.take(Input("timer", name=effect.name))

    def _report_connected(self, effect: Effect) -> None:
        self._reporter.connected(self._session_id or "", (effect.duration_ms or 0) / 1000)

    def _report_error(self, effect: Effect) -> None:
        self._reporter.failed(self._session_id, effect.code or "unknown")

    def _make_effects(self) -> Mapping[EffectType, Callable[[Effect], None]]:
        """What is done for each effect."""
        return {
            "open_microphone": self._open_microphone,
            "close_microphone": self._close_microphone,
            "mint": lambda _: self._tasks.start("mint", self._mint()),
            "cancel_mint": lambda _: self._tasks.cancel("mint"),
            "open": lambda _: self._tasks.start("session", self._hold_session()),
            "close": self._close_session,
            "restore_history": self._restore_history,
            "start_timer": self._start_timer,
            "stop_timer": lambda effect: self._tasks.cancel(f"timer {effect.name}"),
            "report_connected": self._report_connected,
            "report_error": self._report_error,
        }

    def _open_microphone(self, _: Effect) -> None:
        if self._options.microphone is None:
            self.take(Input("microphone_opened"))
        else:
            self._tasks.start("microphone", self._listen())

    def _close_microphone(self, _: Effect) -> None:
        self._tasks.cancel("microphone")

    async def _listen(self) -> None:
        """Open the microphone and hand on what it hears, until it is closed or gone."""
        source = self._options.microphone
        assert source is not None  # noqa: S101 - whoever starts this has looked
        try:
            try:
                await source.open()
            except MicrophoneError as exc:
                exc.locate(self._backend.origin)
                self._errors[exc.code] = exc
                self.take(Input("microphone_failed", code=exc.code))
                return
            self.take(Input("microphone_opened"))
            try:
                while True:
                    await self._on_sound(await source.read())
            except MicrophoneError as exc:
                self._errors[exc.code] = exc
                self.take(Input("microphone_lost"))
        finally:
            await source.close()
