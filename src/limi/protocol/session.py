"""The server's side of one realtime session, without socket, clock or task.

Drive it so: hand it what arrives, then do what it wants. After *every* call to an input method, send all of
`events_to_send()` and carry out all of `effects()`, in order; and call `tick(now)` at `next_deadline()`.

    session = RealtimeSession(config=..., new_id=..., now=clock.monotonic(), unix_time=clock.now())
    session.receive_text(frame, now)
    for event in session.events_to_send(): ...   # bytes, one JSON text frame each
    for effect in session.effects(): ...         # see limi.protocol.effects

`now` is any clock in seconds that never goes back. Methods never raise on what a client sent: they answer with an
`error` event. Reports on a response or an item that has ended meanwhile are ignored, because that race is normal.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, ParamSpec

from limi.protocol.audio_formats import AudioFormat
from limi.protocol.client_handler import ClientHandler
from limi.protocol.conversation import Conversation
from limi.protocol.effects import Close, Effect
from limi.protocol.endings import Ending, IncompleteReason
from limi.protocol.errors import ProtocolError
from limi.protocol.ids import IdKind, NewId
from limi.protocol.limits import Limits
from limi.protocol.outbox import Outbox
from limi.protocol.playback import Playback
from limi.protocol.responses import Responses
from limi.protocol.session_config import SessionConfig
from limi.protocol.transcripts import Transcripts
from limi.protocol.turns import Turns

__all__ = ["RealtimeSession", "Transport"]

CLOSE_EXPIRED: Final = 1001

_Arguments = ParamSpec("_Arguments")


class Transport(StrEnum):
    """How the client is connected; it decides how audio travels."""

    WEBSOCKET = "websocket"
    WEBRTC = "webrtc"


class RealtimeSession:
    """One session; `session.created` is the first event waiting in it."""

    def __init__(
        self,
        *,
        config: SessionConfig,
        new_id: NewId,
        now: float,
        unix_time: float,
        transport: Transport = Transport.WEBSOCKET,
        limits: Limits | None = None,
    ) -> None:
        has_media_track = transport is Transport.WEBRTC
        self._limits = limits or Limits()
        self._expires = now + self._limits.session_seconds
        self._is_closed = False
        self._outbox = Outbox(new_id=new_id)
        conversation = Conversation(
            conversation_id=new_id(IdKind.CONVERSATION), outbox=self._outbox, limits=self._limits
        )
        self._playback = Playback(conversation=conversation, outbox=self._outbox)
        self._responses = Responses(
            conversation=conversation,
            playback=self._playback if has_media_track else None,
            outbox=self._outbox,
            new_id=new_id,
            limits=self._limits,
            now=now,
        )
        self._turns = Turns(
            config=config,
            conversation=conversation,
            responses=self._responses,
            playback=self._playback if has_media_track else None,
            outbox=self._outbox,
            new_id=new_id,
            limits=self._limits,
        )
        self._transcripts = Transcripts(conversation=conversation, outbox=self._outbox, new_id=new_id)
        self._client = ClientHandler(
            session_id=new_id(IdKind.SESSION),
            expires_at=int(unix_time + self._limits.session_seconds),
            config=config,
            conversation=conversation,
            responses=self._responses,
            turns=self._turns,
            playback=self._playback if has_media_track else None,
            outbox=self._outbox,
            new_id=new_id,
            limits=self._limits,
        )
        self._client.greet()

    @property
    def id(self) -> str:
        """The session's identifier, `sess_…`."""
        return self._client.session_id

    @property
    def config(self) -> SessionConfig:
        """The effective configuration at this moment."""
        return self._client.config

    @property
    def is_closed(self) -> bool:
        """Whether the session has ended; it then ignores every input."""
        return self._is_closed

    @property
    def input_format(self) -> AudioFormat:
        """The format `receive_audio` expects: the configured one, but always PCM on a media track."""
        return self._turns.input_format

    @property
    def frame_characters(self) -> int:
        """The longest text frame that is read at all."""
        return self._limits.frame_characters

    @property
    def input_room_bytes(self) -> int:
        """How much audio `receive_audio` takes before it refuses because the buffer is full."""
        return min(self._turns.room_bytes, self._limits.append_bytes)

    # --- what the session wants ---

    def events_to_send(self) -> list[bytes]:
        """Return the events that wait to be sent, each one JSON text, and forget them."""
        return self._outbox.take_events()

    def effects(self) -> list[Effect]:
        """Return what the session wants done, in order, and forget it."""
        return self._outbox.take_effects()

    def next_deadline(self) -> float | None:
        """Return when `tick` is due next, by the clock of `now`; None when the session has ended."""
        if self._is_closed:
            return None
        idle = self._turns.idle_deadline
        return self._expires if idle is None else min(self._expires, idle)

    def tick(self, now: float) -> None:
        """Let time pass: end the session at its limit, speak up after an idle timeout."""
        self._take(now, _nothing)

    # --- what the client sends ---

    def receive_text(self, frame: str, now: float) -> None:
        """Take one text frame (or data-channel message)."""
        self._take(now, self._client.receive, frame, now)

    def receive_object(self, event: dict[str, Any], now: float) -> None:
        """Take what stands in a text frame, from who has parsed it because it is large.

        Args:
            event: As `limi.protocol.wire.decode_object` returns it; sound and pictures may be decoded already.
            now: The time.
        """
        self._take(now, self._client.receive_object, event, now)

    def refuse_text(self, error: ProtocolError, now: float) -> None:
        """Answer a text frame that whoever has parsed it could not read."""
        self._take(now, self._client.refuse, error)

    def receive_binary(self, frame: bytes, now: float) -> None:
        """Take one binary frame, which is always answered with an `invalid_event` error."""
        self._take(now, self._client.refuse_binary, len(frame))

    def receive_audio(self, audio: bytes, now: float) -> None:
        """Take microphone audio from a media track, in `input_format`."""
        self._take(now, self._turns.append, audio)

    # --- what the turn detector hears ---

    def speech_started(self, at_ms: int, now: float) -> None:
        """Speech begins at `at_ms` of the session's audio; the session subtracts the prefix padding itself."""
        self._take(now, self._turns.speech_started, at_ms, now)

    def speech_stopped(self, at_ms: int, now: float) -> None:
        """The turn is over at `at_ms`, the end of what the turn's audio shall hold (with its trailing silence)."""
        self._take(now, self._turns.speech_stopped, at_ms)

    # --- what the recogniser writes down ---

    def transcription_delta(self, item_id: str, delta: str, now: float) -> None:
        """A piece of the transcript of a user's item."""
        self._take(now, self._transcripts.add, item_id, delta, self.config)

    def transcription_finished(self, item_id: str, transcript: str, now: float) -> None:
        """The whole transcript of a user's item; the session works out the usage."""
        self._take(now, self._transcripts.finish, item_id, transcript, self.config)

    def transcription_failed(self, item_id: str, code: str, message: str, now: float) -> None:
        """A user's item cannot be written down."""
        self._take(now, self._transcripts.fail, item_id, code, message)

    # --- what the generator says ---

    def text_delta(self, response_id: str, text: str, now: float) -> None:
        """A piece of text: the words themselves in a text response, the transcript in a spoken one."""
        self._take(now, self._responses.add_text, response_id, text, now)

    def audio_chunk(self, response_id: str, audio: bytes, now: float) -> None:
        """A piece of speech in the request's `output_format`: whole samples; only in a spoken response."""
        self._take(now, self._responses.add_audio, response_id, audio, now)

    def function_call_started(self, response_id: str, name: str, now: float) -> None:
        """The generator calls a function; a message that was open is complete by that."""
        self._take(now, self._responses.start_call, response_id, name, now)

    def function_call_delta(self, response_id: str, arguments: str, now: float) -> None:
        """A piece of the call's arguments (JSON text)."""
        self._take(now, self._responses.add_arguments, response_id, arguments, now)

    def function_call_done(self, response_id: str, now: float) -> None:
        """The call's arguments are complete; another message or call may follow."""
        self._take(now, self._responses.end_call, response_id)

    def finish(self, response_id: str, now: float, incomplete: IncompleteReason | None = None) -> None:
        """The response is over; what is still open is closed."""
        ending = Ending.completed() if incomplete is None else Ending.incomplete(incomplete)
        self._take(now, self._responses.report_end, response_id, ending, now)

    def fail(self, response_id: str, code: str, message: str, now: float) -> None:
        """The response cannot be completed; it ends with status `failed`."""
        self._take(now, self._responses.report_end, response_id, Ending.failed(code, message), now)

    # --- what the loudspeaker does (transports with a media track only) ---

    def playback_started(self, response_id: str, now: float) -> None:
        """The first audio of a response leaves on the media track."""
        self._take(now, self._playback.started, response_id)

    def playback_stopped(self, response_id: str, now: float) -> None:
        """The last audio of a response has left."""
        self._take(now, self._playback.stopped, response_id)

    def playback_cleared(self, response_id: str, played_ms: int, now: float) -> None:
        """The rest of a response's audio was thrown away after `played_ms` of its current item were played."""
        self._take(now, self._playback.cleared, response_id, played_ms)

    def _take(
        self, now: float, step: Callable[_Arguments, None], *args: _Arguments.args, **kwargs: _Arguments.kwargs
    ) -> None:
        """Do one step of the protocol, between what time has brought and what follows from the step."""
        self._let_time_pass(now)
        if self._is_closed:
            return
        self._attempt(step, *args, **kwargs)
        self._attempt(self._turns.settle, now)

    def _let_time_pass(self, now: float) -> None:
        if self._is_closed:
            return
        if now >= self._expires:
            self._expire()
        elif self._turns.idle_deadline is not None and now >= self._turns.idle_deadline:
            self._attempt(self._turns.idle_elapsed)

    def _expire(self) -> None:
        minutes = self._limits.session_seconds / 60
        message = f"Your session hit the maximum duration of {minutes:g} minutes."
        self._outbox.send_error(ProtocolError(code="session_expired", message=message), caused_by=None)
        self._responses.abandon_all()
        self._outbox.do(Close(CLOSE_EXPIRED, message))
        self._is_closed = True

    def _attempt(
        self, step: Callable[_Arguments, None], *args: _Arguments.args, **kwargs: _Arguments.kwargs
    ) -> None:
        """Take a step; an error in it that no event of the client is to blame for becomes an `error` event."""
        try:
            step(*args, **kwargs)
        except ProtocolError as error:
            self._outbox.send_error(error, caused_by=None)


def _nothing() -> None:
    """What happens in a step that is only about time."""
