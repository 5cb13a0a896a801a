"""What one session's user said: each utterance is written down once, however often it is asked for.

The transcript that the client gets and the words that the brain answers are the same ones by that, recognition is
paid for once, and whoever counts utterances counts each of them once.
"""

import asyncio
from typing import Final

from limi.sandbox.owned_tasks import OwnedTasks
from limi.sandbox.speech import PerSession, Recogniser, SpeechError

__all__ = ["Hearing"]

_REMEMBERED: Final = 2_000
"""As many as a conversation may have items; text is small beside the audio that the items hold."""


class Hearing:
    """The ears of one session for words; its tasks belong to the session."""

    def __init__(self, *, recogniser: Recogniser, tasks: OwnedTasks) -> None:
        """Make ears that have heard nothing.

        Args:
            recogniser: Writes down what is said.
            tasks: Own the work, so that one listener who gives up does not take it from another.
        """
        self._recogniser = recogniser.for_session() if isinstance(recogniser, PerSession) else recogniser
        self._tasks = tasks
        self._written: dict[tuple[str, int], asyncio.Future[str]] = {}
        """By item and length: a client may delete an item and use its identifier for another."""

    async def words_of(self, item_id: str, audio: bytes, encoding: str) -> str:
        """Return what is said in the audio of an item; see `Recogniser.recognise`.

        Raises:
            SpeechError: When the recogniser fails; the next who asks makes it try again.
        """
        future = self._written.get((item_id, len(audio)))
        if future is None or (future.done() and (future.cancelled() or future.exception() is not None)):
            future = self._begin(item_id, audio, encoding)
        return await asyncio.shield(future)

    def _begin(self, item_id: str, audio: bytes, encoding: str) -> asyncio.Future[str]:
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        # An error is for those who wait; when all of them have gone, nobody needs to be told.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        while len(self._written) >= _REMEMBERED:
            del self._written[next(iter(self._written))]
        self._written[item_id, len(audio)] = future
        work = self._tasks.start(self._write(future, audio, encoding), name="sandbox recognition")
        # Work that is cancelled may never have begun; those who wait must not wait for ever.
        work.add_done_callback(lambda _: future.cancel())
        return future

    async def _write(self, future: asyncio.Future[str], audio: bytes, encoding: str) -> None:
        try:
            future.set_result(await self._recogniser.recognise(audio, encoding))
        except SpeechError as error:
            future.set_exception(error)
        except Exception:
            # The task reports what it was; those who wait do not see the inside of it.
            future.set_exception(SpeechError("the recogniser had an error"))
            raise
