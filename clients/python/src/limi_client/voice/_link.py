"""One session with the realtime server, from its first event to its last."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from limi_client._errors import EphemeralKeyError, SessionEndedError, VoiceConnectionError
from limi_client._models import EphemeralKey
from limi_client.voice._machine_words import Input
from limi_client.voice._realtime import ConnectionLost, RealtimeConnection, RealtimeConnector
from limi_client.voice._verdicts import verdict_of

__all__ = ["Link"]


class Link:
    """A session that is opened once, read once and closed."""

    def __init__(self, *, connector: RealtimeConnector) -> None:
        """Open nothing yet; how long that may take is for the state machine's timer to say."""
        self._connector = connector
        self._connection: RealtimeConnection | None = None
        self.ending = Input("lost", code="network_error")
        """How it ended, once `events` has."""

    async def open(self, key: EphemeralKey, *, origin: str) -> Mapping[str, Any]:
        """Connect and return the session's first event.

        Raises:
            VoiceError: There is no session to be had.
        """
        self._connection = await self._connector(key, origin=origin)
        try:
            first = await self._connection.receive()
        except ConnectionLost as exc:
            message = f"The realtime server hung up at once ({exc})"
            raise VoiceConnectionError("network_error", message=message, origin=origin) from None
        verdict = verdict_of(first)
        if verdict is None:
            return first
        if verdict.kind == "ended":
            raise SessionEndedError(verdict.reason, origin=origin)
        if verdict.code == "token_expired":
            raise EphemeralKeyError("token_expired", origin=origin)
        raise VoiceConnectionError(verdict.code, message=verdict.reason, origin=origin)

    async def events(self) -> AsyncIterator[Mapping[str, Any]]:
        """Yield what comes after the first event, until the session is over."""
        assert self._connection is not None  # noqa: S101 - it is opened first
        while True:
            try:
                event = await self._connection.receive()
            except ConnectionLost:
                return
            verdict = verdict_of(event)
            if verdict is None:
                yield event
            elif verdict.kind == "ended":
                self.ending = Input("ended", reason=verdict.reason)
                return
            else:
                self.ending = Input("lost", code=verdict.code)
                return

    async def send(self, event: Mapping[str, Any]) -> bool:
        """Send a client event; return False where the connection is gone, which `events` notices as well."""
        if self._connection is None:
            return False
        try:
            await self._connection.send(event)
        except ConnectionLost:
            return False
        return True

    async def close(self) -> None:
        """Close the connection; may be called twice."""
        if self._connection is not None:
            await self._connection.close()
