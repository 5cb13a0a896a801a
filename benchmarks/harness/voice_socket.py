"""A caller over a WebSocket, who sends 25 pieces of sound a second, as SDKs do."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Final

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from benchmarks.harness.voice_sound import Microphone, cut, recorded_speech
from benchmarks.harness.voice_turns import SESSION, CallError, Conversation

__all__ = ["socket_call"]

_PIECE_MS: Final = 40


@asynccontextmanager
async def socket_call(port: int, key: str, *, seconds: float | None) -> AsyncIterator[Conversation]:
    """Hold a call until the end of the block.

    Args:
        port: The sandbox's.
        key: An ephemeral key, which carries the session's settings.
        seconds: How much of the recording is said; all of it unless given.

    Raises:
        CallError: it could not be opened.
    """
    clock = asyncio.get_running_loop().time
    microphone = Microphone(speech=_appends(seconds), silence=_silent_append(), piece_ms=_PIECE_MS)
    conversation = Conversation(microphone, clock=clock, has_track=False)
    url = f"ws://127.0.0.1:{port}/v1/realtime?model={SESSION['model']}"
    headers = {"Authorization": f"Bearer {key}"}
    try:
        socket = await connect(url, additional_headers=headers, max_size=None, compression=None, proxy=None)
    except (OSError, WebSocketException) as exc:
        raise CallError(f"no socket: {exc}") from exc
    async with socket:
        tasks = [
            asyncio.create_task(_send(socket, microphone, conversation)),
            asyncio.create_task(_receive(socket, conversation)),
        ]
        try:
            yield conversation
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def _send(socket: ClientConnection, microphone: Microphone[str], conversation: Conversation) -> None:
    clock = asyncio.get_running_loop().time
    due = clock()
    try:
        while True:
            await asyncio.sleep(due - clock())
            due += _PIECE_MS / 1000
            await socket.send(microphone.next_piece(clock()))
    except WebSocketException as exc:
        conversation.lose(CallError(f"the socket closed: {exc}"))


async def _receive(socket: ClientConnection, conversation: Conversation) -> None:
    # Frames stay bytes: to decode megabytes of base64 into text would be most of what this side does.
    try:
        while True:
            conversation.receive(await socket.recv(decode=False))
    except (WebSocketException, ValueError) as exc:
        conversation.lose(CallError(f"the socket closed: {exc}"))


@cache
def _appends(seconds: float | None) -> list[str]:
    return [_append(piece) for piece in cut(recorded_speech(seconds), _PIECE_MS)]


@cache
def _silent_append() -> str:
    return _append(cut(b"\0", _PIECE_MS)[0])


def _append(pcm: bytes) -> str:
    event = {"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode()}
    return msgspec.json.encode(event).decode()
