"""Turns a brain's answer into the text, speech and calls of one response."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Final

import structlog

from limi.kernel.clock import Clock
from limi.protocol import AudioFormat, ContextItem, GenerationRequest, Modality, RealtimeSession, Role
from limi.sandbox.answering.brain import Brain, BrainError, CallFunction, Say
from limi.sandbox.hearing.utterances import Hearing
from limi.sandbox.sleep import Sleep
from limi.sandbox.speech import SpeechError, SpeechUnavailableError, Voice, VoiceStyle
from limi.sandbox.speech.g711 import G711Encoder

__all__ = ["Generation", "Pace"]

_log = structlog.get_logger(__name__)

_DELTA: Final = re.compile(r"\s*\S+")
"""One delta is one word with the space before it, much as a model's tokens are."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast speech is sent."""

    times_real_time: float
    lead_seconds: float

    def due_seconds(self, sent_seconds: float) -> float:
        """Return how long after the first chunk the next one may leave, when so much speech has left already."""
        return max(0.0, sent_seconds - self.lead_seconds) / self.times_real_time


class Generation:
    """One response in the making; cancelling `run` stops it at once."""

    def __init__(
        self,
        *,
        response_id: str,
        request: GenerationRequest,
        session: RealtimeSession,
        settle: Callable[[], Awaitable[None]],
        brain: Brain,
        voice: Voice,
        hearing: Hearing,
        clock: Clock,
        sleep: Sleep,
        pace: Pace,
    ) -> None:
        """Prepare a response.

        Args:
            response_id: The response's identifier.
            request: What is to be answered, and how.
            session: Takes the reports.
            settle: Called after each report; sends what it caused, and waits while the client does not keep up.
            brain: Decides what to say.
            voice: Says it.
            hearing: Knows what the user said, where nobody has written it down yet.
            clock: Measures the pace.
            sleep: Waits for it.
            pace: How fast speech may leave.
        """
        self._response_id = response_id
        self._request = request
        self._session = session
        self._settle = settle
        self._brain = brain
        self._voice = voice
        self._hearing = hearing
        self._clock = clock
        self._sleep = sleep
        self._pace = pace
        self._begun_at: float | None = None
        self._sent_seconds = 0.0
        self._encoder: G711Encoder | None = None

    async def run(self) -> None:
        """Generate the whole response; whatever goes wrong becomes its `failed` end."""
        try:
            await self._generate()
        except SpeechUnavailableError as error:
            await self._fail("speech_unavailable", str(error))
        except SpeechError as error:
            await self._fail("speech_failed", str(error))
        except BrainError as error:
            _log.warning("sandbox.brain.failed", response_id=self._response_id, code=error.code)
            await self._fail(error.code, str(error))
        except Exception:  # noqa: BLE001 - a brain is anybody's code, and its error belongs to this response only
            _log.exception("sandbox.generation.failed", response_id=self._response_id)
            await self._fail("server_error", "The sandbox had an error while it generated this response.")

    async def _generate(self) -> None:
        request = replace(self._request, context=await self._written_context())
        spoken = request.modality is Modality.AUDIO
        has_words = False
        async with aclosing(self._brain.reply(request)) as replies:
            async for reply in replies:
                match reply:
                    case Say(text, before):
                        await (self._speak if spoken else self._write)((before if has_words else "") + text)
                        has_words = True
                    case CallFunction(name, arguments):
                        await self._call(name, arguments)
                        has_words = False
                        if not request.parallel_tool_calls:
                            # Whatever a brain would do next has to wait for this call's result.
                            break
        if self._encoder is not None:
            await self._send_audio(self._encoder.encode(b"", last=True))
        self._session.finish(self._response_id, self._clock.monotonic())
        await self._settle()

    async def _written_context(self) -> tuple[ContextItem, ...]:
        return tuple([await self._written(item) for item in self._request.context])

    async def _written(self, item: ContextItem) -> ContextItem:
        if item.role is not Role.USER or item.text or item.audio is None or item.audio_format is None:
            return item
        words = await self._hearing.words_of(item.id, item.audio, item.audio_format.value)
        return replace(item, text=words)

    async def _write(self, text: str) -> None:
        for delta in _DELTA.findall(text):
            self._session.text_delta(self._response_id, delta, self._clock.monotonic())
            await self._settle()

    async def _speak(self, text: str) -> None:
        style = VoiceStyle(self._request.voice, self._request.speed)
        async with aclosing(self._voice.speak(text, style)) as speech:
            # The words wait for their first sound: a voice that fails must not leave a transcript of nothing.
            first = await anext(speech, b"")
            await self._write(text)
            await self._send_audio(await self._encoded(first))
            async for chunk in speech:
                await self._send_audio(await self._encoded(chunk))

    async def _encoded(self, pcm: bytes) -> bytes:
        wanted = self._request.output_format
        if wanted is AudioFormat.PCM16:
            return pcm
        if self._encoder is None:
            # Importing numpy takes a tenth of a second, which the event loop must not.
            self._encoder = await asyncio.to_thread(G711Encoder, wanted.value)
        return self._encoder.encode(pcm)

    async def _send_audio(self, audio: bytes) -> None:
        if not audio:
            return
        now = self._clock.monotonic()
        if self._begun_at is None:
            self._begun_at = now
        early = self._begun_at + self._pace.due_seconds(self._sent_seconds) - now
        if early > 0:
            await self._sleep(early)
        self._session.audio_chunk(self._response_id, audio, self._clock.monotonic())
        self._sent_seconds += len(audio) / (1000 * self._request.output_format.bytes_per_ms)
        await self._settle()

    async def _call(self, name: str, arguments: str) -> None:
        self._session.function_call_started(self._response_id, name, self._clock.monotonic())
        self._session.function_call_delta(self._response_id, arguments, self._clock.monotonic())
        self._session.function_call_done(self._response_id, self._clock.monotonic())
        await self._settle()

    async def _fail(self, code: str, message: str) -> None:
        self._session.fail(self._response_id, code, message, self._clock.monotonic())
        await self._settle()
