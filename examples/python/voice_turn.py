"""Say something to Limi and keep the spoken answer: `python voice_turn.py hello.wav reply.wav`.

The key comes from Limi (`POST /api/client-secret`), the conversation goes by the official `openai` SDK and nothing
else (`pip install "openai[realtime]"`): a WAV file of speech goes in, a WAV file with the answer comes out, both
transcripts are printed. Your OpenAI key stays on the server; this program sees a key that lives for minutes.
"""

import argparse
import asyncio
import base64
import json
import sys
import urllib.error
import urllib.request
import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from openai import AsyncOpenAI, OpenAIError
from openai.resources.realtime.realtime import AsyncRealtimeConnection

RATE = 24_000
CHUNK = RATE * 2 // 10  # a tenth of a second of 16-bit samples
SILENCE_SECONDS = 10  # ends a turn by any setting of turn detection


@dataclass
class Turn:
    """What is heard of one turn."""

    transcribed: bool = False  # whether the session writes down what is said
    said: list[str] = field(default_factory=list)
    answer: str = ""
    speech: bytes = b""
    answered: bool = False


def main() -> None:
    """Run one turn."""
    parser = argparse.ArgumentParser(description="Send speech to Limi and keep the spoken answer.")
    parser.add_argument("question", type=Path, help="WAV file with speech: 24 kHz, mono, 16 bit")
    parser.add_argument("answer", type=Path, help="WAV file to write")
    parser.add_argument("--backend", default="http://localhost:3001", help="where Limi is (default: %(default)s)")
    parser.add_argument(
        "--timeout", type=float, default=60, help="seconds for the whole turn (default: %(default)s)"
    )
    options = parser.parse_args()
    question = read_wav(options.question)
    minted = mint(options.backend)
    try:
        turn = asyncio.run(asyncio.wait_for(converse(minted, question), options.timeout))
    except TimeoutError:
        sys.exit(f"No complete answer within {options.timeout:g} seconds.")
    except (OpenAIError, OSError) as error:
        sys.exit(f"The conversation failed: {error}")
    with wave.open(str(options.answer), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", "not compressed"))
        file.writeframes(turn.speech)
    print(f"You:  {' '.join(turn.said) or '(not transcribed)'}")
    print(f"Limi: {turn.answer}")
    print(f"{len(turn.speech) / 2 / RATE:.1f} seconds of speech are in {options.answer}")


def mint(backend: str) -> dict[str, Any]:
    """Get an ephemeral key and the URL that takes it."""
    body = json.dumps({"capabilities": ["audio_input", "audio_output"]}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{backend.rstrip('/')}/api/client-secret", body, headers)  # noqa: S310 - the user's URL
    try:
        with urllib.request.urlopen(request, timeout=15) as response:  # noqa: S310
            minted: dict[str, Any] = json.load(response)
            return minted
    except urllib.error.HTTPError as error:
        sys.exit(f"Limi refused to mint a key ({error.code}): {error.read().decode(errors='replace')}")
    except OSError as error:
        sys.exit(f"No Limi at {backend}: {error}. Start it with `make serve`, or name it with --backend.")


async def converse(minted: dict[str, Any], question: bytes) -> Turn:
    """Hold the conversation of one turn."""
    url = urlsplit(minted["urls"]["websocket"])
    # The SDK adds /realtime and the query to its base by itself.
    base = url._replace(path=url.path.removesuffix("/realtime"), query="").geturl()
    client = AsyncOpenAI(api_key=minted["ephemeralKey"], websocket_base_url=base)
    async with client, client.realtime.connect(model=parse_qs(url.query)["model"][0]) as connection:
        speaking = asyncio.create_task(speak(connection, question))
        try:
            return await listen(connection)
        finally:
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)


async def speak(connection: AsyncRealtimeConnection, question: bytes) -> None:
    """Send the question, then the silence by which the server notices that it is over."""
    audio = question + bytes(SILENCE_SECONDS * RATE * 2)
    for start in range(0, len(audio), CHUNK):
        await connection.input_audio_buffer.append(audio=base64.b64encode(audio[start : start + CHUNK]).decode())
        await asyncio.sleep(0.02)  # five times faster than a microphone


async def listen(connection: AsyncRealtimeConnection) -> Turn:
    """Gather what the server says until nothing more will come; transcripts may be later than the answer."""
    turn = Turn()
    async for event in connection:
        match event.type:
            case "session.created":
                audio = getattr(event.session, "audio", None)
                turn.transcribed = bool(audio and audio.input and audio.input.transcription)
            case "conversation.item.input_audio_transcription.completed":
                turn.said.append(event.transcript)
            case "response.created":  # a pause may have looked like the end: the answer after it starts anew
                turn.answer, turn.speech = "", b""
            case "response.output_audio.delta":
                turn.speech += base64.b64decode(event.delta)
            case "response.output_audio_transcript.delta":
                turn.answer += event.delta
            case "response.done":
                turn.answered = is_answer(event.response)
            case "error":
                raise OpenAIError(f"{event.error.code}: {event.error.message}")
        if turn.answered and (turn.said or not turn.transcribed):
            return turn
    raise OpenAIError("the server closed the connection before the answer was complete")


def is_answer(response: Any) -> bool:  # noqa: ANN401 - whatever class the SDK makes of it
    """Say whether a response is complete; one that was cut off by more speech is followed by another."""
    if response.status in {"completed", "cancelled"}:
        return str(response.status) == "completed"
    error = getattr(response.status_details, "error", None)
    raise OpenAIError(f"the response is {response.status}: {getattr(error, 'message', None) or 'no reason given'}")


def read_wav(path: Path) -> bytes:
    """Return the samples of a file."""
    try:
        with wave.open(str(path), "rb") as file:
            if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
                convert = f"ffmpeg -i {path} -ar 24000 -ac 1 -c:a pcm_s16le hello.wav"
                sys.exit(f"{path} must have 24000 Hz, one channel and 16 bit; convert it, for example: {convert}")
            return bytes(file.readframes(file.getnframes()))
    except (OSError, EOFError, wave.Error) as error:
        sys.exit(f"Cannot read {path}: {error}")


if __name__ == "__main__":
    main()
