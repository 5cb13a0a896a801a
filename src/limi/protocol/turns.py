"""Whose turn it is: from the user's audio to an item, and from the end of a turn to a response.

There is one piece of state about the user, "a turn is open", which is the id its item will get; flags beside it
would come apart sooner or later. Everything that follows from the end of a response (the next one that is owed,
the idle timeout) is decided in `settle`, which runs after every input.
"""

from dataclasses import dataclass
from typing import Final

from limi.protocol.audio_formats import AudioFormat
from limi.protocol.conversation import Conversation
from limi.protocol.effects import ConfigureVAD, FeedVAD, StopReason, Transcribe
from limi.protocol.generation import ItemType, Role
from limi.protocol.ids import IdKind, NewId
from limi.protocol.input_buffer import InputBuffer
from limi.protocol.items import Item, Part, PartType
from limi.protocol.limits import Limits
from limi.protocol.outbox import Outbox
from limi.protocol.playback import Playback
from limi.protocol.response import Response
from limi.protocol.response_request import ResponseRequest
from limi.protocol.responses import Responses
from limi.protocol.session_config import ServerVAD, SessionConfig, SessionType, TurnDetection

__all__ = ["Turns"]

_OVERLAP_MS: Final = 200
"""How far a turn reaches back into the silence that ended the one before it. Its first sound may be so soft that
it counted as silence; and this is less than any silence that ends a turn by default, so no word is in both."""


@dataclass(frozen=True, slots=True)
class _OpenTurn:
    item_id: str
    start_ms: int


class Turns:
    """Takes the user's audio and what the detector makes of it."""

    def __init__(
        self,
        *,
        config: SessionConfig,
        conversation: Conversation,
        responses: Responses,
        playback: Playback | None,
        outbox: Outbox,
        new_id: NewId,
        limits: Limits,
    ) -> None:
        self._config = config
        self._conversation = conversation
        self._responses = responses
        self._playback = playback
        self._outbox = outbox
        self._new_id = new_id
        self._limits = limits
        self._buffer = InputBuffer(audio_format=self._input_format(config), limits=limits)
        self._open: _OpenTurn | None = None
        self._owes_response = False
        self._latest: Response | None = None
        """The response whose end starts the idle timeout."""
        self.idle_deadline: float | None = None
        """When the assistant speaks up by itself, unless the user does first."""
        self._configure_detector()

    @property
    def announced_id(self) -> str | None:
        """The id that the item of the open turn will get, or None when no turn is open."""
        return None if self._open is None else self._open.item_id

    @property
    def input_format(self) -> AudioFormat:
        """The format in which audio is expected."""
        return self._buffer.audio_format

    @property
    def room_bytes(self) -> int:
        """How much audio may be appended before the buffer is full."""
        return self._buffer.room_bytes

    def configure(self, config: SessionConfig) -> None:
        """Go on with a changed configuration."""
        before, self._config = self._config, config
        if config.turn_detection is None:
            self._open = None
            self.idle_deadline = None
        elif before.turn_detection is None:
            self._buffer.skip_unheard()
        audio_format = self._input_format(config)
        if config.turn_detection != before.turn_detection or audio_format is not self._buffer.audio_format:
            self._buffer.change_format(audio_format)
            self._configure_detector()

    def append(self, audio: bytes) -> None:
        """Add the user's audio.

        Raises:
            RefusedError: The buffer is full.
        """
        self._buffer.append(audio)
        if self._config.turn_detection is None:
            return
        unheard, start_ms = self._buffer.take_unheard()
        if unheard:
            self._outbox.do(FeedVAD(unheard, start_ms))
        if self._open is None:
            self._buffer.forget_before(self._buffer.end_ms - self._limits.silence_kept_ms)

    def commit(self) -> None:
        """Make the whole buffer an item for the client.

        Raises:
            RefusedError: There are less than 100 ms in it, or the conversation is full.
        """
        self._buffer.check_commit()
        self._conversation.check_room()
        was_open, self._open = self._open, None
        item_id = self._new_id(IdKind.ITEM) if was_open is None else was_open.item_id
        self._commit(item_id, self._buffer.take_all())
        if was_open is not None:
            # The detector still hears the turn that has just been taken away from it.
            self._configure_detector()

    def clear(self) -> None:
        """Throw the buffer away; a turn that is open stays open."""
        self._buffer.clear()
        self._outbox.send("input_audio_buffer.cleared")

    def speech_started(self, at_ms: int, now: float) -> None:
        """Open a turn, and interrupt the assistant if that is wanted."""
        detection = self._config.turn_detection
        if detection is None or self._open is not None:
            return
        start_ms = min(max(at_ms - detection.prefix_padding_ms, self._buffer.reach_ms), self._buffer.end_ms)
        self._open = _OpenTurn(self._new_id(IdKind.ITEM), start_ms)
        self.idle_deadline = None
        self._outbox.send("input_audio_buffer.speech_started", audio_start_ms=start_ms, item_id=self._open.item_id)
        if not detection.interrupt_response:
            return
        if self._responses.active is not None:
            self._responses.stop(self._responses.active, StopReason.TURN_DETECTED, now)
        if self._playback is not None:
            self._playback.interrupt()

    def speech_stopped(self, at_ms: int) -> None:
        """Close the turn: its audio becomes an item, and a response is owed if that is wanted.

        Raises:
            RefusedError: The conversation is full; the audio is lost.
        """
        detection, turn = self._config.turn_detection, self._open
        if detection is None or turn is None:
            return
        self._open = None
        end_ms = min(max(at_ms, turn.start_ms), self._buffer.end_ms)
        self._outbox.send("input_audio_buffer.speech_stopped", audio_end_ms=end_ms, item_id=turn.item_id)
        audio = self._buffer.take_until(turn.start_ms, end_ms, overlap_ms=_overlap_ms(detection))
        # The client may have cleared the buffer while the user was speaking; then there is nothing to answer.
        if not audio:
            return
        self._conversation.check_room()
        self._commit(turn.item_id, audio)
        if detection.create_response and self._config.type is SessionType.REALTIME:
            self._owes_response = True

    def settle(self, now: float) -> None:
        """Do what the end of a response, or of a turn, entails.

        Raises:
            RefusedError: The response that is owed cannot begin.
        """
        if self._owes_response and self._responses.active is None and self._open is None:
            self._owes_response = False
            self._responses.begin(ResponseRequest(), config=self._config, now=now)
        if self._responses.active is not None:
            self._latest = self._responses.active
            self.idle_deadline = None
        elif self._latest is not None and (self._playback is None or self._playback.is_silent):
            self.idle_deadline = self._deadline_after(self._latest, now)
            self._latest = None

    def idle_elapsed(self) -> None:
        """Commit the silence and owe a response, so that the assistant asks whether anyone is there.

        Raises:
            RefusedError: The conversation is full.
        """
        self.idle_deadline = None
        detection = self._config.turn_detection
        if not isinstance(detection, ServerVAD) or detection.idle_timeout_ms is None:
            return
        end_ms = self._buffer.end_ms
        start_ms = max(end_ms - detection.idle_timeout_ms, self._buffer.start_ms)
        item_id = self._new_id(IdKind.ITEM)
        self._conversation.check_room()
        self._outbox.send(
            "input_audio_buffer.timeout_triggered",
            audio_start_ms=start_ms,
            audio_end_ms=end_ms,
            item_id=item_id,
        )
        self._commit(item_id, self._buffer.take_until(start_ms, end_ms))
        self._owes_response = True

    def _input_format(self, config: SessionConfig) -> AudioFormat:
        # A media track is decoded to PCM whatever the session says about audio in events.
        return config.input_format if self._playback is None else AudioFormat.PCM16

    def _configure_detector(self) -> None:
        self._outbox.do(
            ConfigureVAD(self._config.turn_detection, self.input_format, in_speech=self._open is not None)
        )

    def _commit(self, item_id: str, audio: bytes) -> None:
        self.idle_deadline = None
        part = Part(
            type=PartType.INPUT_AUDIO,
            audio=audio,
            audio_bytes=len(audio),
            audio_format=self.input_format,
        )
        item = Item(id=item_id, type=ItemType.MESSAGE, role=Role.USER, parts=[part])
        self._outbox.send(
            "input_audio_buffer.committed", previous_item_id=self._conversation.last_id, item_id=item_id
        )
        previous = self._conversation.append(item)
        self._conversation.announce_added(item, previous)
        self._conversation.complete(item)
        if self._config.transcription is not None and audio:
            self._outbox.do(Transcribe(item_id, audio, self.input_format, self._config.transcription))

    def _deadline_after(self, response: Response, now: float) -> float | None:
        detection = self._config.turn_detection
        if not isinstance(detection, ServerVAD) or detection.idle_timeout_ms is None or self._open is not None:
            return None
        # Without a media track nobody says when a reply was heard; it is taken to play from its first sound.
        heard_at = now
        if self._playback is None and response.audio_ms:
            heard_at = max(now, response.first_audio_at + response.audio_ms / 1000)
        return heard_at + detection.idle_timeout_ms / 1000


def _overlap_ms(detection: TurnDetection) -> int:
    """Return what two turns may share: no more than the silence between them."""
    if isinstance(detection, ServerVAD):
        return min(_OVERLAP_MS, detection.silence_duration_ms)
    return _OVERLAP_MS
