"""The calls that are going on: each has an identifier that its creator gets, and ends in one place.

Errors::

    CallRefusedError
    ├── TooManyCallsError     no further call may begin now
    └── ShuttingDownError     the sandbox stops

and, from those who do the work, `InvalidOfferError` and `WebRTCUnavailableError`.
"""

from dataclasses import dataclass
from typing import Final

import structlog

from limi.kernel.ids import Ids
from limi.protocol import Limits, RealtimeSession, SessionConfig, Transport
from limi.sandbox.config import SandboxConfig
from limi.sandbox.owned_tasks import OwnedTasks
from limi.sandbox.sessions.live_session import Faculties, LiveSession
from limi.sandbox.sessions.open_sessions import OpenSessions
from limi.sandbox.sessions.send_queue import Farewell
from limi.sandbox.transports.peers import MakePeer, Peer
from limi.sandbox.transports.playback import Player
from limi.sandbox.transports.sdp import Offer

__all__ = ["CallRefusedError", "Calls", "OpenedCall", "ShuttingDownError", "TooManyCallsError"]

_log = structlog.get_logger(__name__)

_PREFIX: Final = "rtc_"
_HEX_CHARACTERS: Final = 32
_NORMAL: Final = 1000


class CallRefusedError(Exception):
    """A call that cannot begin now, whatever is offered."""


class TooManyCallsError(CallRefusedError):
    """As many calls or sessions go on as there may be."""

    def __init__(self, limit: int, what: str) -> None:
        super().__init__(f"The sandbox holds {limit} {what} at a time, and all are in use.")
        self.limit = limit


class ShuttingDownError(CallRefusedError):
    """The sandbox stops."""

    def __init__(self) -> None:
        super().__init__("The sandbox is shutting down.")


@dataclass(frozen=True, slots=True)
class OpenedCall:
    """A call that has begun."""

    id: str
    answer: str
    """The SDP answer; the client has `connect_seconds` to come."""


class Calls:
    """Opens calls, finds them and hangs them up; owns the task of each."""

    def __init__(
        self, *, config: SandboxConfig, faculties: Faculties, ids: Ids, sessions: OpenSessions, make_peer: MakePeer
    ) -> None:
        """Make an empty registry.

        Args:
            config: The sandbox's settings.
            faculties: What sessions hear, think and speak with.
            ids: Makes the random part of a call's identifier.
            sessions: All sessions, with whom calls share a limit.
            make_peer: Makes the ends of calls.
        """
        self._config = config
        self._faculties = faculties
        self._ids = ids
        self._sessions = sessions
        self._make_peer = make_peer
        self._calls: dict[str, LiveSession] = {}
        self._tasks = OwnedTasks()

    def __len__(self) -> int:
        return len(self._calls)

    async def open(self, offer: Offer, config: SessionConfig) -> OpenedCall:
        """Begin a call.

        Raises:
            CallRefusedError: Not now.
            InvalidOfferError: The offer cannot be answered.
            WebRTCUnavailableError: Nor can any other.
        """
        self._check_room()
        call_id = _PREFIX + self._ids.hex(_HEX_CHARACTERS)
        player = Player(limit_bytes=self._config.unspoken_bytes)
        live = self._new_session(config, player)
        # Counted in before the first wait, or a burst of offers would all find the last place free.
        self._calls[call_id] = live
        self._sessions.add(live)
        try:
            peer = await self._make_peer(live=live, player=player, faculties=self._faculties, config=self._config)
            answer = await self._answered(peer, offer)
        except BaseException:
            self._forget(call_id, live)
            raise
        live.start()
        self._tasks.start(self._carry(call_id, live, peer), name=f"sandbox {call_id}")
        _log.info("sandbox.call.opened", call_id=call_id)
        return OpenedCall(call_id, answer)

    def find(self, call_id: str) -> LiveSession | None:
        """Return the session of a call that goes on."""
        return self._calls.get(call_id)

    def hang_up(self, call_id: str) -> bool:
        """End a call; False when there is none. It is unknown at once, though its last events may travel yet."""
        live = self._calls.pop(call_id, None)
        if live is None:
            return False
        live.leave(Farewell(_NORMAL, "The call was hung up."))
        return True

    async def close(self) -> None:
        """End what still goes on, without a good-bye; may be called twice."""
        await self._tasks.cancel_all()

    def _check_room(self) -> None:
        if self._sessions.is_stopping:
            raise ShuttingDownError
        if len(self._calls) >= self._config.max_calls:
            raise TooManyCallsError(self._config.max_calls, "calls")
        if self._sessions.is_full:
            raise TooManyCallsError(self._sessions.limit, "sessions")

    def _new_session(self, config: SessionConfig, player: Player) -> LiveSession:
        clock = self._faculties.clock
        session = RealtimeSession(
            config=config,
            new_id=self._faculties.new_id,
            now=clock.monotonic(),
            unix_time=clock.now(),
            transport=Transport.WEBRTC,
            limits=Limits(session_seconds=self._config.session_seconds),
        )
        return LiveSession(session=session, faculties=self._faculties, config=self._config, loudspeaker=player)

    @staticmethod
    async def _answered(peer: Peer, offer: Offer) -> str:
        try:
            return await peer.answer(offer)
        except BaseException:
            await peer.close()
            raise

    async def _carry(self, call_id: str, live: LiveSession, peer: Peer) -> None:
        try:
            await peer.run()
        finally:
            self._forget(call_id, live)
            _log.info("sandbox.call.ended", call_id=call_id)

    def _forget(self, call_id: str, live: LiveSession) -> None:
        self._calls.pop(call_id, None)
        self._sessions.discard(live)
