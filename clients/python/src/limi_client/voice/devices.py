"""The machine's microphone and loudspeaker; needs the extra `mic`.

PortAudio calls back from a thread of its own, so whatever the two sides share is behind a lock or handed over by
the event loop. Use headphones: what the microphone hears of the loudspeaker is taken for the user's words.
"""

import asyncio
import threading
from collections import deque
from typing import Any, Final

from limi_client._errors import MicrophoneError, UnsupportedPlatformError
from limi_client.voice._wav import BYTES_PER_SECOND, RATE

__all__ = ["Microphone", "Speaker"]

_BLOCK_FRAMES: Final = RATE // 20
"""A twentieth of a second: short enough for turn detection, long enough for Python."""
_MOST_BLOCKS: Final = 40
"""Two seconds of sound that nobody took; older sound is of no use in a conversation."""
_SILENCE_SECONDS: Final = 3.0
"""A device that gives nothing for so long is gone: PortAudio does not say when one is pulled out."""


def _sounddevice() -> Any:  # noqa: ANN401 - it ships no types
    try:
        import sounddevice  # noqa: PLC0415 - the extra `mic`
    except ImportError as exc:
        raise _unsupported(
            "Microphones need the sounddevice package", "pip install 'limi-ai-client[mic]'"
        ) from exc
    except OSError as exc:
        raise _unsupported(f"Microphones need PortAudio: {exc}", "apt-get install libportaudio2") from exc
    return sounddevice


def _unsupported(message: str, hint: str) -> UnsupportedPlatformError:
    return UnsupportedPlatformError("unsupported_platform", message=message, hint=hint, final=True)


class Microphone:
    """Sound from a microphone of this machine."""

    def __init__(self, device: int | str | None = None, *, library: Any = None) -> None:  # noqa: ANN401 - as above
        """Open nothing yet.

        Args:
            device: Its number or a part of its name; the system's choice unless given.
            library: In place of sounddevice; for tests.

        Raises:
            UnsupportedPlatformError: The extra `mic` or PortAudio is missing.
        """
        self._device = device
        self._library = library if library is not None else _sounddevice()
        self._blocks: deque[bytes] = deque(maxlen=_MOST_BLOCKS)
        self._arrival = asyncio.Event()
        self._stream: Any = None

    async def open(self) -> None:
        """Begin to listen.

        Raises:
            MicrophoneError: There is no such microphone, or it may not be used.
        """
        loop = asyncio.get_running_loop()

        def heard(data: Any, _frames: int, _time: Any, _status: Any) -> None:  # noqa: ANN401 - PortAudio's
            self._blocks.append(bytes(data))
            loop.call_soon_threadsafe(self._arrival.set)

        try:
            self._stream = self._library.RawInputStream(
                samplerate=RATE,
                blocksize=_BLOCK_FRAMES,
                device=self._device,
                channels=1,
                dtype="int16",
                callback=heard,
            )
            self._stream.start()
        except (self._library.PortAudioError, ValueError) as exc:
            await self.close()
            raise MicrophoneError("microphone_missing", message=f"No microphone could be opened: {exc}") from exc

    async def read(self) -> bytes:
        """Return what was heard since.

        Raises:
            MicrophoneError: The device is gone.
        """
        while not self._blocks:
            self._arrival.clear()
            try:
                await asyncio.wait_for(self._arrival.wait(), _SILENCE_SECONDS)
            except asyncio.TimeoutError:
                raise MicrophoneError("microphone_missing", message="The microphone is gone") from None
        heard = b"".join(self._blocks)
        self._blocks.clear()
        return heard

    async def close(self) -> None:
        """Stop listening; may be called twice."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.abort()
            stream.close()
        self._blocks.clear()


class Speaker:
    """Sound to a loudspeaker of this machine."""

    def __init__(self, device: int | str | None = None, *, library: Any = None) -> None:  # noqa: ANN401 - as above
        """Open nothing yet; see `Microphone`."""
        self._device = device
        self._library = library if library is not None else _sounddevice()
        self._lock = threading.Lock()
        self._waiting: deque[tuple[str, memoryview]] = deque()
        self._played: dict[str, int] = {}
        self._stream: Any = None

    def open(self) -> None:
        """Begin to play.

        Raises:
            UnsupportedPlatformError: There is no loudspeaker.
        """
        if self._stream is not None:
            return
        try:
            self._stream = self._library.RawOutputStream(
                samplerate=RATE, device=self._device, channels=1, dtype="int16", callback=self._fill
            )
            self._stream.start()
        except (self._library.PortAudioError, ValueError) as exc:
            self.close()
            raise _unsupported(f"No loudspeaker could be opened: {exc}", "Plug one in") from exc

    def play(self, item_id: str, pcm: bytes) -> None:
        """Play a piece of an answer after what is waiting already."""
        with self._lock:
            if item_id not in self._played:
                # Only the answers that may still be interrupted are of interest.
                self._played = {item_id: 0, **{known: self._played[known] for known, _ in self._waiting}}
            self._waiting.append((item_id, memoryview(pcm)))

    def clear(self) -> None:
        """Forget what is waiting."""
        with self._lock:
            self._waiting.clear()

    def played_seconds(self, item_id: str) -> float:
        """Return how much of an answer was handed to the device."""
        with self._lock:
            return self._played.get(item_id, 0) / BYTES_PER_SECOND

    def close(self) -> None:
        """Stop; may be called twice."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.abort()
            stream.close()
        self.clear()

    def _fill(self, out: Any, _frames: int, _time: Any, _status: Any) -> None:  # noqa: ANN401 - PortAudio's
        room, filled = len(out), 0
        with self._lock:
            while filled < room and self._waiting:
                item_id, pcm = self._waiting.popleft()
                taken = pcm[: room - filled]
                out[filled : filled + len(taken)] = taken
                filled += len(taken)
                self._played[item_id] = self._played.get(item_id, 0) + len(taken)
                if len(taken) < len(pcm):
                    self._waiting.appendleft((item_id, pcm[len(taken) :]))
        out[filled:] = bytes(room - filled)
