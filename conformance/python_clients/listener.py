"""Waits for events, by their types, and keeps them all for the check at the end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

__all__ = ["Fits", "Listener"]

_PATIENCE_SECONDS: Final = 30.0
"""Longest wait for one event: far above what a busy machine needs."""

Fits = Callable[[Any], bool]


def _any(_event: object) -> bool:
    return True


class Listener:
    """The events of one connection, in order."""

    def __init__(self, events: AsyncIterator[Any]) -> None:
        """Listen to `events`, whatever has a `type`; they are read when they are waited for."""
        self._events = events
        self.heard: list[Any] = []

    async def until(self, event_type: str, fits: Fits = _any) -> Any:  # noqa: ANN401 - the SDKs' own classes
        """Return the next event of a type that fits.

        Raises:
            AssertionError: None came in time, or the connection ended before.
        """
        begin = len(self.heard)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                async for event in self._events:
                    self.heard.append(event)
                    if event.type == event_type and fits(event):
                        return event
        except TimeoutError:
            names = [event.type for event in self.heard[begin:]][-12:]
            raise AssertionError(f"no {event_type} within {_PATIENCE_SECONDS:g} s; last: {names}") from None
        raise AssertionError(f"the connection ended before {event_type}")

    async def ever(self, event_type: str, fits: Fits = _any) -> Any:  # noqa: ANN401 - as above
        """Return an event of a type wherever it stands, for those whose place is not fixed."""
        for event in self.heard:
            if event.type == event_type and fits(event):
                return event
        return await self.until(event_type, fits)

    async def spoken_answer(self) -> Any:  # noqa: ANN401 - as above
        """Return the finished response to all that was spoken.

        Whoever listens may take a pause for the end, begin to answer, and be interrupted by the rest; so it is the
        answer to the last turn.
        """
        while (answer := self._spoken_answer()) is None:
            await self.until("response.done")
        return answer

    def _spoken_answer(self) -> Any:  # noqa: ANN401 - as above
        kinds = [event.type for event in self.heard]
        speech = [kind for kind in kinds if kind.startswith("input_audio_buffer.speech_")]
        if "input_audio_buffer.committed" not in kinds or speech[-1] == "input_audio_buffer.speech_started":
            return None
        turn = len(kinds) - 1 - kinds[::-1].index("input_audio_buffer.committed")
        done = next((event for event in self.heard[turn:] if event.type == "response.done"), None)
        return done.response if done and done.response.status == "completed" else None

    async def end(self) -> None:
        """Read until the connection ends, whatever its reason."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            async for event in self._events:
                self.heard.append(event)
