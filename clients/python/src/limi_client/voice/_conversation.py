"""What a session's events mean to its user, and what has to be sent in return.

One conversation outlives its connections: after a reconnect the transcript goes on, while everything that belonged
to the lost session (an answer under way, sound not yet played) is forgotten.
"""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from limi_client._errors import VoiceError
from limi_client._ports import Ports
from limi_client.voice._events import (
    AnswerFinished,
    AudioReceived,
    Interrupted,
    Notice,
    SpeechStarted,
    SpeechStopped,
    TranscriptChanged,
    VoiceEvent,
)
from limi_client.voice._levels import level_of
from limi_client.voice._options import VoiceOptions
from limi_client.voice._playback import Heard, Playback
from limi_client.voice._toolbox import Toolbox, calls_in
from limi_client.voice._transcript import Transcript

__all__ = ["Conversation"]

Send = Callable[[Mapping[str, Any]], Awaitable[None]]

_HARMLESS: Final = frozenset({"response_cancel_not_active"})
"""A cancel that crossed the end of its answer."""


class Conversation:
    """Takes server events; emits what happened and sends what follows from it."""

    def __init__(
        self, *, options: VoiceOptions, ports: Ports, emit: Callable[[VoiceEvent], None], send: Send, origin: str
    ) -> None:
        """Begin with nothing said.

        Args:
            options: How the conversation is to be.
            ports: Time.
            emit: Takes what happens.
            send: Takes client events; does nothing where no session is open.
            origin: What links to the pages of errors begin with.
        """
        self.transcript = Transcript()
        self.speech_ended_at = 0.0
        """Where in the sound that was sent the last speech ended, in seconds."""
        self.output_level = 0.0
        self._options = options
        self._ports = ports
        self._emit = emit
        self._send = send
        self._origin = origin
        self._tools = Toolbox(options.tools, timeout_seconds=options.tool_timeout_seconds, emit=emit)
        self._playback = Playback()
        self._handlers: Mapping[str, Callable[[Mapping[str, Any]], Awaitable[None]]] = {
            "input_audio_buffer.speech_started": self._speech_started,
            "input_audio_buffer.speech_stopped": self._speech_stopped,
            "response.created": self._answer_begun,
            "response.output_audio.delta": self._audio,
            "input_audio_buffer.committed": self._committed,
            "conversation.item.input_audio_transcription.completed": self._written_down,
            "conversation.item.input_audio_transcription.failed": self._written_down,
            "error": self._error,
        }
        self._session_number = 0
        self.begin_session({})

    def begin_session(self, session: Mapping[str, Any]) -> None:
        """Forget what belonged to the session before."""
        self.transcript.settle()
        self._stop_playing()
        self._session_number += 1
        self.speaking = False
        self.speech_ended_at = 0.0
        self._answering = False
        self._answer_wanted = False
        self._cut_items: set[str] = set()
        self._unheard: set[str] = set()
        self._note_session(session)

    def _note_session(self, session: Mapping[str, Any]) -> None:
        audio = session.get("audio")
        heard = audio.get("input") if isinstance(audio, dict) else None
        settings: Mapping[str, Any] = heard if isinstance(heard, dict) else {}
        self.detects_turns = settings.get("turn_detection") is not None
        self.transcribes = settings.get("transcription") is not None

    @property
    def is_busy(self) -> bool:
        """Whether somebody speaks or answers, so that a renewal would cut into it."""
        return self.speaking or self._answering

    @property
    def seconds_to_play(self) -> float:
        """How much of what has arrived is still to be heard."""
        return self._playback.remaining_seconds(now=self._ports.monotonic())

    @property
    def awaits_transcript(self) -> bool:
        """Whether something was said that is still to be written down."""
        return self.transcribes and bool(self._unheard)

    async def take(self, event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Take a server event; return the tool calls that are to be run.

        A member of the wrong type is the server's mistake and no reason to hang up.
        """
        kind = event.get("type")
        try:
            if (changed := self.transcript.take(event)) is not None:
                self._emit(TranscriptChanged(changed))
            if kind in {"session.created", "session.updated"}:
                self._note_session(event["session"])
            elif kind == "response.done":
                await self._answer_done(event)
                return calls_in(event["response"])
            elif isinstance(kind, str) and (handler := self._handlers.get(kind)):
                await handler(event)
        except (TypeError, ValueError, KeyError, AttributeError):
            message = f"The server sent a {kind!r} that cannot be understood"
            self._emit(Notice(VoiceError("unknown", message=message, origin=self._origin)))
        return []

    async def run_tools(self, calls: list[Mapping[str, Any]]) -> None:
        """Run tools, send their results and ask for the answer that follows from them.

        Results that come after the session was lost are let go: the next one knows nothing of the calls.
        """
        session = self._session_number
        outputs = await self._tools.run_all(calls)
        if session != self._session_number:
            return
        for item in outputs:
            await self._send({"type": "conversation.item.create", "item": item})
        await self.want_answer()

    async def say(self, text: str) -> None:
        """Add what the user typed and ask for an answer; one that is under way is stopped."""
        await self.interrupt()
        identity = f"msg_{self._ports.new_id().replace('-', '')[:24]}"
        self._emit(TranscriptChanged(self.transcript.say(identity, text)))
        content = [{"type": "input_text", "text": text}]
        item = {"id": identity, "type": "message", "role": "user", "content": content}
        await self._send({"type": "conversation.item.create", "item": item})
        await self.want_answer()

    async def want_answer(self) -> None:
        """Ask for an answer, after the one that is under way: a session refuses two at a time."""
        if self._answering:
            self._answer_wanted = True
        else:
            # Taken for granted until the server says so, so that nobody asks twice.
            self._answering = True
            await self._send({"type": "response.create"})

    def note_heard(self) -> None:
        """Take what has arrived as heard, so that the next question cuts nothing off."""
        self._playback = Playback()

    async def interrupt(self) -> None:
        """Stop the answer, if there is one."""
        if self._answering:
            await self._send({"type": "response.cancel"})
        await self._cut()

    async def restore(self) -> None:
        """Tell a new session what was said before, as text: sound cannot be handed over."""
        for entry in self.transcript.history(self._options.history_entries):
            kind = "input_text" if entry.role == "user" else "output_text"
            item = {"type": "message", "role": entry.role, "content": [{"type": kind, "text": entry.text}]}
            await self._send({"type": "conversation.item.create", "item": item})

    async def _speech_started(self, _event: Mapping[str, Any]) -> None:
        self.speaking = True
        self._emit(SpeechStarted())
        await self._cut()

    async def _speech_stopped(self, event: Mapping[str, Any]) -> None:
        self.speaking = False
        self.speech_ended_at = float(event.get("audio_end_ms", 0)) / 1000
        self._emit(SpeechStopped())

    async def _committed(self, event: Mapping[str, Any]) -> None:
        self._unheard.add(str(event["item_id"]))

    async def _written_down(self, event: Mapping[str, Any]) -> None:
        self._unheard.discard(str(event["item_id"]))

    async def _answer_begun(self, _event: Mapping[str, Any]) -> None:
        self._answering = True

    async def _audio(self, event: Mapping[str, Any]) -> None:
        item_id = str(event["item_id"])
        if item_id in self._cut_items:
            return
        try:
            pcm = base64.b64decode(event["delta"], validate=True)
        except binascii.Error:
            raise ValueError("no base64") from None
        self._playback.take(item_id, int(event.get("content_index", 0)), len(pcm), now=self._ports.monotonic())
        self.output_level = level_of(pcm)
        if self._options.speaker is not None:
            self._options.speaker.play(item_id, pcm)
        self._emit(AudioReceived(item_id, pcm))

    async def _answer_done(self, event: Mapping[str, Any]) -> None:
        self._answering = False
        response = event["response"]
        status = str(response.get("status"))
        failure = (response.get("status_details") or {}).get("error") if status == "failed" else None
        if failure is not None:
            self._complain(failure)
        finished = AnswerFinished(
            str(response.get("id")), status, _words(response), waits_for_tools=bool(calls_in(response))
        )
        self._emit(finished)
        if self._answer_wanted:
            self._answer_wanted = False
            await self.want_answer()

    async def _error(self, event: Mapping[str, Any]) -> None:
        if event["error"].get("code") == "conversation_already_has_active_response":
            self._answer_wanted = True
        elif event["error"].get("code") not in _HARMLESS:
            self._complain(event["error"])

    def _complain(self, error: Mapping[str, Any]) -> None:
        code, message = str(error.get("code") or "unknown"), error.get("message")
        said = message if isinstance(message, str) else None
        self._emit(Notice(VoiceError(code, message=said, origin=self._origin)))

    async def _cut(self) -> None:
        """Stop playing, and tell the server what was heard."""
        speaker, item_id = self._options.speaker, self._playback.item_id
        if speaker is not None and item_id is not None:
            self._playback.report(item_id, speaker.played_seconds(item_id))
        heard = self._stop_playing()
        if heard is None:
            return
        self._cut_items.add(heard.item_id)
        self._emit(Interrupted(heard.item_id, heard.seconds))
        await self._send(
            {
                "type": "conversation.item.truncate",
                "item_id": heard.item_id,
                "content_index": heard.content_index,
                "audio_end_ms": int(heard.seconds * 1000),
            }
        )

    def _stop_playing(self) -> Heard | None:
        self.output_level = 0.0
        if self._options.speaker is not None:
            self._options.speaker.clear()
        return self._playback.cut(now=self._ports.monotonic())


def _words(response: Mapping[str, Any]) -> str:
    """Return what an answer says, spoken or written."""
    parts = [
        str(part.get("transcript") or part.get("text") or "")
        for item in response.get("output") or ()
        if item.get("type") == "message"
        for part in item.get("content") or ()
    ]
    return " ".join(part for part in parts if part).strip()
