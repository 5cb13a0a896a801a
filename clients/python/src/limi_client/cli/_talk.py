"""`limi-client talk`: says what it is given, or listens to the microphone, and shows what both sides say."""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from limi_client._async_client import AsyncLimiAIClient
from limi_client._errors import LimiError
from limi_client.cli._display import Display
from limi_client.voice import AudioReceived, Recorder, VoiceEvent, VoiceSession, pcm_from_wav, wav_from_pcm
from limi_client.voice._answer import AnswerBuilder
from limi_client.voice._wav import BYTES_PER_SECOND

__all__ = ["talk"]


async def talk(options: argparse.Namespace, *, api_key: str | None) -> int:
    """Hold the conversation; return the exit code."""
    # Before anything is connected, so that a wrong file costs nobody a key.
    if not options.speed > 0:
        raise ValueError("--speed: must be above 0")
    recordings = [wav_from_pcm(pcm_from_wav(path)) for path in options.wav or ()]
    recorder = Recorder()
    async with AsyncLimiAIClient(options.backend, api_key) as client:
        voice = client.create_voice_session(
            model=options.model,
            profile=options.profile,
            instructions=options.instructions,
            **_devices(options, recorder),
        )
        with Display(voice) as display:

            def take(event: VoiceEvent) -> None:
                display.take(event)
                if options.mic and isinstance(event, AudioReceived):
                    recorder.play(event.item_id, event.pcm)

            try:
                async with voice:
                    await _hold(voice, options, recordings, take)
            finally:
                # What was heard so far is worth keeping, however it ended.
                if options.save is not None and recorder.pcm:
                    recorder.save(options.save)
    return 0


def _devices(options: argparse.Namespace, recorder: Recorder) -> dict[str, Any]:
    if not options.mic:
        return {"speaker": recorder}
    from limi_client.voice.devices import Microphone, Speaker  # noqa: PLC0415 - the extra `mic`

    return {"microphone": Microphone(), "speaker": Speaker()}


async def _hold(
    voice: VoiceSession,
    options: argparse.Namespace,
    recordings: Sequence[bytes],
    take: Callable[[VoiceEvent], None],
) -> None:
    if options.mic:
        async for event in voice:
            take(event)
        return
    for recording in recordings:
        # What it takes to say it comes on top of what the answer may take.
        patience = options.timeout + len(recording) / BYTES_PER_SECOND / options.speed
        await _turn(voice, voice.send_wav(recording, speed=options.speed), take, patience)
    for text in options.text or ():
        await _turn(voice, voice.send_text(text), take, options.timeout)


async def _turn(voice: VoiceSession, saying: Any, take: Callable[[VoiceEvent], None], timeout: float) -> None:  # noqa: ANN401 - a coroutine; the option's name
    """Say something, and show what comes until it is answered and written down."""
    speaking = asyncio.ensure_future(saying)
    try:
        await asyncio.wait_for(_listen(voice, speaking, take), timeout)
    finally:
        speaking.cancel()
        with suppress(asyncio.CancelledError, LimiError):
            await speaking


async def _listen(
    voice: VoiceSession, speaking: "asyncio.Future[None]", take: Callable[[VoiceEvent], None]
) -> None:
    builder = AnswerBuilder(take)
    # Whatever is wrong with the recording ends the turn; else nobody would send anything and nothing would come.
    speaking.add_done_callback(lambda _: reading.cancel() if _failed(speaking) else None)
    reading = asyncio.ensure_future(_read(voice, builder))
    try:
        await reading
    except asyncio.CancelledError:
        if not _failed(speaking):
            raise
        await speaking
    finally:
        reading.cancel()


def _failed(speaking: "asyncio.Future[None]") -> bool:
    return speaking.done() and not speaking.cancelled() and speaking.exception() is not None


async def _read(voice: VoiceSession, builder: AnswerBuilder) -> None:
    async for event in voice:
        builder.take(event)
        if builder.is_complete and not voice.awaits_transcript:
            return
