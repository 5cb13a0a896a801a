"""A voice conversation for programs without `await`: the same one, in an event loop of its own in a thread."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from types import TracebackType
from typing import IO, Any, Protocol, TypeVar

from limi_client._models import Capability, EphemeralKey
from limi_client.voice._answer import Answer
from limi_client.voice._events import TranscriptEntry, VoiceEvent, VoiceState
from limi_client.voice._options import VoiceOptions
from limi_client.voice._session import VoiceSession

__all__ = ["BlockingVoiceSession"]

_T = TypeVar("_T")


class BlockingBackend(Protocol):
    """Who mints keys and takes reports, without `await`; `LimiAIClient` is one."""

    @property
    def origin(self) -> str:
        """What links to the pages of errors begin with."""

    def generate_ephemeral_key(
        self,
        *,
        model: str | None = None,
        session_id: str | None = None,
        capabilities: Sequence[Capability] | None = None,
        profile: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> EphemeralKey:
        """Mint a key."""

    def report_events(self, events: Sequence[Mapping[str, object]]) -> int:
        """Send reports."""


class BlockingVoiceSession:
    """A `VoiceSession` whose methods wait for themselves; sound and events go on meanwhile.

    Example:
        with client.create_voice_session() as voice:
            voice.send_wav("hello.wav")
            print(voice.next_answer().text)
    """

    def __init__(self, backend: BlockingBackend, options: VoiceOptions | None = None, **parts: Any) -> None:  # noqa: ANN401 - those of VoiceSession
        """Open nothing yet; see `VoiceSession`."""
        self._voice = VoiceSession(_Threaded(backend), options, **parts)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"BlockingVoiceSession({self.state.status!r})"

    @property
    def state(self) -> VoiceState:
        """How the conversation stands."""
        return self._voice.state

    @property
    def transcript(self) -> tuple[TranscriptEntry, ...]:
        """What both sides said so far, across reconnects."""
        return self._voice.transcript

    @property
    def levels(self) -> tuple[float, float]:
        """How loud the user and the assistant are, each from 0 to 1."""
        return self._voice.levels

    def __enter__(self) -> "BlockingVoiceSession":
        """Connect."""
        try:
            self.connect()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()

    def __iter__(self) -> Iterator[VoiceEvent]:
        """Yield this conversation's events: those that nobody has read yet, and all that come."""
        while (event := self._wait(_next(self._voice))) is not None:
            yield event

    def connect(self) -> None:
        """As `VoiceSession.connect`."""
        if self._closed:
            raise RuntimeError("this conversation was closed; create another one")
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = Thread(target=self._run, args=(self._loop,), name="limi voice", daemon=True)
            self._thread.start()
        self._wait(self._voice.connect())

    def close(self) -> None:
        """As `VoiceSession.close`; ends the thread as well."""
        self._closed = True
        if self._loop is None or self._thread is None:
            return
        try:
            self._wait(self._voice.close())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop = self._thread = None

    def mute(self, on: bool = True) -> None:  # noqa: FBT001, FBT002 - a switch
        """As `VoiceSession.mute`."""
        self._voice.mute(on)

    def send_text(self, text: str) -> None:
        """As `VoiceSession.send_text`."""
        self._wait(self._voice.send_text(text))

    def send_audio(self, pcm: bytes) -> None:
        """As `VoiceSession.send_audio`."""
        self._wait(self._voice.send_audio(pcm))

    def send_wav(self, source: str | os.PathLike[str] | bytes | IO[bytes], *, speed: float = 1.0) -> None:
        """As `VoiceSession.send_wav`."""
        self._wait(self._voice.send_wav(source, speed=speed))

    def next_answer(
        self, *, timeout: float | None = None, on_event: Callable[[VoiceEvent], None] | None = None
    ) -> Answer:
        """As `VoiceSession.next_answer`; `on_event` is called in the conversation's thread."""
        return self._wait(self._voice.next_answer(timeout=timeout, on_event=on_event))

    def interrupt(self) -> None:
        """As `VoiceSession.interrupt`."""
        self._wait(self._voice.interrupt())

    def send_event(self, event: Mapping[str, Any]) -> bool:
        """As `VoiceSession.send_event`."""
        return self._wait(self._voice.send_event(event))

    @staticmethod
    def _run(loop: asyncio.AbstractEventLoop) -> None:
        # An executor of its own, which can be let go without waiting for a mint that hangs.
        with_threads = ThreadPoolExecutor(thread_name_prefix="limi voice")
        loop.set_default_executor(with_threads)
        try:
            loop.run_forever()
        finally:
            with_threads.shutdown(wait=False, cancel_futures=True)
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()

    def _wait(self, work: Coroutine[Any, Any, _T]) -> _T:
        if self._loop is None:
            work.close()
            raise RuntimeError("this conversation is not open; call connect() first")
        waiting = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return waiting.result()
        except BaseException:
            # Ctrl-C in the caller's thread must not leave the work running in the other.
            waiting.cancel()
            raise


class _Threaded:
    """A blocking client as the conversation wants it."""

    def __init__(self, backend: BlockingBackend) -> None:
        self._backend = backend

    @property
    def origin(self) -> str:
        return self._backend.origin

    async def generate_ephemeral_key(self, **members: Any) -> EphemeralKey:  # noqa: ANN401 - those of VoiceBackend
        return await asyncio.to_thread(self._backend.generate_ephemeral_key, **members)

    async def report_events(self, events: Sequence[Mapping[str, object]]) -> int:
        return await asyncio.to_thread(self._backend.report_events, events)


async def _next(voice: VoiceSession) -> VoiceEvent | None:
    # StopAsyncIteration cannot be handed over by a future.
    async for event in voice:
        return event
    return None
