"""One caller's side of a conversation, whatever carries it: speaks, hears the answer out, and times it.

A turn's time runs from the moment its sound had been sent, up to where the session says that the turn ended, until
the first sound of the answer. The silence by which a turn is known to be over lies before that moment.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec

from benchmarks.harness.voice_sound import RATE, Microphone

__all__ = ["SESSION", "SILENCE_MS", "CallError", "Conversation"]

SILENCE_MS: Final = 500
"""OpenAI's default for the silence that ends a turn."""

SESSION: Final = {
    "type": "realtime",
    "model": "gpt-realtime-2.1",
    "audio": {"input": {"turn_detection": {"type": "server_vad", "silence_duration_ms": SILENCE_MS}}},
}
"""What every caller asks for."""

_PATIENCE_SECONDS: Final = 10.0
"""Past it a call counts as lost; it is twenty times what still counts as held."""
_WINDOWS_MS: Final = 64
"""Two windows of the turn detector: by less than this the ends of two turns differ anyway."""
_FIRST_SOUND: Final = frozenset({"response.output_audio.delta", "output_audio_buffer.started"})
_BASE64_BYTES_PER_SECOND: Final = 2 * RATE * 4 / 3


class CallError(Exception):
    """A call was lost, or did not go as it should."""


class _Event(msgspec.Struct):
    """What is read of a server event; everything else is skipped unread."""

    type: str
    audio_end_ms: int = 0
    delta: msgspec.Raw = msgspec.Raw(b"")
    error: Any = None
    response: Any = None


class Conversation:
    """Turns of one call, one after the other."""

    def __init__(self, microphone: Microphone[Any], *, clock: Callable[[], float], has_track: bool) -> None:
        """Join a call.

        Args:
            microphone: What the call sends.
            clock: Monotonic seconds, the same that the microphone's pieces are stamped with.
            has_track: Whether replies come on a media track, which says itself when they have been heard.
        """
        self._microphone = microphone
        self._clock = clock
        self._has_track = has_track
        self._decoder = msgspec.json.Decoder(_Event)
        self._usual_end_ms: int | None = None
        self._ended_at: float | None = None
        self._sound_at = 0.0
        self._sound_seconds = 0.0
        self._answered: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._heard_out = asyncio.Event()

    async def turn(self) -> float:
        """Speak, and return the seconds from the end of the turn to the first sound of the answer.

        Raises:
            CallError: none came, or the call was lost.
        """
        self._ended_at = None
        self._sound_seconds = 0.0
        self._answered = asyncio.get_running_loop().create_future()
        self._heard_out.clear()
        self._microphone.speak()
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await self._answered
        except TimeoutError as exc:
            raise CallError(f"no answer within {_PATIENCE_SECONDS:g} s") from exc

    async def listen(self) -> None:
        """Hear the answer out, at the speed of speech.

        Raises:
            CallError: it does not end.
        """
        try:
            async with asyncio.timeout(2 * _PATIENCE_SECONDS):
                await self._heard_out.wait()
        except TimeoutError as exc:
            raise CallError("an answer did not end") from exc
        await asyncio.sleep(self._sound_at + self._sound_seconds - self._clock())

    def lose(self, error: CallError) -> None:
        """End the turn that is waited for, because the call is over."""
        if not self._answered.done():
            self._answered.set_exception(error)

    def receive(self, event: str | bytes) -> None:
        """Take an event of the server's."""
        found = self._decoder.decode(event)
        if found.type == "input_audio_buffer.speech_stopped":
            self._ended_at = self._stopped(found.audio_end_ms)
        elif found.type in _FIRST_SOUND:
            self._sounded(len(found.delta))
        elif found.type == "error":
            self.lose(CallError(str(found.error)))
        elif found.type == "response.done" and found.response["status"] == "failed":
            self.lose(CallError(str(found.response["status_details"])))
        elif found.type == ("output_audio_buffer.stopped" if self._has_track else "response.done"):
            self._heard_out.set()

    def _stopped(self, end_ms: int) -> float:
        """Return when the sound up to the end of a turn had been sent, though the session's clock may have moved.

        A session that was busy takes sound that comes a second late for silence, and hears it besides, or drops
        it. The recording is always the same, so its end tells by how much. Its beginning does not: a turn that
        follows another reaches back into the silence between them.
        """
        moment_ms = end_ms - self._microphone.speaking_from_ms
        if self._usual_end_ms is None:
            self._usual_end_ms = moment_ms
        moved_ms = moment_ms - self._usual_end_ms
        return self._microphone.sent_at(end_ms - moved_ms if abs(moved_ms) > _WINDOWS_MS else end_ms)

    def _sounded(self, base64_bytes: int) -> None:
        self._sound_seconds += base64_bytes / _BASE64_BYTES_PER_SECOND
        if self._ended_at is None or self._answered.done():
            return
        self._sound_at = self._clock()
        self._answered.set_result(self._sound_at - self._ended_at)
